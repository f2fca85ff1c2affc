"""Forgetting: the FSRS-6 memory model, here of skills instead of flash cards.

A memory has a stability (days until recall falls to .9) and a difficulty in 1..10. Constants and formulas are those
of py-fsrs 6.3.2; ratings are 1 "again", 2 "hard", 3 "good", 4 "easy". Every function is elementwise.
"""

from typing import Final

import numpy as np

from lernpfad.core import FloatArray, IntArray

W: Final = (
    *(0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796),
    *(1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542),
)
"""The default parameters w0..w20 of FSRS-6."""

AGAIN: Final = 1
GOOD: Final = 3

FACTOR: Final = 0.9 ** (-1.0 / W[20]) - 1.0
"""F, chosen so that retrievability after `stability` days is .9."""

_SHORTEST: Final = 0.001
_LONGEST: Final = 36_500.0


def retrievability(days: FloatArray, stability: FloatArray) -> FloatArray:
    """R(t, S) = (1 + F t / S)^(-w20): how much of a memory is left after `days`, in (0, 1]; 1 before day 0."""
    left: FloatArray = (1.0 + FACTOR * np.maximum(days, 0.0) / np.maximum(stability, _SHORTEST)) ** (-W[20])
    return left


def first_stability(rating: IntArray) -> FloatArray:
    """Stability after the very first contact, days."""
    known: FloatArray = np.asarray(W[:4])[np.asarray(rating) - 1]
    return known


def first_difficulty(rating: IntArray) -> FloatArray:
    """Difficulty after the very first contact, in 1..10."""
    first: FloatArray = np.clip(W[4] - np.exp(W[5] * (np.asarray(rating) - 1.0)) + 1.0, 1.0, 10.0)
    return first


def next_stability(stability: FloatArray, difficulty: FloatArray, *, days: FloatArray, rating: IntArray) -> FloatArray:
    """Stability after one more contact, `days` after the last one; `difficulty` is the one before it."""
    rating = np.asarray(rating)
    left = retrievability(days, stability)
    later = np.where(
        rating == AGAIN, _failed(stability, difficulty, left), _recalled(stability, difficulty, left, rating=rating)
    )
    settled = np.where(np.asarray(days) < 1.0, _same_day(stability, rating), later)
    return np.clip(settled, _SHORTEST, _LONGEST)


def next_difficulty(difficulty: FloatArray, rating: IntArray) -> FloatArray:
    """Difficulty after one more contact: damped towards 10, and drawn back a little to that of "easy"."""
    easy = W[4] - np.exp(3.0 * W[5]) + 1.0
    moved = difficulty - W[6] * (np.asarray(rating) - 3.0) * (10.0 - difficulty) / 9.0
    drawn_back: FloatArray = np.clip(W[7] * easy + (1.0 - W[7]) * moved, 1.0, 10.0)
    return drawn_back


def _recalled(stability: FloatArray, difficulty: FloatArray, left: FloatArray, *, rating: IntArray) -> FloatArray:
    bonus = np.where(rating == 2, W[15], np.where(rating == 4, W[16], 1.0))
    growth = np.exp(W[8]) * (11.0 - difficulty) * stability ** -W[9] * (np.exp((1.0 - left) * W[10]) - 1.0)
    grown: FloatArray = stability * (1.0 + growth * bonus)
    return grown


def _failed(stability: FloatArray, difficulty: FloatArray, left: FloatArray) -> FloatArray:
    fallen = W[11] * difficulty ** -W[12] * ((stability + 1.0) ** W[13] - 1.0) * np.exp((1.0 - left) * W[14])
    lower: FloatArray = np.minimum(fallen, stability / np.exp(W[17] * W[18]))
    return lower


def _same_day(stability: FloatArray, rating: IntArray) -> FloatArray:
    factor = np.exp(W[17] * (rating - 3.0 + W[18])) * stability ** -W[19]
    settled: FloatArray = stability * np.where(rating >= 2, np.maximum(factor, 1.0), factor)
    return settled
