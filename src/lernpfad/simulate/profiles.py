"""A learner's answers in a few numbers, as a discriminator looks at simulated and real learners of equal length."""

from typing import Final

import numpy as np

from lernpfad.core import Array, FloatArray, IntArray
from lernpfad.simulate import sharedview

NAMES: Final = (
    "correct",
    "correct at first opportunities",
    "correct at later opportunities",
    "later half minus first half",
    "correct after a right answer",
    "correct after a wrong answer",
    "lag-1 autocorrelation",
    "longest run of right answers",
    "longest run of wrong answers",
    "sets of skills",
    "highest opportunity",
    "same skill as before",
    "runs on one skill",
    "difficulty, mean bin",
    "difficulty, sd of bins",
    "correct on the harder half minus the easier",
    "correct minus expected by difficulty",
)
"""Columns of `profiles`; NaN where a learner has no such answers."""


def profiles(features: FloatArray, right: IntArray) -> FloatArray:
    """`[L, len(NAMES)]` from the shared view of learners with n answers each: `[L, n, F]` and `[L, n]`."""
    column = {name: features[:, :, place] for place, name in enumerate(sharedview.NAMES)}
    bins, chance = column["difficulty bin"], column["opportunity"]
    half, same = right.shape[1] // 2, column["same skill as before"] == 1
    hard = bins < np.median(bins, axis=1, keepdims=True)
    expected = (bins + 0.5) / sharedview.BINS
    found = [
        right.mean(axis=1),
        _where(right, chance == 0),
        _where(right, chance > 0),
        right[:, half:].mean(axis=1) - right[:, :half].mean(axis=1),
        _where(right[:, 1:], right[:, :-1] == 1),
        _where(right[:, 1:], right[:, :-1] == 0),
        _lagged(right),
        _longest(right == 1),
        _longest(right == 0),
        (chance == 0).sum(axis=1),
        chance.max(axis=1),
        same[:, 1:].mean(axis=1),
        1.0 + (~same[:, 1:]).sum(axis=1),
        bins.mean(axis=1),
        bins.std(axis=1),
        _where(right, hard) - _where(right, ~hard),
        (right - expected).mean(axis=1),
    ]
    return np.stack([np.asarray(one, dtype=np.float64) for one in found], axis=1)


def _where(values: Array, mask: Array) -> FloatArray:
    """Mean over the places where `mask` holds, NaN where it holds nowhere."""
    count = mask.sum(axis=1)
    mean: FloatArray = np.where(count > 0, (values * mask).sum(axis=1) / np.maximum(count, 1), np.nan)
    return mean


def _lagged(right: IntArray) -> FloatArray:
    """Correlation of each answer with the one before; NaN for somebody who is always right or always wrong."""
    now, before = right[:, 1:] - right.mean(axis=1, keepdims=True), right[:, :-1] - right.mean(axis=1, keepdims=True)
    power = right.var(axis=1)
    lagged: FloatArray = np.where(power > 0, (now * before).mean(axis=1) / np.where(power > 0, power, 1.0), np.nan)
    return lagged


def _longest(held: Array) -> IntArray:
    """Length of the longest run of True, `[L]`."""
    run, longest = np.zeros(len(held), dtype=np.int64), np.zeros(len(held), dtype=np.int64)
    for place in range(held.shape[1]):
        run = np.where(held[:, place], run + 1, 0)
        longest = np.maximum(longest, run)
    return longest
