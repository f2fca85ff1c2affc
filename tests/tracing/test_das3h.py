import numpy as np
import pytest

from lernpfad.core import (
    Catalog,
    ConfigError,
    Interactions,
    NotFittedError,
    Sequences,
    fold,
    plain_what_if,
    state_after,
)
from lernpfad.core.laws import check_tracer
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.tracing.das3h import COLUMNS, DAS3H

HOUR, DAY = 3600.0, 86_400.0


def told(catalog: Catalog, weights: list[float], *, kept: int = 500) -> DAS3H:
    """A DAS3H that was told its weights: those of the counts are the same for every skill."""
    model, skills = DAS3H(kept=kept), len(catalog.skills)
    model.bias_, model.item_weight_ = np.array([0.1]), np.arange(len(catalog)) / 10
    model.skill_weight_, model.count_weight_ = np.array([0.2, -0.3, 0.0])[:skills], np.tile(weights, (skills, 1))
    model.typical_item_ = np.zeros(skills)
    model.item_skills_, model.assessed_ = catalog.item_skills, catalog.assessed
    return model


def answers(catalog: Catalog, *rows: tuple[int, int, float]) -> Sequences:
    """One learner's rows (item, outcome, time)."""
    item, outcome, time = (np.array(column) for column in zip(*rows, strict=True))
    return Sequences.of(catalog, ["a"], [len(rows)], item, outcome, time=time.astype(float))


def test_counts_and_log_odds_by_hand(catalog: Catalog) -> None:
    """Right, wrong after two hours, right on day 3; asked half an hour after that, and 8 days later."""
    weights = [0.1, 0.2, 0.3, 0.4, -0.1, 0.5, -0.2, 0.6, -0.3, 0.7]  # attempts and wins: hour, day, week, month, all
    model = told(catalog, weights)
    state = state_after(model, answers(catalog, (0, 1, 0), (1, 0, 2 * HOUR), (0, 1, 3 * DAY)))
    soon, late = np.array([3 * DAY + HOUR / 2]), np.array([11 * DAY])
    assert model._now(state, soon)[0, 0].tolist() == [1, 1, 1, 1, 3, 2, 3, 2, 3, 2]
    assert model._now(state, late)[0, 0].tolist() == [0, 0, 0, 0, 0, 0, 3, 2, 3, 2]
    assert not model._now(state, soon)[0, 1:].any()
    two, three, four = np.log([2, 3, 4])
    of_counts = 0.1 * two + 0.2 * two + 0.3 * two + 0.4 * two + (-0.1 - 0.2 - 0.3) * four + (0.5 + 0.6 + 0.7) * three
    one, several = 0.1 + 0.1 + 0.2 + of_counts, 0.1 + 0.2 + 0.2 + of_counts - 0.3  # item 2 has skills 0 and 1: summed
    said = model.predict(state, np.array([[1, 2]]), soon)[0]
    np.testing.assert_allclose(np.log(said / (1 - said)), [one, several])


def test_an_answer_leaves_a_window_after_its_length(catalog: Catalog) -> None:
    model = told(catalog, [0.0] * COLUMNS)
    state = state_after(model, answers(catalog, (0, 1, 0)))
    inside, outside = (model._now(state, np.array([at]))[0, 0, :2].tolist() for at in (HOUR - 0.5, HOUR))
    assert (inside, outside) == ([1, 1], [0, 0])


def test_only_the_last_answers_are_in_windows(catalog: Catalog) -> None:
    """Two are kept: of three answers within a minute the first is in the longest window alone."""
    model = told(catalog, [0.0] * COLUMNS, kept=2)
    logs = answers(catalog, (0, 1, 0), (0, 1, 20), (3, -1, 30), (0, 0, 40), (0, 1, 60))
    counts = model._now(state_after(model, logs), np.array([61.0]))[0, 0]
    assert counts.tolist() == [2, 1] * 4 + [4, 3]


@pytest.mark.parametrize("kept", [1, 7, 500])
def test_trace_is_the_fold_also_where_answers_are_dropped(planted: PlantedAnswers, kept: int) -> None:
    model = DAS3H(kept=kept).fit(planted.train)
    np.testing.assert_allclose(model.trace(planted.probe), fold(model, planted.probe)[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("kept", [5, 500])
def test_what_if_is_what_update_and_mastery_say(planted: PlantedAnswers, kept: int) -> None:
    model = DAS3H(kept=kept).fit(planted.train)
    state = state_after(model, planted.probe)
    learners = len(planted.probe.learners)
    items = np.tile(np.append(np.arange(len(planted.catalog)), -1), (learners, 1))
    at = np.full(learners, planted.probe.time.max() + HOUR)
    plain = plain_what_if(model, state, items, at, catalog=planted.catalog)
    np.testing.assert_allclose(model.what_if(state, items, at), plain, rtol=0, atol=1e-12)


def test_finds_that_only_the_last_day_helps() -> None:
    """Success is .85 within a day of the last answer, else .35: the windows show it, and mastery falls with time."""
    rng = np.random.default_rng(0)
    catalog, learners, length = Catalog.of(["a"], ["x"], [[0]]), 300, 30
    gaps = np.where(rng.random((learners, length)) < 0.5, 600.0, 5 * DAY)
    gaps[:, 0] = 0
    time = np.cumsum(gaps, axis=1)
    outcome = rng.random((learners, length)) < np.where(gaps == 600.0, 0.85, 0.35)
    names = [str(j) for j in range(learners)]
    logs = Sequences.of(
        catalog, names, [length] * learners, np.zeros(time.size, int), outcome.ravel(), time=time.ravel()
    )
    model = DAS3H().fit(logs)
    state, last = state_after(model, logs), time[:, -1]
    soon, later = (model.mastery(state, last + after)[:, 0].mean() for after in (600.0, 5 * DAY))
    assert abs(soon - 0.85) < 0.03
    assert abs(later - 0.35) < 0.03


def test_keeps_the_laws_with_few_answers_kept() -> None:
    check_tracer(lambda: DAS3H(kept=3))


def test_bad_settings_and_asked_too_early() -> None:
    with pytest.raises(ConfigError, match=r"DAS3H: kept=0, penalty=1\.0.*expected all above 0"):
        DAS3H(kept=0)
    with pytest.raises(NotFittedError, match=r"call DAS3H\.fit"):
        DAS3H().start(1)


def test_update_leaves_what_is_not_assessed(catalog: Catalog) -> None:
    model = told(catalog, [0.0] * COLUMNS)
    one = np.ones(1)
    after = model.update(model.start(1), Interactions(np.array([3]), np.array([-1]), one.astype(bool), one, one))
    assert not after.total.any()
    assert (after.right == -1).all()
