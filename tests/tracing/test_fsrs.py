from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import Catalog, ConfigError, Interactions, NotFittedError, Sequences, fold, memory, state_after
from lernpfad.core.laws import check_tracer
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.tracing.fsrs import FSRS
from lernpfad.tracing.fsrs_fit import FREE, Logistic, Recall
from lernpfad.tracing.memory import DAY

CARD = Catalog.of(["card"], [], [()])


def cards(**settings: object) -> FSRS:
    """FSRS as py-fsrs has it."""
    return FSRS(of="items", weights="default", success="recall", whole_days=True, **settings)


def answered(*rows: tuple[int, float], item: int = 0, catalog: Catalog = CARD) -> Sequences:
    """One learner's answers (outcome, day) on one item."""
    outcome, day = (np.array(column) for column in zip(*rows, strict=True))
    return Sequences.of(catalog, ["a"], [len(rows)], np.full(len(rows), item), outcome, time=day * DAY)


def test_a_card_by_hand() -> None:
    """Good on day 0: S is 2.3065. After 7 days R = (1 + .980346 * 7 / 2.3065)^-.1542 = .8083. Good again: S 21.411391.

    After 30 more R = (1 + .980346 * 30 / 21.411391)^-.1542 = 2.373588^-.1542 = .8752.

    Wrong then: S is 1.4835 D^-.0614 (22.411391^.2629 - 1) e^(1.6483 (1 - R)) = 2.2015, with D = 2.111214.
    """
    model = cards().fit(answered((1, 0)))
    state = state_after(model, answered((1, 0)))
    assert state.memory[0, 0].tolist() == pytest.approx([2.3065, 2.118104], abs=1e-6)
    ask = np.array([[0]])
    assert model.predict(state, ask, np.array([7 * DAY]))[0, 0] == pytest.approx(0.8083, abs=5e-5)
    state = state_after(model, answered((1, 0), (1, 7)))
    assert state.memory[0, 0, 0] == pytest.approx(21.411391, abs=2e-5)
    assert model.predict(state, ask, np.array([37 * DAY]))[0, 0] == pytest.approx(0.8752, abs=5e-5)
    assert model.predict(state, ask, np.array([37.9 * DAY]))[0, 0] == pytest.approx(0.8752, abs=5e-5)
    assert state_after(model, answered((1, 0), (1, 7), (0, 37))).memory[0, 0, 0] == pytest.approx(2.2015, abs=1e-4)


def test_a_new_card_gets_the_share_of_first_answers() -> None:
    """Nobody has seen card b: the share of all first answers, 2 of 3 on a, each drawn by a prior."""
    catalog = Catalog.of(["a", "b"], [], [(), ()])
    logs = Sequences.of(catalog, ["x", "y", "z"], [2, 1, 1], np.zeros(4, int), np.array([1, 0, 1, 0]))
    model = cards().fit(logs)
    overall = 2 / 3
    said = model.predict(model.start(1), np.array([[0, 1, -1]]), np.zeros(1))[0]
    np.testing.assert_allclose(said, [(2 + 5 * overall) / (3 + 5), overall, 3 / 5])


def test_the_gradient_is_that_of_the_loss(planted: PlantedAnswers) -> None:
    rng, train = np.random.default_rng(0), planted.train.select(slice(0, 25))
    pairs = FSRS(max_iterations=1).fit(train)._pairs(train)
    pairs = pairs._replace(days=pairs.days * np.exp(rng.normal(0, 2, len(pairs.days))))
    common = (pairs, train.item, train.outcome, train.assessed, True, 1.0)
    for one in (Recall(*common), Logistic(*common, units=5, items=24, free_units=True)):
        x = one.start()
        low, high = (np.array([bound[side] for bound in one.bounds()], dtype=float) for side in (0, 1))
        x = np.fmin(np.fmax(x + rng.normal(0, 0.05, len(x)) * np.maximum(np.abs(x), 0.3), low), high)
        steps = 1e-6 * np.eye(len(x))
        slope = [(one(x + step)[0] - one(x - step)[0]) / 2e-6 for step in steps]
        np.testing.assert_allclose(one(x)[1], slope, rtol=1e-5, atol=1e-5)


def planted_memories(w: np.ndarray, *, learners: int, seed: int) -> Sequences:
    """Recalls of one card after growing gaps, drawn from FSRS with the weights `w`; first answers are coin flips."""
    rng, length = np.random.default_rng(seed), 12
    days = np.concatenate([np.zeros((learners, 1)), 1.0 + rng.geometric(0.1, (learners, length - 1))], axis=1)
    outcome, s, d = np.empty((learners, length), dtype=int), np.ones(learners), np.ones(learners)
    for t in range(length):
        p = memory.retrievability(days[:, t], s, w) if t else np.full(learners, 0.5)
        outcome[:, t] = rng.random(learners) < p
        rating = np.where(outcome[:, t] == 1, memory.GOOD, memory.AGAIN)
        if t == 0:
            s, d = memory.first_stability(rating, w), memory.first_difficulty(rating, w)
        else:
            s, d = (
                memory.next_stability(s, d, days=days[:, t], rating=rating, w=w),
                memory.next_difficulty(d, rating, w),
            )
    time = np.cumsum(days, axis=1) * DAY
    names = [str(j) for j in range(learners)]
    return Sequences.of(CARD, names, [length] * learners, np.zeros(time.size, int), outcome.ravel(), time=time.ravel())


def test_recovers_planted_weights() -> None:
    truth = np.array(memory.W)
    truth[[0, 2, 8, 20]] = [1.0, 8.0, 1.2, 0.35]
    model = FSRS(of="items", success="recall", whole_days=True, penalty=0.1, max_iterations=200)
    model.fit(planted_memories(truth, learners=1500, seed=0))
    np.testing.assert_allclose(model.w_[[0, 2, 20]], truth[[0, 2, 20]], rtol=0.25)
    test = planted_memories(truth, learners=300, seed=1)
    later = test.position > 0
    true = FSRS(of="items", success="recall", weights="default", whole_days=True).fit(test)
    default = true.trace(test)[later]
    true.w_ = truth
    far, near = (np.abs(said - true.trace(test)[later]).mean() for said in (default, model.trace(test)[later]))
    assert near < 0.01 < 0.025 < far
    assert set(np.flatnonzero(model.w_ != np.array(memory.W))) <= set(FREE)


@pytest.mark.parametrize("of", ["skills", "items"])
@pytest.mark.parametrize("success", ["recall", "logistic"])
def test_mastery_never_rises_by_itself(planted: PlantedAnswers, of: str, success: str) -> None:
    model = FSRS(of=of, success=success).fit(planted.train)
    state = state_after(model, planted.probe)
    last = np.full(len(planted.probe.learners), planted.probe.time.max())
    known = np.stack([model.mastery(state, last + days * DAY) for days in (0.0, 0.5, 3, 40)])
    assert (np.diff(known, axis=0) <= 1e-12).all()
    if success == "recall":
        assert known[0].mean() > known[-1].mean()


@pytest.mark.parametrize("settings", [{"of": "items"}, {"weights": "default", "whole_days": True}], ids=str)
def test_keeps_the_laws_with_other_settings(settings: dict[str, object]) -> None:
    check_tracer(lambda: FSRS(**settings))


def test_an_answer_on_the_same_day_is_all_but_sure() -> None:
    model = cards().fit(answered((1, 0), (0, 5)))
    assert model.trace(answered((1, 0), (1, 0.01)))[1] > 0.9999


@pytest.mark.parametrize("of", ["skills", "items"])
@pytest.mark.parametrize("whole", [True, False])
def test_trace_is_the_fold(planted: PlantedAnswers, of: str, whole: bool) -> None:
    model = FSRS(of=of, whole_days=whole).fit(planted.train)
    np.testing.assert_allclose(model.trace(planted.probe), fold(model, planted.probe)[1], rtol=0, atol=1e-12)


def test_several_skills_each_take_the_answer_and_a_text_none(catalog: Catalog) -> None:
    logs = Sequences.of(catalog, ["a"], [3], np.array([0, 2, 0]), np.array([1, 0, 1]))
    model, one = FSRS().fit(logs), np.ones(1)
    state = model.start(1)
    for item, outcome in ((2, 1), (3, -1), (4, 1), (-1, 0)):
        state = model.update(state, Interactions(np.array([item]), np.array([outcome]), one > 0, one, one))
    assert np.isfinite(state.last[0]).tolist() == [True, True, False]


def test_nothing_to_learn_from_is_no_error(catalog: Catalog) -> None:
    logs = Sequences.of(catalog, ["a"], [1], np.array([3]), np.array([-1]))
    for success in ("recall", "logistic"):
        model = FSRS(success=success).fit(logs)
        assert 0 < model.trace(logs)[0] < 1


def test_bad_settings_and_asked_too_early() -> None:
    with pytest.raises(ConfigError, match="FSRS: success='logit'; expected 'logistic' or 'recall'"):
        FSRS(success="logit")
    with pytest.raises(ConfigError, match="FSRS: weights='mine'; expected 'fitted' or 'default'"):
        FSRS(weights="mine")
    with pytest.raises(ConfigError, match=r"FSRS: penalty=1\.0, max_iterations=0; expected both above 0"):
        FSRS(max_iterations=0)
    with pytest.raises(NotFittedError, match=r"call FSRS\.fit"):
        FSRS().start(1)


@pytest.mark.real_data
def test_default_weights_say_of_a_real_log_what_py_fsrs_says(real_data: Path) -> None:
    """5,329 reviews a day or more after the card's last: log loss .4587, AUC .7139, RMSE .3802; fitted, it is lower."""
    from lernpfad.data.sources import fsrs
    from lernpfad.evaluate.metrics import tracing_metrics

    logs = fsrs.read(real_data / "fsrs_josh").sequences
    model = cards().fit(logs)
    pairs = model._pairs(logs)
    later = np.zeros(len(logs), dtype=bool)
    later[pairs.row] = (pairs.earlier >= 0) & (pairs.days >= 1)
    found = tracing_metrics(model.trace(logs)[later], logs.outcome[later])
    assert later.sum() == 5_329
    assert [round(found[name], 4) for name in ("log_loss", "auc", "rmse")] == [0.4587, 0.7139, 0.3802]
    fitted = FSRS(of="items", success="recall", whole_days=True).fit(logs)
    assert tracing_metrics(fitted.trace(logs)[later], logs.outcome[later])["log_loss"] < 0.44
