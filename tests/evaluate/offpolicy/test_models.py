"""Reward models find what was planted, and are never asked about learners they know."""

import numpy as np
import pytest

from evaluate.offpolicy.oracle import rows
from evaluate.offpolicy.planted import CHANCE, VALUE, planted
from lernpfad.core import ConfigError, NotFittedError
from lernpfad.evaluate.offpolicy import DM, DR, Logistic, Ridge, cross_fitted, mrdr


def items(logged):
    """Which candidate it is, all but the first: `[N, 3, 2]`."""
    return np.broadcast_to(np.eye(3)[None, :, 1:], (len(logged), 3, 2))


class Spy:
    """A model that remembers whom it was fitted on and refuses to know them."""

    def fit(self, features, logged):
        self.known = set(features[:, 0, 0])
        return self

    def predict(self, features):
        assert not self.known & set(features[:, 0, 0]), "asked about a learner it was fitted on"
        return np.full(features.shape[:2], float(len(self.known)))


def test_folds_are_by_learner():
    """Each of 30 learners, with all three of her offers, is predicted by a model of the 24 in other folds."""
    logged = planted(np.random.default_rng(0), learners=30, offers=3)
    told = np.broadcast_to(logged.owner[:, None, None], (90, 3, 1)).astype(float)
    assert (cross_fitted(Spy, told, logged, folds=5) == 24).all()


@pytest.mark.parametrize("make", [lambda: Ridge(0.1), lambda: Logistic(0.1), lambda: Ridge(0.1, weigh=mrdr)])
def test_planted_chances_are_found(make):
    logged = planted(np.random.default_rng(1), learners=6000)
    predicted = cross_fitted(make, items(logged), logged)
    np.testing.assert_allclose(predicted.mean(axis=0), CHANCE, atol=0.05)
    assert DM().terms(logged.with_model(predicted)).value == pytest.approx(VALUE, abs=0.03)


def test_own_sample_bias_and_its_cure():
    """40 columns of noise per learner: fitted on the same people residuals shrink, cross-fitted they do not."""
    rng = np.random.default_rng(2)
    logged = planted(rng, learners=80)
    noise = np.broadcast_to(rng.standard_normal((80, 1, 40)), (80, 3, 40))
    own = logged.with_model(Ridge(1e-3).fit(noise, logged).predict(noise))
    crossed = logged.with_model(cross_fitted(lambda: Ridge(1e-3), noise, logged))
    spread = logged.reward.std()
    assert (own.reward - own.expected).std() < 0.8 * spread
    assert (crossed.reward - crossed.expected).std() > spread


def test_weights_of_least_variance():
    """By hand, first row of the oracle: pi .2, pi_b .5: .2 (1 - .5) / .25 = .4; the second .6 (1 - .1) / .01 = 54."""
    np.testing.assert_allclose(mrdr(rows())[:2], [0.4, 54.0])


def test_a_good_model_makes_doubly_robust_sharper():
    logged = planted(np.random.default_rng(4), learners=2000)
    good = logged.with_model(cross_fitted(Ridge, items(logged), logged))
    bad = logged.with_model(np.zeros((2000, 3)))
    assert DR().terms(good).influence.std() < 0.9 * DR().terms(bad).influence.std()


def test_mistakes_are_named():
    logged = planted(np.random.default_rng(0), learners=30)
    with pytest.raises(ConfigError, match="40 folds for 30 learners"):
        cross_fitted(Ridge, items(logged), logged, folds=40)
    with pytest.raises(ConfigError, match=r"features are \(30, 2, 2\), expected \(30, 3\)"):
        cross_fitted(Ridge, items(logged)[:, :2], logged)
    with pytest.raises(NotFittedError, match="Ridge: asked before it was fitted"):
        Ridge().predict(items(logged))
    with pytest.raises(ConfigError, match=r"a reward lies outside \[0, 1\]; use Ridge"):
        Logistic().fit(items(logged), planted_twice(logged))


def planted_twice(logged):
    from dataclasses import replace

    return replace(logged, reward=2 * logged.reward)
