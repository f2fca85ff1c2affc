"""Linear bandits: the regression by hand, planted worth recovered, propensities that are what they say."""

import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.policy import DebtPerMinute, LinUCB, Thompson
from lernpfad.policy.bandit import posterior
from lernpfad.policy.features import NAMES
from lernpfad.policy.thompson import best_of, normals
from policy.experiences import small
from policy.scenes import crowd


def test_the_posterior_by_hand():
    """One feature, y = 2, 4 at x = 1, 1; prior 0 with deviation 1. Rough mean 6 / 3 = 2, noise (0 + 4) / 2 = 2.

    Precision 1 + 2 / 2 = 2, mean (6 / 2) / 2 = 1.5, deviation sqrt(1/2).
    """
    mean, root = posterior(np.ones((2, 1)), np.array([2.0, 4.0]), prior=np.zeros(1), doubt=1.0)
    np.testing.assert_allclose(mean, [1.5])
    np.testing.assert_allclose(root, [[np.sqrt(0.5)]])


def test_planted_coefficients_come_back_and_doubt_shrinks():
    rng = np.random.default_rng(0)
    x, truth = rng.normal(size=(5000, 4)), np.array([1.0, -2.0, 0.5, 0.0])
    y = x @ truth + rng.normal(0, 0.5, 5000)
    mean, root = posterior(x, y, prior=np.zeros(4), doubt=1.0)
    covariance = root @ root.T
    np.testing.assert_allclose(mean, truth, atol=4 * 0.5 / np.sqrt(5000))
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), 0.5 / np.sqrt(5000), rtol=0.1)
    few = posterior(x[:50], y[:50], prior=np.zeros(4), doubt=1.0)[1]
    assert np.trace(few @ few.T) > 10 * np.trace(covariance)


def test_before_it_saw_a_log_it_is_the_formula():
    now = crowd(8, 30, 5)
    np.testing.assert_array_equal(LinUCB(alpha=0.0).propensities(now), DebtPerMinute().propensities(now))


def test_optimism_prefers_what_the_log_says_little_about():
    """Two features of the same worth; the log knows the first."""
    bandit = LinUCB(alpha=1.0)
    bandit.theta_, bandit.spread_ = np.zeros(len(NAMES)), np.diag([0.1, 1.0] + [0.0] * (len(NAMES) - 2))
    known, unknown = np.eye(len(NAMES))[:2]
    np.testing.assert_allclose(bandit.of_features(np.stack([known, unknown])[None])[0], [0.1, 1.0])


def test_a_draw_decides_by_the_best_and_shares_ties():
    values = np.array([[[1.0, 0.0, 2.0], [0.0, 0.0, 5.0], [9.0, 9.0, 9.0]]])
    listed = np.array([[True, True, False]])
    np.testing.assert_allclose(best_of(values, listed), [[(1 + 0.5 + 0) / 3, (0 + 0.5 + 1) / 3, 0.0]])


def test_thompson_offers_as_often_as_it_may_be_best():
    """One feature differs: worth 0 for sure against N(.5, 1): better in Phi(.5) = .691 of the draws."""
    bandit = Thompson(draws=4000, epsilon=0.0)
    bandit.theta_ = np.eye(len(NAMES))[0] * 0.5
    bandit.spread_ = np.diag(np.eye(len(NAMES))[0])
    features = np.stack([np.eye(len(NAMES))[0], np.zeros(len(NAMES))])[None]
    theta, spread = bandit.belief
    drawn = theta + normals(4000, len(theta), 0) @ spread.T
    np.testing.assert_allclose(best_of(features @ drawn.T, np.ones((1, 2), dtype=bool))[0], [0.691, 0.309], atol=0.02)


@pytest.mark.parametrize("kind", [LinUCB, Thompson])
def test_fitting_twice_gives_the_same_and_changes_what_is_offered(kind):
    experience, now = small(), crowd(8, 30, 5)
    one, other = kind().fit(experience), kind().fit(experience)
    np.testing.assert_array_equal(one.theta_, other.theta_)
    assert one.theta_.shape == (len(NAMES),)
    assert np.abs(one.theta_ - kind().belief[0]).max() > 0.01
    assert not np.array_equal(one.propensities(now), kind().propensities(now))


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="LinUCB: alpha is -1"):
        LinUCB(alpha=-1.0)
    with pytest.raises(ConfigError, match="Thompson: draws is 0"):
        Thompson(draws=0)
    with pytest.raises(ConfigError, match="LinUCB: doubt is 0"):
        LinUCB(doubt=0)
