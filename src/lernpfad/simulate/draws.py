"""Common random numbers: the luck of a learner at a moment, whatever she is offered and whoever else is there.

A stream is named by (seed, moment, purpose) through the counter of Philox, and a learner's luck is her row of a
block drawn from it. A longer block has the shorter one as its prefix, so neither batch size nor order matters, and
two policies that are rolled out under one seed meet the same people on the same good and bad days.
"""

from enum import IntEnum

import numpy as np
from numpy.random import Generator, Philox

from lernpfad.core import FloatArray, IntArray


class Purpose(IntEnum):
    """What a stream is for; every purpose has its own, so that one more draw in one never shifts another."""

    POPULATION = 0
    WEEK = 1
    SITTING = 2
    OFFER = 3
    POLICY = 4


def stream(seed: int, moment: int, purpose: Purpose) -> Generator:
    """The generator of a (seed, moment of the calendar, purpose); both numbers are not negative.

    Word 0 of the counter stays free: it counts the blocks that the stream has handed out.
    """
    return Generator(Philox(key=seed, counter=[0, moment, int(purpose), 0]))


def uniforms(rng: Generator, learners: IntArray, width: int) -> FloatArray:
    """`width` uniforms in [0, 1) for each learner, `[len(learners), width]`, by her number alone."""
    if not len(learners):
        return np.empty((0, width))
    return rng.random((int(learners.max()) + 1, width))[learners]


def normals(uniform: FloatArray) -> FloatArray:
    """Standard normals `[..., n]` from uniforms `[..., 2 n]` (Box and Muller 1958).

    A ziggurat would consume a varying number of draws and so put two learners out of step.
    """
    count = uniform.shape[-1] // 2
    radius = np.sqrt(-2.0 * np.log1p(-uniform[..., :count]))
    normal: FloatArray = radius * np.cos(2.0 * np.pi * uniform[..., count : 2 * count])
    return normal
