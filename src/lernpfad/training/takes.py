"""What learners took, as batches: windows of histories to train on, histories with what came later to validate on."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from lernpfad.core import UNKNOWN, BoolArray, DataError, IntArray, Sequences
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

    item, taken: `[B, T]` as in `Takes`. before: `[B, S]`, distinct items that were taken so far, be it long before what
    is shown. later: `[B, R]`, distinct items to be found. -1 is padding.
    """

    item: Tensor
    taken: Tensor
    before: Tensor
    later: Tensor


def count(item: Tensor) -> Tensor:
    """How many events each window has, `[B]`."""
    return (item != UNKNOWN).sum(dim=1)


class TakeWindows(Dataset[Takes]):
    """Events of histories cut into windows that overlap by one, a history's last event being the last of a window.

    A window has the `seen.window` events that are shown, and one more to be predicted. Index it with windows, get their
    `Takes`; only the rows of a batch are ever looked at. What comes first is asked of a history's first window alone;
    windows of which nothing is asked are left out.
    """

    def __init__(self, histories: Sequences, seen: Seen) -> None:
        usable = seen.usable(histories.item, histories.accepted)
        self.histories = histories if usable.all() else histories.where(usable)
        lengths, offsets = self.histories.lengths, self.histories.offsets
        number = np.maximum(-(-(lengths - 1) // seen.window), (lengths > 0).astype(np.int64))
        owner = np.repeat(np.arange(len(lengths)), number)
        back = np.repeat(np.cumsum(number), number) - 1 - np.arange(len(owner))  # 0 for the last window
        end = lengths[owner] - back * seen.window
        first = np.maximum(end - seen.window - 1, 0)
        so_far = np.concatenate([[0], np.cumsum(self.histories.accepted)])
        asks = so_far[offsets[owner] + end] > so_far[offsets[owner] + first + (first > 0)]
        self.first, self.lengths, self.opens = (offsets[owner] + first)[asks], (end - first)[asks], (first == 0)[asks]

    def __getitem__(self, windows: IntArray) -> Takes:
        item, taken = _packed(self.histories, self.first[windows], self.lengths[windows])
        wanted = _next_taken(item, taken)
        wanted[~self.opens[windows], 0] = UNKNOWN
        # the last event is asked for, never shown
        return Takes(*(torch.from_numpy(np.ascontiguousarray(one)) for one in (item[:, :-1], taken[:, :-1], wanted)))


class LaterTakes(Dataset[Later]):
    """Learners with what they took later: rows from the first one on that `extra["scored"]` holds, if there are any.

    A learner without such a column, or of whom everything is scored, is asked for the last item that was new to her.
    most: so many learners are enough; they are drawn once and for all. DataError where nobody has anything to be found.
    """

    def __init__(self, histories: Sequences, seen: Seen, *, most: int | None = None) -> None:
        self.seen = seen
        took = histories.accepted & (histories.item >= 0) & (histories.item < seen.items)
        begin = _begin(histories, took)
        shown = histories.position < begin[histories.owner]
        asked = took & ~shown & histories.extra.get("scored", np.ones(len(histories), dtype=bool))
        pair = histories.owner * seen.items + histories.item
        found = asked & ~np.isin(pair, pair[shown & took])
        learners = np.unique(histories.owner[found])
        if not len(learners):
            raise DataError(
                "training: no validation learner took an item in her scored rows that was new to her; mend the split"
            )
        if most is not None and len(learners) > most:
            learners = np.sort(np.random.default_rng(0).choice(learners, most, replace=False))
        before, later = histories.where(shown & took), histories.where(found)
        self._later, self._before = ([np.unique(_of(part, j)) for j in learners.tolist()] for part in (later, before))
        self._shown = histories.where(shown).select(learners)
        self.lengths = np.minimum(self._shown.lengths, seen.window)

    def __getitem__(self, learners: IntArray) -> Later:
        item, taken = last_events(self._shown, learners, self.seen)
        before, later = (_padded([some[j] for j in learners]) for some in (self._before, self._later))
        return Later(*(torch.from_numpy(one) for one in (item, taken, before, later)))


def _packed(histories: Sequences, first: IntArray, lengths: IntArray) -> tuple[IntArray, BoolArray]:
    rows, _ = rows_of(first, lengths)
    return rectangle(histories.item[rows], lengths, UNKNOWN), rectangle(histories.accepted[rows], lengths, False)


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
    rows = np.flatnonzero(took)
    _, new = np.unique(histories.owner[rows] * len(histories.catalog) + histories.item[rows], return_index=True)
    last = np.full(len(histories.learners), 0)
    np.maximum.at(last, histories.owner[rows[new]], histories.position[rows[new]])
    scored = histories.extra.get("scored")
    if scored is None:
        return last
    first = histories.lengths.copy()
    np.minimum.at(first, histories.owner[scored], histories.position[scored])
    return np.where(first == 0, last, first)


def _of(histories: Sequences, learner: int) -> IntArray:
    """Items of one learner."""
    items: IntArray = histories.item[histories.offsets[learner] : histories.offsets[learner + 1]].astype(np.int64)
    return items


def _padded(lists: list[IntArray]) -> IntArray:
    """Lists as a rectangle, filled up with -1 on the right."""
    lengths = np.array([len(one) for one in lists])
    filled: IntArray = rectangle(np.concatenate(lists), lengths, UNKNOWN)
    return filled
