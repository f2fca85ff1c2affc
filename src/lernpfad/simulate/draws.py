"""Common random numbers: the luck of a learner at a moment, whatever she is offered and whoever else is there.

A stream is named by (seed, moment, purpose) through the counter of Philox, and a learner's luck is her row of a
block drawn from it. A longer block has the shorter one as its prefix, so neither batch size nor order matters, and
two policies that are rolled out under one seed meet the same people on the same good and bad days.

Several seeds may be rolled out side by side: a `Chorus` has a voice for each, and what a voice says does not depend on
the others.
"""

from collections.abc import Sequence
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


class Chorus(Generator):
    """One generator for each of several seeds: the n-th speaks for the n-th `each` learners.

    Only `uniforms` hears them apart; whoever draws from a chorus directly hears its first voice.
    """

    def __init__(self, voices: Sequence[Generator], each: int) -> None:
        super().__init__(voices[0].bit_generator)
        self.voices, self.each = tuple(voices), each


def stream(seed: int, moment: int, purpose: Purpose) -> Generator:
    """The generator of a (seed, moment of the calendar, purpose); both numbers are not negative.

    Word 0 of the counter stays free: it counts the blocks that the stream has handed out.
    """
    return Generator(Philox(key=seed, counter=[0, moment, int(purpose), 0]))


def streams(seeds: Sequence[int], moment: int, purpose: Purpose, *, each: int) -> Generator:
    """The generators of several seeds, each for `each` learners; of a single seed, its `stream`."""
    voices = [stream(seed, moment, purpose) for seed in seeds]
    return voices[0] if len(voices) == 1 else Chorus(voices, each)


def uniforms(rng: Generator, learners: IntArray, width: int) -> FloatArray:
    """`width` uniforms in [0, 1) for each learner, `[len(learners), width]`, by her number alone.

    Learner j of a `Chorus` of seeds, with `each` learners a seed, is learner `j % each` of seed `j // each`.
    """
    if isinstance(rng, Chorus):
        return _by_voice(rng, learners, width)
    if not len(learners):
        return np.empty((0, width))
    return rng.random((int(learners.max()) + 1, width))[learners]


def _by_voice(chorus: Chorus, learners: IntArray, width: int) -> FloatArray:
    voice, number = np.divmod(learners, chorus.each)
    found = np.empty((len(learners), width))
    for one, generator in enumerate(chorus.voices):
        hers = voice == one
        found[hers] = uniforms(generator, number[hers], width)
    return found


def normals(uniform: FloatArray) -> FloatArray:
    """Standard normals `[..., n]` from uniforms `[..., 2 n]` (Box and Muller 1958).

    A ziggurat would consume a varying number of draws and so put two learners out of step.
    """
    count = uniform.shape[-1] // 2
    radius = np.sqrt(-2.0 * np.log1p(-uniform[..., :count]))
    normal: FloatArray = radius * np.cos(2.0 * np.pi * uniform[..., count : 2 * count])
    return normal
