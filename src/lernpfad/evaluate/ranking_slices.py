"""Where a recommender is good: by how much is known of the learner, and by how popular her targets are."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from lernpfad.core import BoolArray, FloatArray, IntArray

HISTORY: Final = ("0", "1-4", "5-9", "10-19", "20-49", "50-99", "100+")
"""Items that a learner had taken."""

POPULARITY: Final = ("most taken third", "middle third", "least taken third", "never taken")
"""Her targets, by the third of all takings in training that they belong to."""

_ENDS: Final = (0, 4, 9, 19, 49, 99)


def rarity(takers: IntArray) -> FloatArray:
    """Where items stand among all takings, `[I]` in [0, 1]: 0 the most taken, towards 1 the rare, 1 what nobody took.

    takers: `[I]`. The share of all takings that fell on items taken more often, plus half of those on equal ones.
    """
    level, place, count = np.unique(-np.asarray(takers), return_inverse=True, return_counts=True)
    mass = -level * count
    before = np.cumsum(mass) - mass
    return np.where(np.asarray(takers) > 0, ((before + mass / 2) / max(mass.sum(), 1))[place], 1.0)


def by_history(values: Mapping[str, FloatArray], length: IntArray, metrics: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Mean metrics with n, by items taken before, `[learners]`; only the ranges that have learners."""
    return _sliced(values, np.searchsorted(_ENDS, length, side="left"), HISTORY, metrics)


def by_popularity(
    values: Mapping[str, FloatArray], place: FloatArray, metrics: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """The same by the mean rarity of a learner's targets, `[learners]`."""
    return _sliced(values, np.where(place >= 1.0, 3, np.minimum((place * 3).astype(np.int64), 2)), POPULARITY, metrics)


def _sliced(
    values: Mapping[str, FloatArray], group: IntArray, names: Sequence[str], metrics: Sequence[str]
) -> dict[str, dict[str, Any]]:
    masks: dict[str, BoolArray] = {name: group == number for number, name in enumerate(names)}
    return {
        name: {"n": int(mask.sum())} | {metric: float(values[metric][mask].mean()) for metric in metrics}
        for name, mask in masks.items()
        if mask.any()
    }
