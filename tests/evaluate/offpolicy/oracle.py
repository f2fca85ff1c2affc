"""Eight rows, four sequences, four slates: estimates computed by hand that agree with two public libraries."""

import numpy as np

from lernpfad.evaluate.offpolicy import Logged, Slates

# action, reward, pi_b(0..2), pi(0..2), q(0..2)
ROWS = np.array(
    [
        (0, 1.0, 0.50, 0.30, 0.20, 0.20, 0.30, 0.50, 0.6, 0.4, 0.7),
        (2, 1.0, 0.60, 0.30, 0.10, 0.10, 0.30, 0.60, 0.5, 0.3, 0.8),
        (1, 0.0, 0.40, 0.40, 0.20, 0.30, 0.50, 0.20, 0.6, 0.4, 0.5),
        (0, 0.5, 0.50, 0.25, 0.25, 0.60, 0.20, 0.20, 0.7, 0.2, 0.4),
        (2, 0.0, 0.30, 0.30, 0.40, 0.10, 0.10, 0.80, 0.4, 0.5, 0.6),
        (1, 1.0, 0.20, 0.50, 0.30, 0.20, 0.30, 0.50, 0.3, 0.8, 0.6),
        (0, 0.0, 0.80, 0.10, 0.10, 0.40, 0.30, 0.30, 0.2, 0.4, 0.5),
        (2, 0.5, 0.25, 0.50, 0.25, 0.25, 0.25, 0.50, 0.5, 0.6, 0.7),
    ]
)
CLUSTERS = np.array([0, 0, 1])

# per step: action, reward, pi_b(a), pi(a), q(0), q(1); two actions, so pi(other) = 1 - pi(a)
TRAJECTORIES = [
    [(1, 0.2, 0.4, 0.6, 0.5, 0.9), (0, 0.0, 0.5, 0.4, 0.4, 0.6), (1, 0.5, 0.5, 0.8, 0.1, 0.4)],
    [(0, 0.1, 0.6, 0.4, 0.6, 0.8), (1, 0.4, 0.5, 0.6, 0.3, 0.7), (1, 0.3, 0.4, 0.6, 0.2, 0.3)],
    [(1, 0.0, 0.4, 0.6, 0.7, 0.6), (1, 0.6, 0.5, 0.6, 0.5, 0.5), (0, 0.1, 0.5, 0.2, 0.3, 0.4)],
    [(0, 0.3, 0.6, 0.4, 0.4, 0.7), (0, 0.2, 0.5, 0.4, 0.6, 0.4), (1, 0.4, 0.5, 0.8, 0.2, 0.5)],
]


def rows(**changes):
    action = ROWS[:, 0].astype(int)
    behaviour, target, model = ROWS[:, 2:5], ROWS[:, 5:8], ROWS[:, 8:11]
    columns = {
        "action": action,
        "reward": ROWS[:, 1],
        "logged": behaviour[np.arange(len(ROWS)), action],
        "target": target,
        "behaviour": behaviour,
        "model": model,
    }
    return Logged.rows(**(columns | changes))


def trajectories():
    steps = np.array([step for sequence in TRAJECTORIES for step in sequence])
    action, chosen = steps[:, 0].astype(int), steps[:, 3]
    target = np.where(np.arange(2)[None, :] == action[:, None], chosen[:, None], 1 - chosen[:, None])
    return Logged(
        offsets=np.array([0, 3, 6, 9, 12]),
        action=action,
        reward=steps[:, 1],
        logged=steps[:, 2],
        target=target,
        model=steps[:, 4:6],
    )


# per slot: reward, marginal pi_b, marginal pi, conditional pi_b, conditional pi
SLATES = [
    [(1.0, 0.5, 0.4, 0.5, 0.4), (0.0, 0.4, 0.5, 0.5, 0.6)],
    [(0.0, 0.3, 0.5, 0.3, 0.5), (1.0, 0.5, 0.4, 0.4, 0.3)],
    [(1.0, 0.2, 0.3, 0.2, 0.3), (1.0, 0.3, 0.4, 0.5, 0.5)],
    [(0.0, 0.5, 0.4, 0.5, 0.4), (0.5, 0.4, 0.5, 0.4, 0.5)],
]


def slates(**changes):
    slots = np.array([slot for slate in SLATES for slot in slate])
    names = ("reward", "logged", "target", "logged_given", "target_given")
    columns = dict(zip(names, slots.T, strict=True)) | {"offsets": np.arange(0, 9, 2), "owner": np.arange(4)}
    return Slates(**(columns | changes))
