"""What learners took, as batches: windows of histories to train on, histories with what came later to validate on."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from lernpfad.core import UNKNOWN, BoolArray, IntArray, Sequences
from lernpfad.core.events import Seen, last_events, rectangle, rows_of


class Takes(NamedTuple):
    """Events of some windows, oldest first, padded to a rectangle on the right.

    item: `[B, T]`, -1 where there is no event. taken: `[B, T]`, False for a declined offer.
    wanted: `[B, T + 1]`, the item that is taken next after t events; -1 where that is unknown or not asked.
    """

    item: Tensor
    taken: Tensor
    wanted: Tensor


class Later(NamedTuple):
    """Histories, and what was taken after them.

    item, taken: `[B, T]` as in `Takes`. later: `[B, R]`, distinct items to be found, -1 for padding.
    """

    item: Tensor
    taken: Tensor
    later: Tensor


def count(item: Tensor) -> Tensor:
    """How many events each window has, `[B]`."""
    return (item != UNKNOWN).sum(dim=1)


class TakeWindows(Dataset[Takes]):
    """Histories cut into windows that overlap by one row, the last row of each history being the last of a window.

    A window has the `seen.window` rows that are shown, and one more to be predicted. Index it with windows, get their
    `Takes`; only the rows of a batch are ever looked at. What comes first is asked of a history's first window alone.
    """

    def __init__(self, histories: Sequences, seen: Seen) -> None:
        self.histories, self.seen = histories, seen
        lengths = histories.lengths
        number = np.maximum(-(-(lengths - 1) // seen.window), (lengths > 0).astype(np.int64))
        owner = np.repeat(np.arange(len(lengths)), number)
        back = np.repeat(np.cumsum(number), number) - 1 - np.arange(len(owner))  # 0 for the last window
        end = lengths[owner] - back * seen.window
        first = np.maximum(end - seen.window - 1, 0)
        self.first, self.lengths, self.opens = histories.offsets[owner] + first, end - first, first == 0

    def __getitem__(self, windows: IntArray) -> Takes:
        item, taken = _packed(self.histories, self.first[windows], self.lengths[windows], self.seen)
        wanted = _next_taken(item, taken)
        wanted[~self.opens[windows], 0] = UNKNOWN
        # the last event is asked for, never shown
        return Takes(*(torch.from_numpy(np.ascontiguousarray(one)) for one in (item[:, :-1], taken[:, :-1], wanted)))


class LaterTakes(Dataset[Later]):
    """Learners with what they took later: rows from the first one on that `extra["scored"]` holds, if there are any.

    A learner without such a column, or of whom everything is scored, is asked for her last take. most: so many
    learners are enough; they are drawn once and for all.
    """

    def __init__(self, histories: Sequences, seen: Seen, *, most: int | None = None) -> None:
        self.seen = seen
        took = histories.accepted & (histories.item >= 0) & (histories.item < seen.items)
        begin = _begin(histories, took)
        shown = histories.position < begin[histories.owner]
        asked = took & ~shown & histories.extra.get("scored", np.ones(len(histories), dtype=bool))
        self._later = _distinct(histories, asked, shown & took)
        learners = np.flatnonzero([len(mine) > 0 for mine in self._later])
        if most is not None and len(learners) > most:
            learners = np.sort(np.random.default_rng(0).choice(learners, most, replace=False))
        self._later = [self._later[j] for j in learners]
        self._shown = histories.where(shown).select(learners)
        self.lengths = np.minimum(self._shown.lengths, seen.window)

    def __getitem__(self, learners: IntArray) -> Later:
        item, taken = last_events(self._shown, learners, self.seen)
        later = [self._later[j] for j in learners]
        padded = np.full((len(later), max(map(len, later))), UNKNOWN, dtype=np.int64)
        for row, mine in zip(padded, later, strict=True):
            row[: len(mine)] = mine
        return Later(*(torch.from_numpy(one) for one in (item, taken, padded)))


def _packed(histories: Sequences, first: IntArray, lengths: IntArray, seen: Seen) -> tuple[IntArray, BoolArray]:
    rows, owner = rows_of(first, lengths)
    item, accepted = histories.item[rows], histories.accepted[rows]
    usable = seen.usable(item, accepted)
    number = np.bincount(owner[usable], minlength=len(lengths))
    return rectangle(item[usable], number, UNKNOWN), rectangle(accepted[usable], number, False)


def _next_taken(item: IntArray, taken: BoolArray) -> IntArray:
    """The item of the first take from each event on, `[B, T]`; -1 where there is none."""
    width = item.shape[1]
    place = np.where(taken, np.arange(width), width)
    following = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
    beyond = np.concatenate([item, np.full((len(item), 1), UNKNOWN)], axis=1)
    wanted: IntArray = np.take_along_axis(beyond, following, axis=1)
    return wanted


def _begin(histories: Sequences, took: BoolArray) -> IntArray:
    """Position of the first row of each learner that is not shown, `[J]`."""
    last = np.full(len(histories.learners), 0)
    np.maximum.at(last, histories.owner[took], histories.position[took])
    scored = histories.extra.get("scored")
    if scored is None:
        return last
    first = histories.lengths.copy()
    np.minimum.at(first, histories.owner[scored], histories.position[scored])
    return np.where(first == 0, last, first)


def _distinct(histories: Sequences, asked: BoolArray, before: BoolArray) -> list[IntArray]:
    later, earlier = histories.where(asked), histories.where(before)
    return [
        np.setdiff1d(later.item[a:b], earlier.item[c:d]).astype(np.int64)
        for a, b, c, d in zip(
            later.offsets[:-1], later.offsets[1:], earlier.offsets[:-1], earlier.offsets[1:], strict=True
        )
    ]
