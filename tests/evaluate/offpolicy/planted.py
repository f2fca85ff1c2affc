"""Logs of a one-step world whose true values are known."""

import numpy as np

from lernpfad.evaluate.offpolicy import Logged

CHANCE = np.array([0.2, 0.5, 0.8])
BEHAVIOUR = np.array([0.6, 0.3, 0.1])
TARGET = np.array([0.2, 0.4, 0.4])
VALUE = float(CHANCE @ TARGET)
""".04 + .20 + .32 = .56; the logging policy is worth .12 + .15 + .08 = .35."""


def planted(rng, *, learners=300, offers=1, alike=0.0, model=None):
    """Rewards are right with CHANCE; `alike` moves all chances of a learner by +- that much."""
    count = learners * offers
    action = rng.choice(3, size=count, p=BEHAVIOUR)
    shift = np.repeat(alike * rng.choice([-1.0, 1.0], size=learners), offers)
    reward = (rng.random(count) < CHANCE[action] + shift).astype(float)
    return Logged(
        offsets=offers * np.arange(learners + 1),
        action=action,
        reward=reward,
        logged=BEHAVIOUR[action],
        target=np.tile(TARGET, (count, 1)),
        behaviour=np.tile(BEHAVIOUR, (count, 1)),
        model=None if model is None else np.tile(np.asarray(model, dtype=float), (count, 1)),
    )
