"""Forgetting: the FSRS-6 memory model, of skills or of flash cards; a world and a tracer share it.

A memory has a stability (days until recall falls to .9) and a difficulty in 1..10. Constants and formulas are those
of py-fsrs 6.3.2; ratings are 1 "again", 2 "hard", 3 "good", 4 "easy". Every function is elementwise. `w` are the 21
parameters, by default those of FSRS-6.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray

Weights: TypeAlias = Sequence[float] | FloatArray

W: Final = (
    *(0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796),
    *(1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542),
)
"""The default parameters w0..w20 of FSRS-6."""

AGAIN: Final = 1
GOOD: Final = 3

SHORTEST: Final = 0.001
LONGEST: Final = 36_500.0
"""Bounds of stability, days."""


def factor(w: Weights = W) -> float:
    """F, chosen so that retrievability after `stability` days is .9."""
    chosen: float = 0.9 ** (-1.0 / w[20]) - 1.0
    return chosen


FACTOR: Final = factor()
"""F of the default parameters."""


def retrievability(days: FloatArray, stability: FloatArray, w: Weights = W) -> FloatArray:
    """R(t, S) = (1 + F t / S)^(-w20): how much of a memory is left after `days`, in (0, 1]; 1 before day 0."""
    left: FloatArray = (1.0 + factor(w) * np.maximum(days, 0.0) / np.maximum(stability, SHORTEST)) ** (-w[20])
    return left


def first_stability(rating: IntArray, w: Weights = W) -> FloatArray:
    """Stability after the very first contact, days."""
    known: FloatArray = np.asarray(w[:4])[np.asarray(rating) - 1]
    return known


def first_difficulty(rating: IntArray, w: Weights = W) -> FloatArray:
    """Difficulty after the very first contact, in 1..10."""
    first: FloatArray = np.clip(w[4] - np.exp(w[5] * (np.asarray(rating) - 1.0)) + 1.0, 1.0, 10.0)
    return first


def next_stability(
    stability: FloatArray, difficulty: FloatArray, *, days: FloatArray, rating: IntArray, w: Weights = W
) -> FloatArray:
    """Stability after one more contact, `days` after the last one; `difficulty` is the one before it."""
    rating = np.asarray(rating)
    left = retrievability(days, stability, w)
    later = np.where(
        rating == AGAIN,
        _failed(stability, difficulty, left, w),
        _recalled(stability, difficulty, left, rating=rating, w=w),
    )
    settled = np.where(np.asarray(days) < 1.0, _same_day(stability, rating, w), later)
    return np.clip(settled, SHORTEST, LONGEST)


def next_difficulty(difficulty: FloatArray, rating: IntArray, w: Weights = W) -> FloatArray:
    """Difficulty after one more contact: damped towards 10, and drawn back a little to that of "easy"."""
    easy = w[4] - np.exp(3.0 * w[5]) + 1.0
    moved = difficulty - w[6] * (np.asarray(rating) - 3.0) * (10.0 - difficulty) / 9.0
    drawn_back: FloatArray = np.clip(w[7] * easy + (1.0 - w[7]) * moved, 1.0, 10.0)
    return drawn_back


def _recalled(
    stability: FloatArray, difficulty: FloatArray, left: FloatArray, *, rating: IntArray, w: Weights
) -> FloatArray:
    bonus = np.where(rating == 2, w[15], np.where(rating == 4, w[16], 1.0))
    growth = np.exp(w[8]) * (11.0 - difficulty) * stability ** -w[9] * (np.exp((1.0 - left) * w[10]) - 1.0)
    grown: FloatArray = stability * (1.0 + growth * bonus)
    return grown


def _failed(stability: FloatArray, difficulty: FloatArray, left: FloatArray, w: Weights) -> FloatArray:
    fallen = w[11] * difficulty ** -w[12] * ((stability + 1.0) ** w[13] - 1.0) * np.exp((1.0 - left) * w[14])
    lower: FloatArray = np.minimum(fallen, stability / np.exp(w[17] * w[18]))
    return lower


def _same_day(stability: FloatArray, rating: IntArray, w: Weights) -> FloatArray:
    grown = np.exp(w[17] * (rating - 3.0 + w[18])) * stability ** -w[19]
    settled: FloatArray = stability * np.where(rating >= 2, np.maximum(grown, 1.0), grown)
    return settled
