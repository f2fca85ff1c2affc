from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import Catalog, Interactions, NotFittedError, Sequences, fold, plain_what_if, state_after
from lernpfad.core.laws import check_tracer
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.tracing import bkt as module
from lernpfad.tracing.bkt import BKT

NAMES = ("prior", "learn", "guess", "slip", "forget")


def with_parameters(catalog: Catalog, **columns: list[float]) -> BKT:
    """A BKT that was told its parameters instead of fitting them."""
    model = BKT()
    for name in NAMES:
        setattr(model, f"{name}_", np.asarray(columns.get(name, np.zeros(len(catalog.skills))), dtype=float))
    model.pooled_ = np.array([0.5, 0.1, 0.2, 0.1, 0.0])
    model.item_skills_, model.assessed_ = catalog.item_skills, catalog.assessed
    return model


def seen(item: list[int], outcome: list[int]) -> Interactions:
    count = len(item)
    return Interactions(
        np.array(item), np.array(outcome), np.ones(count, dtype=bool), np.ones(count), np.arange(count, dtype=float)
    )


def simulated(truth: np.ndarray, *, learners: int, length: int, seed: int) -> Sequences:
    """Answers of learners who practise every skill `length` times, drawn from BKT's own assumptions."""
    rng, skills = np.random.default_rng(seed), len(truth)
    prior, learn, guess, slip, forget = truth.T
    known = rng.random((learners, skills)) < prior
    outcome = np.empty((learners, length, skills), dtype=int)
    for t in range(length):
        outcome[:, t] = rng.random((learners, skills)) < np.where(known, 1 - slip, guess)
        known = np.where(known, rng.random(known.shape) >= forget, rng.random(known.shape) < learn)
    catalog = Catalog.of([str(k) for k in range(skills)], [str(k) for k in range(skills)], [[k] for k in range(skills)])
    item = np.tile(np.arange(skills), learners * length)
    lengths = np.full(learners, length * skills)
    return Sequences.of(catalog, [str(j) for j in range(learners)], lengths, item, outcome.reshape(-1))


@pytest.mark.parametrize("forgets", [False, True])
def test_bkt_keeps_the_laws(forgets: bool) -> None:
    check_tracer(lambda: BKT(forgets=forgets))


def test_posterior_by_hand(catalog: Catalog) -> None:
    """Prior .4, learn .1, guess .2, slip .1. After a correct answer .36/.48 = .75 are known, then .75 + .25 * .1."""
    model = with_parameters(catalog, prior=[0.4] * 3, learn=[0.1] * 3, guess=[0.2] * 3, slip=[0.1] * 3)
    start = model.start(3)
    np.testing.assert_allclose(model.mastery(start, np.zeros(3))[0], 0.4 * 0.9 + 0.6 * 0.2)
    after = model.update(start, seen([0, 0, 0], [1, 0, -1]))
    wrong = 0.4 * 0.1 / (0.4 * 0.1 + 0.6 * 0.8)
    np.testing.assert_allclose(after[:, 0], [0.775, wrong + (1 - wrong) * 0.1, 0.4 + 0.6 * 0.1])
    np.testing.assert_allclose(after[:, 1:], 0.4)
    np.testing.assert_allclose(
        model.predict(after, np.array([[0], [0], [0]]), np.zeros(3))[0], 0.775 * 0.9 + 0.225 * 0.2
    )


def test_forgetting_by_hand(catalog: Catalog) -> None:
    model = with_parameters(
        catalog, prior=[0.4] * 3, learn=[0.1] * 3, guess=[0.2] * 3, slip=[0.1] * 3, forget=[0.2] * 3
    )
    after = model.update(model.start(1), seen([0], [1]))
    np.testing.assert_allclose(after[0, 0], 0.75 * 0.8 + 0.25 * 0.1)


def test_several_skills_are_averaged_and_each_updated_once(catalog: Catalog) -> None:
    """Item 2 trains skills 0 and 1; each skill takes the answer as if it were its own."""
    model = with_parameters(
        catalog, prior=[0.4, 0.8, 0.5], learn=[0.1, 0.2, 0.3], guess=[0.2, 0.3, 0.1], slip=[0.1, 0.05, 0.1]
    )
    start = model.start(1)
    mastery = model.mastery(start, np.zeros(1))
    np.testing.assert_allclose(model.predict(start, np.array([[2]]), np.zeros(1)), mastery[:, :2].mean(keepdims=True))
    after = model.update(start, seen([2], [1]))
    one = 0.4 * 0.9 / mastery[0, 0]
    other = 0.8 * 0.95 / mastery[0, 1]
    np.testing.assert_allclose(after[0], [one + (1 - one) * 0.1, other + (1 - other) * 0.2, 0.5])


def test_items_without_skills_and_unknown_ones_get_the_pooled_prior(catalog: Catalog) -> None:
    model = with_parameters(catalog, prior=[0.4] * 3, learn=[0.1] * 3, guess=[0.2] * 3, slip=[0.1] * 3)
    start = model.start(2)
    np.testing.assert_allclose(model.predict(start, np.array([[4, -1], [-1, 4]]), np.zeros(2)), 0.5 * 0.9 + 0.5 * 0.2)
    np.testing.assert_array_equal(model.update(start, seen([4, -1], [1, 0])), start)


def test_recovers_planted_parameters() -> None:
    truth = np.array([[0.2, 0.15, 0.15, 0.1, 0.0], [0.5, 0.05, 0.25, 0.05, 0.0], [0.1, 0.3, 0.1, 0.2, 0.0]])
    model = BKT(forgets=False, tolerance=1e-4).fit(simulated(truth, learners=4000, length=12, seed=0))
    found = np.stack([getattr(model, f"{name}_") for name in NAMES], axis=1)
    np.testing.assert_allclose(found, truth, atol=0.05)


def test_recovers_planted_forgetting() -> None:
    truth = np.array([[0.3, 0.2, 0.1, 0.1, 0.1], [0.6, 0.1, 0.2, 0.05, 0.03]])
    model = BKT(tolerance=1e-4).fit(simulated(truth, learners=4000, length=20, seed=1))
    found = np.stack([getattr(model, f"{name}_") for name in NAMES], axis=1)
    np.testing.assert_allclose(found, truth, atol=0.05)


def test_guess_and_slip_stay_below_half_where_answers_get_worse() -> None:
    """Answers that fall from right to wrong: without the cap, mastery would lower success."""
    catalog = Catalog.of(["a"], ["x"], [[0]])
    outcome = np.tile([1, 1, 0, 0, 0], 50)
    model = BKT().fit(Sequences.of(catalog, [str(j) for j in range(50)], [5] * 50, np.zeros(250, int), outcome))
    assert model.guess_[0] <= 0.5
    assert model.slip_[0] <= 0.5


def test_a_skill_never_practised_gets_the_pooled_parameters() -> None:
    catalog = Catalog.of(["a", "b"], ["x", "y"], [[0], [1]])
    logs = Sequences.of(catalog, ["one", "two"], [3, 3], np.zeros(6, int), np.array([0, 1, 1, 0, 0, 1]))
    model = BKT().fit(logs)
    found = [getattr(model, f"{name}_")[1] for name in NAMES]
    np.testing.assert_allclose(found, model.pooled_)


def test_likelihood_never_falls_within_a_run(planted: PlantedAnswers) -> None:
    """EM climbs: with one start there are three runs (pooled, warm-up, to the end), and no other step down."""
    losses: list[float] = []
    model = BKT(starts=1, tolerance=1e-3)
    model.listeners.append(lambda step, metrics: losses.append(metrics["train/loss"]))
    model.fit(planted.train)
    assert len(losses) > 10
    assert (np.diff(losses) > 1e-9).sum() <= 2


def test_trace_without_numba_is_the_same(planted: PlantedAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    model = BKT().fit(planted.train)
    compiled = model.trace(planted.probe)
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    np.testing.assert_allclose(model.trace(planted.probe), compiled, rtol=0, atol=1e-12)
    np.testing.assert_allclose(fold(model, planted.probe)[1], compiled, rtol=0, atol=1e-12)


def test_what_if_is_what_update_and_mastery_say(planted: PlantedAnswers) -> None:
    model = BKT().fit(planted.train)
    state = state_after(model, planted.probe)
    learners = len(state)
    items = np.tile(np.append(np.arange(len(planted.catalog)), -1), (learners, 1))
    plain = plain_what_if(model, state, items, np.zeros(learners), catalog=planted.catalog)
    np.testing.assert_allclose(model.what_if(state, items, np.zeros(learners)), plain, rtol=0, atol=1e-12)


def test_asked_before_the_fit(catalog: Catalog) -> None:
    with pytest.raises(NotFittedError, match=r"call BKT\.fit"):
        BKT().start(1)


@pytest.mark.real_data
def test_assistments09_in_under_two_seconds(real_data: Path) -> None:
    from time import process_time

    from lernpfad.data.sources import jedm

    logs = jedm.read(real_data / "jedm_assistments09").sequences
    BKT().fit(logs.select(slice(0, 5)))  # compiles
    begin = process_time()
    BKT().fit(logs)
    assert process_time() - begin < 2.0
