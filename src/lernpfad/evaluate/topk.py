"""The k best columns of a score matrix: exact, ties by column, and no slower than compiled code."""

from typing import Final

import numpy as np

from lernpfad.core import NOBODY, BoolArray, FloatArray, IntArray

_CELLS: Final = 400_000
"""Scores that are looked at together: few enough to stay in the processor's cache."""
_FOLD: Final = 32
"""Columns that are folded into one maximum, at most."""
_CROWD: Final = 6
"""Candidates for a place from which on ties are thinned out before sorting."""


def top(scores: FloatArray, k: int) -> IntArray:
    """The k best columns of each row, best first, ties by column: `[learners, k]`, -1 where the rest is -inf.

    scores: `[learners, items]`, no NaN. What a stable sort by falling score gives, in one pass over the scores.
    """
    learners, items = scores.shape
    best = np.full((learners, k), NOBODY, dtype=np.int64)
    if k and items:
        together = max(1, _CELLS // items)
        for first in range(0, learners, together):
            rows = scores[first : first + together]
            best[first : first + together, : min(k, items)] = _best(rows, min(k, items))
    return best


def _best(scores: FloatArray, k: int) -> IntArray:
    """`top` of a few rows, k at most their width."""
    floor = _floor(scores, k)
    reach = scores >= floor[:, None]
    many = np.count_nonzero(reach) > _CROWD * k * len(scores)
    row, column = _thinned(scores, k, floor) if many else _places(reach)
    if np.bincount(row).max() > _CROWD * k:
        row, column = _thinned(scores, k, floor)
    count = np.bincount(row, minlength=len(scores))
    start = np.cumsum(count) - count
    value = np.full((len(scores), int(count.max())), -np.inf, dtype=scores.dtype)
    value[row, np.arange(len(row)) - start[row]] = scores[row, column]
    order = np.argsort(-value, axis=1, kind="stable")[:, :k]
    best: IntArray = column[start[:, None] + order]
    return np.where(np.isneginf(np.take_along_axis(value, order, axis=1)), NOBODY, best)


def _floor(scores: FloatArray, k: int) -> FloatArray:
    """A score that at least k columns of the row reach, `[rows]`: the k-th best maximum of groups of columns."""
    groups = max(scores.shape[1] // _FOLD, min(4 * k, scores.shape[1]))
    highest = scores[:, :groups].copy()
    for first in range(groups, scores.shape[1], groups):
        part = scores[:, first : first + groups]
        np.maximum(highest[:, : part.shape[1]], part, out=highest[:, : part.shape[1]])
    return _kth(highest, k)


def _thinned(scores: FloatArray, k: int, floor: FloatArray) -> tuple[IntArray, IntArray]:
    """Exactly k candidates a row, of columns level with the k-th best the first ones; for scores with many ties."""
    bar = floor.copy()
    beyond = np.count_nonzero(scores > bar[:, None], axis=1) >= k  # elsewhere the floor is the k-th best
    if beyond.any():
        bar[beyond] = _kth(scores[beyond], k)
    found = [_places(scores > bar[:, None])]
    room = k - np.bincount(found[0][0], minlength=len(scores))
    waiting, width = np.arange(len(scores)), 2 * k
    while len(waiting):  # most rows have enough level columns near the front
        row, column = _places(scores[waiting, :width] == bar[waiting, None])
        levels = np.bincount(row, minlength=len(waiting))
        kept = np.arange(len(row)) - (np.cumsum(levels) - levels)[row] < room[waiting][row]
        done = levels >= room[waiting]
        kept &= done[row]
        found.append((waiting[row[kept]], column[kept]))
        waiting, width = waiting[~done], 4 * width
    row, column = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(row, kind="stable")
    return row[order], column[order]


def _places(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """(row, column) of what is True, row by row; much faster than `np.nonzero` where that is little."""
    row, column = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return row, column


def _kth(scores: FloatArray, k: int) -> FloatArray:
    """The k-th best score of each row, `[rows]`."""
    kth: FloatArray = np.partition(scores, scores.shape[1] - k, axis=1)[:, scores.shape[1] - k]
    return kth
