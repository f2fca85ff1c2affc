import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from lernpfad.core import NOBODY, choose, pick
from lernpfad.core.laws import propensities_are_frequencies


def test_the_column_whose_share_holds_the_draw():
    """Shares .2, .5, .3 cut the unit interval at .2 and .7."""
    row = np.tile([0.2, 0.5, 0.3], (6, 1))
    assert pick(row, np.array([0.0, 0.19, 0.2, 0.69, 0.71, 0.999])).tolist() == [0, 0, 1, 1, 2, 2]


def test_a_candidate_of_propensity_zero_is_never_chosen():
    row = np.array([[0.0, 0.5, 0.0, 0.5, 0.0]])
    luck = np.array([0.0, 0.5, np.nextafter(0.5, 0), np.nextafter(1.0, 0)])
    assert pick(np.repeat(row, 4, axis=0), luck).tolist() == [1, 3, 1, 3]


def test_nobody_is_chosen_from_nothing():
    given = np.array([[0.0, 0.0], [0.0, 1.0]])
    assert choose(given, default_rng(0)).tolist() == [NOBODY, 1]
    assert choose(np.zeros((3, 0)), default_rng(0)).tolist() == [NOBODY] * 3


def test_one_uniform_per_learner_whatever_the_rows_hold():
    wide, narrow = default_rng(3), default_rng(3)
    choose(np.full((5, 7), 1 / 7), wide)
    choose(np.zeros((5, 1)), narrow)
    assert wide.random() == narrow.random()


rows = st.lists(st.lists(st.sampled_from([0.0, 0.0, 0.1, 1.0, 3.0]), min_size=4, max_size=4), min_size=1, max_size=6)


@given(rows, st.integers(0, 99))
def test_a_choice_is_possible_or_nobody(weights, seed):
    weights = np.array(weights)
    total = weights.sum(axis=1, keepdims=True)
    given = np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)
    for learner, column in enumerate(choose(given, default_rng(seed))):
        assert given[learner, column] > 0 if total[learner] > 0 else column == NOBODY


@pytest.mark.parametrize("candidates", [1, 2, 7, 50])
def test_frequencies_follow_the_propensities(candidates):
    rng = default_rng(candidates)
    weight = rng.gamma(0.5, size=(4000, candidates)) + 1e-3
    given = weight / weight.sum(axis=1, keepdims=True)
    propensities_are_frequencies(given, choose(given, rng))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_never_chooses_beyond_the_last_candidate(dtype):
    given = np.full((1000, 3), 1 / 3, dtype=dtype)
    luck = np.full(1000, np.nextafter(1.0, 0))
    assert (pick(given, luck) == 2).all()
