"""From a distribution to a pick."""

import numpy as np
from numpy.random import Generator

from lernpfad.core.arrays import NOBODY, FloatArray, IntArray


def choose(propensities: FloatArray, rng: Generator) -> IntArray:
    """One candidate per learner, drawn from her row: column indices `[learners]`, -1 where the row is all zero.

    Uses exactly one uniform per learner, whatever the rows hold, so that two policies can share their luck.
    """
    return pick(propensities, rng.random(len(propensities)))


def pick(propensities: FloatArray, uniform: FloatArray) -> IntArray:
    """`choose` with the luck of each learner given, `[learners]` in [0, 1): column indices, -1 as in `choose`."""
    cumulated = np.cumsum(propensities, axis=1)
    total = cumulated[:, -1] if cumulated.shape[1] else np.zeros(len(propensities))
    drawn = uniform * total
    # first column whose cumulated mass exceeds the draw: never one of probability zero
    picked = (cumulated <= drawn[:, None]).sum(axis=1)
    last = cumulated.shape[1] - 1 - np.argmax(propensities[:, ::-1] > 0, axis=1) if cumulated.shape[1] else picked
    return np.where(total > 0, np.minimum(picked, last), NOBODY)
