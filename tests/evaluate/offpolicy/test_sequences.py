"""Sequences of unequal length, MAGIC's blend, and fitted Q against what dynamic programming says."""

import numpy as np
import pytest

from evaluate.offpolicy.oracle import rows, trajectories
from lernpfad.core import DataError
from lernpfad.evaluate.offpolicy import (
    DR,
    FQE,
    IPS,
    MAGIC,
    PDIS,
    WDR,
    WPDIS,
    Logged,
    SequenceDM,
    SequenceDR,
    cross_fitted,
)
from lernpfad.evaluate.offpolicy.magic import on_simplex
from lernpfad.evaluate.offpolicy.sequences import steps


def ragged():
    """The oracle's sequences with the last offer of the second cut off, and a learner without offers."""
    whole = trajectories()
    kept = np.r_[0:5, 6:12]
    columns = {name: getattr(whole, name)[kept] for name in ("action", "reward", "logged", "target", "model")}
    return Logged(offsets=np.array([0, 3, 5, 8, 11, 11]), **columns)


def test_a_sequence_ends_where_it_ends():
    """By hand: rho of the second learner is .4/.6, then x .6/.5 = .8, and stays .8; the fifth has rho 1 and nothing."""
    s = steps(ragged())
    np.testing.assert_allclose(s.rho[1], [2 / 3, 0.8, 0.8])
    np.testing.assert_allclose(s.rho[4], 1.0)
    assert s.reward[1, 2] == s.value[1, 2] == s.reward[4].sum() == 0
    # of the four sequences .951667 in the mean, without .4/.6 * .6/.5 * .6/.4 * .3 = .36 of the second; five learners
    assert PDIS().terms(ragged()).value == pytest.approx((4 * 0.951667 - 0.36) / 5, abs=5e-7)
    by_step = (0.566667 / 5.333333, (0.32 + 1.08 + 0.106667) / 5.333333, (0.96 + 0.072 + 0.341333) / 5.293333)
    assert WPDIS().terms(ragged()).value == pytest.approx(sum(by_step), abs=2e-6)


def test_one_offer_each_is_the_one_step_case():
    logged = rows()
    for one, other in ((PDIS(), IPS()), (SequenceDR(), DR())):
        assert one.terms(logged).value == pytest.approx(other.terms(logged).value)


def test_on_policy_every_estimator_is_the_mean_return():
    """With the logging policy as target all weights are 1; DR's model cancels, in the mean, if it is a martingale."""
    rng = np.random.default_rng(0)
    target = rng.dirichlet(np.ones(3), size=60)
    action = (target.cumsum(axis=1) < rng.random(60)[:, None]).sum(axis=1)
    logged = Logged(
        offsets=np.arange(0, 61, 6),
        action=action,
        reward=rng.random(60),
        logged=target[np.arange(60), action],
        target=target,
        model=np.zeros((60, 3)),
    )
    expected = logged.reward.sum() / 10
    for estimator in (PDIS(), WPDIS(), SequenceDR(), WDR()):
        assert estimator.terms(logged).value == pytest.approx(expected)


def test_magic_lies_between_model_and_wdr():
    parts = WDR().terms(trajectories())
    share = MAGIC().blend(parts)
    assert share.min() >= 0
    assert share.sum() == pytest.approx(1)
    value = MAGIC().terms(trajectories()).value
    low, high = sorted((SequenceDM().terms(trajectories()).value, WDR().terms(trajectories()).value))
    assert low - 0.05 < value < high + 0.05


class Fixed(MAGIC):
    """MAGIC with the blend that it is given."""

    def __init__(self, share):
        super().__init__()
        object.__setattr__(self, "share", share)

    def blend(self, parts):
        return np.asarray(self.share, dtype=float)


def test_the_ends_of_the_blend():
    """All on j = -1 is the model alone, all on the horizon is WDR."""
    assert Fixed([1, 0, 0, 0]).terms(trajectories()).value == pytest.approx(0.67)
    assert Fixed([0, 0, 0, 1]).terms(trajectories()).value == pytest.approx(0.810045, abs=5e-7)


def test_least_on_the_simplex():
    """By hand: diag(1, 3) has its least at (3/4, 1/4); with a dominated third the share of that is 0."""
    np.testing.assert_allclose(on_simplex(np.diag([1.0, 3.0])), [0.75, 0.25])
    worse = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 2.0], [2.0, 2.0, 9.0]])
    np.testing.assert_allclose(on_simplex(worse), [0.75, 0.25, 0.0], atol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_on_the_simplex_is_less(seed):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((6, 6)) * rng.uniform(0.01, 3.0, size=6)
    matrix = root.T @ root
    found, others = on_simplex(matrix), rng.dirichlet(np.full(6, 0.4), size=500)
    assert found.sum() == pytest.approx(1)
    assert found @ matrix @ found <= np.einsum("ni,ij,nj->n", others, matrix, others).min() + 1e-9


def chain(learners, rng):
    """Three offers in a row; action 1 earns 1 with .8, but after action 0 the next reward is .5 higher.

    Logged by a fair coin; the target takes action 1 with .9. By hand the target is worth .8 * .9 in each of three
    offers and .5 * .1 in the second and third: 2.16 + .1 = 2.26.
    """
    action = rng.integers(0, 2, size=(learners, 3))
    reward = (action == 1) * (rng.random((learners, 3)) < 0.8)
    reward = reward + 0.5 * np.concatenate([np.zeros((learners, 1)), action[:, :-1] == 0], axis=1)
    before = np.concatenate([np.ones((learners, 1)), action[:, :-1]], axis=1).ravel()
    target = np.tile([0.1, 0.9], (3 * learners, 1))
    logged = Logged(
        offsets=np.arange(0, 3 * learners + 1, 3),
        action=action.ravel(),
        reward=reward.ravel(),
        logged=np.full(3 * learners, 0.5),
        target=target,
    )
    place = np.tile(np.arange(3), learners)
    state = np.stack([before == 0, place == 1, place == 2], axis=1)[:, None, :].repeat(2, axis=1)
    chosen = np.broadcast_to(np.arange(2)[None, :, None], (3 * learners, 2, 1))
    return logged, np.concatenate([state, chosen, chosen * (place == 2)[:, None, None]], axis=-1).astype(float)


def test_fitted_q_finds_the_value_and_doubly_robust_corrects_a_wrong_one():
    logged, features = chain(3000, np.random.default_rng(4))
    good = logged.with_model(cross_fitted(lambda: FQE(penalty=1e-3), features, logged))
    assert SequenceDM().terms(good).value == pytest.approx(2.26, abs=0.03)
    wrong = logged.with_model(cross_fitted(lambda: FQE(penalty=1e-3), 0 * features, logged))
    assert abs(SequenceDM().terms(wrong).value - 2.26) > 0.2
    for model in (good, wrong):
        for estimator in (SequenceDR(), WDR(), MAGIC()):
            assert estimator.terms(model).value == pytest.approx(2.26, abs=0.1)


def test_what_needs_a_model_says_so():
    logged, _ = chain(4, np.random.default_rng(0))
    for estimator in (SequenceDM(), SequenceDR(), WDR(), MAGIC(), DR()):
        with pytest.raises(DataError, match="needs a reward model"):
            estimator.terms(logged)
