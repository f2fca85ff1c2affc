"""Common random numbers: the luck of a learner at a moment, whatever she is offered and whoever else is there.

A stream is named by (seed, moment, purpose) through the counter of Philox, and a learner's luck is her row of a
block drawn from it. A longer block has the shorter one as its prefix, so neither batch size nor order matters, and
two policies that are rolled out under one seed meet the same people on the same good and bad days. The rows before
those that are wanted are jumped over, not drawn, so the luck of learner 999,999 costs what that of learner 0 costs.

Several seeds may be rolled out side by side: a `Chorus` has a voice for each, and what a voice says does not depend on
the others.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

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


_BLOCK: Final = 4
"""Draws of 64 bits that Philox makes of one value of its counter."""


class Stream(Generator):
    """The luck of a cohort: what it draws for learner 0 is the luck of number `first` in the whole workforce."""

    def __init__(self, bits: Philox, first: int = 0) -> None:
        super().__init__(bits)
        self.first = first


class Chorus(Generator):
    """One generator for each of several seeds: the n-th speaks for the n-th `each` learners.

    Only `uniforms` hears them apart; whoever draws from a chorus directly hears its first voice.
    """

    def __init__(self, voices: Sequence[Generator], each: int) -> None:
        super().__init__(voices[0].bit_generator)
        self.voices, self.each = tuple(voices), each


def stream(seed: int, moment: int, purpose: Purpose, *, first: int = 0) -> Stream:
    """The generator of a (seed, moment of the calendar, purpose); no number is negative.

    first: number in the whole workforce of the learner who is number 0 here.
    Word 0 of the counter stays free: it counts the blocks that the stream has handed out.
    """
    return Stream(Philox(key=seed, counter=[0, moment, int(purpose), 0]), first)


def streams(seeds: Sequence[int], moment: int, purpose: Purpose, *, each: int, first: int = 0) -> Generator:
    """The generators of several seeds, each for `each` learners; of a single seed, its `stream`. first: as there."""
    voices = [stream(seed, moment, purpose, first=first) for seed in seeds]
    return voices[0] if len(voices) == 1 else Chorus(voices, each)


def uniforms(rng: Generator, learners: IntArray, width: int) -> FloatArray:
    """`width` uniforms in [0, 1) for each learner, `[len(learners), width]`, by her number alone.

    Learner j of a `Chorus` of seeds, with `each` learners a seed, is learner `j % each` of seed `j // each`.
    """
    if isinstance(rng, Chorus):
        return _by_voice(rng, learners, width)
    if not len(learners):
        return np.empty((0, width))
    lowest, highest = int(learners.min()), int(learners.max())
    _skip(rng, (getattr(rng, "first", 0) + lowest) * width)
    return rng.random((highest + 1 - lowest, width))[learners - lowest]


def _skip(rng: Generator, draws: int) -> None:
    """Leave out the next so many draws; a fresh Philox goes there in one jump (Salmon et al. 2011, counter mode)."""
    bits = rng.bit_generator
    if isinstance(bits, Philox) and bits.state["buffer_pos"] == _BLOCK:
        bits.advance(draws // _BLOCK)
        draws %= _BLOCK
    rng.random(draws)


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
