"""Conservative Q-learning on a small process whose optimum is known, against doing what the log did."""

import numpy as np
import pytest

from lernpfad.core import ConfigError, NotFittedError
from lernpfad.policy import CQL
from lernpfad.policy.conservative import Transitions, fitted_q, held_down
from policy.experiences import small
from policy.scenes import crowd

STATES, SNACK, FEAST, GAMMA = 5, 0.2, 3.0, 0.9
EAT, GO = 0, 1
"""A chain: to eat is worth .2 and leads back to its start, to go is worth nothing until the end, and 3 there."""


def step(state, action):
    if action == EAT:
        return 0, SNACK
    return (0, FEAST) if state == STATES - 1 else (state + 1, 0.0)


def value(policy, sweeps=2000):
    """Worth of each state under a deterministic policy, by iteration."""
    v = np.zeros(STATES)
    for _ in range(sweeps):
        moves = [step(s, policy[s]) for s in range(STATES)]
        v = np.array([r + GAMMA * v[n] for n, r in moves])
    return v


def one_hot(state, action):
    return np.eye(2 * STATES)[2 * np.asarray(state) + np.asarray(action)]


def log(learners=60, steps=50, eats=0.7, seed=0):
    """What people did who mostly eat. Returns the transitions, states and actions, by learner."""
    rng = np.random.default_rng(seed)
    states, actions, rewards = [], [], []
    for _ in range(learners):
        state = int(rng.integers(STATES))
        for _ in range(steps):
            action = EAT if rng.random() < eats else GO
            states.append(state)
            actions.append(action)
            state, reward = step(state, action)
            rewards.append(reward)
    states, actions = np.array(states), np.array(actions)
    rows = np.arange(len(states))
    others = np.stack([one_hot(states, EAT), one_hot(states, GO)], axis=1)
    made = Transitions(
        offered=one_hot(states, actions),
        others=others,
        listed=others[:, :, 0] >= 0,
        reward=np.array(rewards),
        discount=np.full(len(states), GAMMA),
        follows=np.where((rows + 1) % steps > 0, rows + 1, -1),
    )
    return made, states, actions


def chosen(weights):
    return weights.reshape(STATES, 2).argmax(axis=1)


@pytest.mark.parametrize("alpha", [0.0, 0.02])
def test_the_optimum_is_found_where_the_log_does_otherwise(alpha):
    made, states, actions = log()
    weights, _ = fitted_q(made, alpha=alpha, penalty=1.0, sweeps=60)
    cloned = np.array([np.bincount(actions[states == s], minlength=2).argmax() for s in range(STATES)])
    assert (cloned == EAT).all()
    assert (chosen(weights) == GO).all()
    assert value(chosen(weights)).mean() > value(cloned).mean() + 0.5


def test_q_is_that_of_dynamic_programming():
    """From the end: going is worth 3 + .9 V(0), and V(0) = .9^4 (3 + .9 V(0)) = 1.9683 / (1 - .59049) = 4.8065."""
    weights, _ = fitted_q(log()[0], alpha=0.0, penalty=1e-6, sweeps=200)
    q, start = weights.reshape(STATES, 2), 0.9**4 * 3 / (1 - 0.9**5)
    assert start == pytest.approx(4.8065, abs=1e-3)
    # the last offer of a learner is followed by nothing, one in fifty: values are a little lower than for ever
    assert q[-1, GO] == pytest.approx(FEAST + GAMMA * start, rel=0.1)
    assert q[0, GO] == pytest.approx(start, rel=0.1)


def test_temporal_differences_fall():
    """Without noise they vanish; rows that nothing follows are left out, since the chain goes on beyond them."""
    made = log()[0]
    goes_on = made.follows >= 0

    def difference(sweeps):
        weights, moved = fitted_q(made, alpha=0.0, penalty=1e-6, sweeps=sweeps)
        return np.mean((made.targets(weights) - made.offered @ weights)[goes_on] ** 2), moved

    (early, _), (late, moved) = difference(3), difference(60)
    assert late < 0.05 * early
    assert moved[-1] < 1e-3 * moved[0]
    round_trip = moved[40:45].sum() / moved[35:40].sum()  # once through the five states
    assert round_trip == pytest.approx(GAMMA ** (2 * STATES), rel=0.2)


def test_what_was_never_done_is_held_down():
    """Nobody ever feasts, so the log cannot tell its worth; features that overlap would lend it some of another's."""
    made, states, actions = log(eats=1.0)
    shared = np.concatenate([made.offered, np.ones((len(made), 1))], axis=1)
    others = np.concatenate([made.others, np.ones((*made.others.shape[:2], 1))], axis=2)
    both = Transitions(shared, others, made.listed, made.reward, made.discount, made.follows)
    worth = {a: fitted_q(both, alpha=a, penalty=1.0, sweeps=30)[0] for a in (0.0, 0.5)}
    lead = {a: (w[2 * states + EAT] - w[2 * states + GO]).mean() for a, w in worth.items()}
    assert lead[0.5] > lead[0.0] + 0.5
    assert (actions == EAT).all()


def test_the_slope_of_the_penalty_is_that_of_its_value():
    made = log(learners=3, steps=20)[0]
    weights = np.random.default_rng(1).normal(size=2 * STATES)

    def loss(w):
        q = np.concatenate([(made.offered @ w)[:, None], made.others @ w], axis=1)
        return float(np.mean(0.7 * np.log(np.exp(q / 0.7).sum(axis=1)) - made.offered @ w))

    slope, curve = held_down(made, weights, 0.7)
    each = 1e-5 * np.eye(2 * STATES)
    np.testing.assert_allclose(slope, [(loss(weights + d) - loss(weights - d)) / 2e-5 for d in each], atol=1e-7)
    bent = [(held_down(made, weights + d, 0.7)[0] - held_down(made, weights - d, 0.7)[0]) / 2e-5 for d in each]
    np.testing.assert_allclose(curve, bent, atol=1e-6)


def test_it_has_to_be_fitted():
    with pytest.raises(NotFittedError, match="this CQL has not been fitted"):
        CQL().propensities(crowd(3, 10, 3))


def test_from_a_log_to_offers():
    policy = CQL(sweeps=40, gamma=0.9).fit(small())
    assert policy.moved_[-1] < 0.1 * policy.moved_.max()
    given = policy.propensities(crowd(8, 30, 5))
    assert given.max() > 0.9
    again = CQL(sweeps=40, gamma=0.9).fit(small())
    np.testing.assert_array_equal(policy.weights_, again.weights_)


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="CQL: gamma is 2"):
        CQL(gamma=2)
