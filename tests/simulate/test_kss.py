"""KSS to the letter: a unit test by hand, its neighbourhoods, and the scores of policies that need no learner."""

import numpy as np
import pytest

from lernpfad.simulate.kss import KSS, ORDER, Learners, WarmUp

LEARNERS = 3_000


def one(**changes: object) -> Learners:
    start = {"ability": np.zeros((1, 10)), "last": np.array([-1]), "targets": np.ones((1, 10), dtype=bool)}
    return Learners(**(start | changes))  # type: ignore[arg-type]


def test_three_practices_by_hand() -> None:
    kss = KSS()
    first = kss.practise(one(), np.array([0]))
    expected = [2.5, 1.25, 1.25, 0.625, 0.9375, 0, 0, 0, 1.09375, 0.546875]
    np.testing.assert_allclose(first.ability[0], expected, rtol=0, atol=1e-12)
    second = kss.practise(first, np.array([1]))
    assert second.ability[0, 1] == pytest.approx(1.25 + 0.5 * 3.75 * np.exp(-2.5))
    assert second.ability[0, 1] == pytest.approx(1.403909, abs=1e-6)
    ignored = kss.practise(second, np.array([9]))
    np.testing.assert_array_equal(ignored.ability, second.ability)
    assert ignored.last[0] == 1


def test_neighbourhoods() -> None:
    near = [set(np.flatnonzero(row).tolist()) for row in KSS().near]
    assert near[0] == {0, 1, 2}
    assert near[1] == {0, 1, 2, 3}
    assert near[2] == {0, 1, 2, 4, 8}
    assert near[3] == {0, 1, 3, 4}
    assert near[4] == {0, 1, 2, 3, 4, 5, 8, 9}
    assert near[5] == {4, 5, 9}
    assert near[6] == {6, 7}
    assert near[7] == {6, 7, 8}
    assert near[8] == {0, 2, 3, 4, 5, 6, 7, 8, 9}
    assert near[9] == {2, 4, 5, 7, 8, 9}


def test_an_answer_is_right_from_the_threshold_on() -> None:
    kss = KSS()
    threshold = kss.difficulty - np.log(2) / 8.5
    assert kss.passes(threshold + 1e-9).all()
    assert not kss.passes(threshold - 1e-9).any()


def test_drawn_difficulties_rise_along_the_order_of_kss() -> None:
    drawn = KSS.drawn(np.random.default_rng(3)).difficulty
    assert (np.diff(drawn[[5, 0, 1, 2, 3, 4, 6, 7, 8, 9]]) >= 0).all()
    assert np.isin(drawn, np.arange(6)).all()


def test_who_begins_misses_a_target_and_has_three_to_ten() -> None:
    kss = KSS()
    learners, past = kss.begun(np.random.default_rng(0), 500)
    assert len(learners) == 500
    assert isinstance(past, WarmUp)
    assert (learners.targets & ~kss.passes(learners.ability)).any(axis=1).all()
    assert set(learners.targets.sum(axis=1)) == set(range(3, 11))
    stopped = past.skill < 0
    assert (np.diff(stopped.astype(int), axis=1) >= 0).all()
    assert (past.skill[:, 0] >= 0).all()


def test_full_marks_and_none() -> None:
    kss = KSS()
    before = one(targets=np.eye(10, dtype=bool)[[0]] | np.eye(10, dtype=bool)[[4]], ability=np.full((1, 10), -1.0))
    assert kss.score(before, one(ability=np.full((1, 10), 5.0)))[0] == 1.0
    assert kss.score(before, before)[0] == 0.0
    half = np.where(np.arange(10) == 0, 5.0, -1.0)[None]
    assert kss.score(before, one(ability=half))[0] == 0.5


@pytest.mark.parametrize(
    ("policy", "published"),
    [("uniform", (0.055, 0.125, 0.195)), ("fixed", (0.137, 0.137, 0.322)), ("legal", (0.157, 0.346, 0.500))],
)
def test_scores_of_policies_that_need_no_learner(policy: str, published: tuple[float, ...]) -> None:
    """E_p after 10, 20 and 30 steps, as another implementation of the same text found them."""
    kss, rng = KSS(), np.random.default_rng(1)
    state = before = kss.begun(rng, LEARNERS)[0]
    found, errors = [], []
    for step in range(30):
        legal = np.where(state.last[:, None] >= 0, kss.near[state.last], True) | (policy == "uniform")
        drawn = (rng.random(legal.shape) * legal).argmax(axis=1)
        state = kss.practise(state, np.full(LEARNERS, ORDER[step // 2 % 10]) if policy == "fixed" else drawn)
        if step % 10 == 9:
            score = kss.score(before, state)
            found.append(score.mean())
            errors.append(score.std() / np.sqrt(LEARNERS))
    np.testing.assert_array_less(np.abs(np.subtract(found, published)), 4 * np.hypot(errors, 0.005))
