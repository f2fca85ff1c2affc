import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lernpfad.policy.distribution import greedy, normalised, softmax, standardised, uniform

TABLES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=7).flatmap(
    lambda shape: st.tuples(
        arrays(np.float64, shape, elements=st.floats(-1e6, 1e6)), arrays(np.bool_, shape, elements=st.booleans())
    )
)
ELIGIBLE = np.array([[True, True, True, False], [False, False, False, False], [False, True, False, True]])


def is_distribution(propensities, eligible):
    assert (propensities >= 0).all()
    assert (propensities[~eligible] == 0).all()
    np.testing.assert_allclose(propensities.sum(axis=1), eligible.any(axis=1), atol=1e-9)


def test_uniform_by_hand():
    np.testing.assert_allclose(uniform(ELIGIBLE), [[1 / 3, 1 / 3, 1 / 3, 0], [0, 0, 0, 0], [0, 0.5, 0, 0.5]])


def test_greedy_by_hand_shares_ties_and_softens():
    scores = np.array([[2.0, 2.0, 1.0, 9.0], [1.0, 2.0, 3.0, 4.0], [7.0, 1.0, 7.0, 3.0]])
    # learner 0: two ties at 2 (the 9 is not eligible), .9 shared, plus .1 / 3 each
    expected = [[0.45 + 0.1 / 3, 0.45 + 0.1 / 3, 0.1 / 3, 0], [0, 0, 0, 0], [0, 0.05, 0, 0.95]]
    np.testing.assert_allclose(greedy(scores, ELIGIBLE, epsilon=0.1), expected)


def test_greedy_keeps_to_a_distribution_where_every_score_is_minus_infinity():
    scores = np.full(ELIGIBLE.shape, -np.inf)
    np.testing.assert_allclose(greedy(scores, ELIGIBLE), uniform(ELIGIBLE))


def test_greedy_refuses_a_score_that_is_no_number():
    with pytest.raises(AssertionError, match="number"):
        greedy(np.full(ELIGIBLE.shape, np.nan), ELIGIBLE)


def test_softmax_by_hand():
    scores = np.log(np.array([[1.0, 2.0, 5.0, 100.0]]))
    np.testing.assert_allclose(softmax(scores, ELIGIBLE[:1]), [[0.125, 0.25, 0.625, 0]])
    np.testing.assert_allclose(softmax(scores, ELIGIBLE[:1], temperature=0.5), [[1 / 30, 4 / 30, 25 / 30, 0]])


def test_normalised_mass_that_vanished_is_spread_evenly():
    mass = np.array([[0.0, 0.0, 0.0, 5.0], [1.0, 1.0, 1.0, 1.0], [9.0, 1.0, 9.0, 3.0]])
    np.testing.assert_allclose(normalised(mass, ELIGIBLE), [[1 / 3, 1 / 3, 1 / 3, 0], [0, 0, 0, 0], [0, 0.25, 0, 0.75]])


def test_standardised_by_hand_and_flat_rows_are_zero():
    scores = np.array([[1.0, 3.0, 5.0, 99.0], [1.0, 2.0, 3.0, 4.0], [8.0, 0.1, 8.0, 0.1]])
    z = standardised(scores, ELIGIBLE)
    np.testing.assert_allclose(z[0], [-np.sqrt(1.5), 0, np.sqrt(1.5), 0])
    np.testing.assert_array_equal(z[1:], 0)


@given(TABLES, st.floats(0, 1), st.floats(0.01, 100))
def test_every_shape_is_a_distribution_over_the_eligible(table, epsilon, temperature):
    scores, eligible = table
    is_distribution(uniform(eligible), eligible)
    is_distribution(greedy(scores, eligible, epsilon=epsilon), eligible)
    is_distribution(softmax(scores, eligible, temperature=temperature), eligible)
    is_distribution(normalised(np.abs(scores), eligible), eligible)


@given(TABLES)
def test_greedy_never_prefers_a_worse_score(table):
    scores, eligible = table
    propensities = greedy(scores, eligible, epsilon=0.1)
    for row, score, open_ in zip(propensities, scores, eligible, strict=True):
        assert all(
            row[a] >= row[b] for a in np.flatnonzero(open_) for b in np.flatnonzero(open_) if score[a] > score[b]
        )


def test_no_candidates_at_all():
    nothing = np.zeros((2, 0))
    for propensities in (uniform(nothing > 0), greedy(nothing, nothing > 0), softmax(nothing, nothing > 0)):
        assert propensities.shape == (2, 0)
