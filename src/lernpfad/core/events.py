"""What learners took: as pairs, and as rectangles of their last events, which is what a network is shown."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import UNKNOWN, Array, BoolArray, FloatArray, IntArray
from lernpfad.core.sequences import Sequences


@dataclass(frozen=True)
class Seen:
    """Which rows of a history are events: takes of known items, and, if `declined`, declined offers as well.

    items: how many are known. window: the last so many events are shown.
    """

    items: int
    window: int
    declined: bool = False

    def usable(self, item: IntArray, accepted: BoolArray) -> BoolArray:
        """Whether each row is an event."""
        known: BoolArray = (item >= 0) & (item < self.items)
        return known if self.declined else known & accepted


def taken_pairs(histories: Sequences, items: int) -> tuple[IntArray, IntArray]:
    """(learner, item) of every known item that was accepted, each pair once, sorted: two arrays `[pairs]`."""
    took: BoolArray = histories.accepted & (histories.item >= 0) & (histories.item < items)
    key = np.sort(histories.owner[took] * items + histories.item[took])  # much faster than np.unique
    owner, item = np.divmod(key[np.diff(key, prepend=-1) != 0], max(items, 1))
    return owner, item


def last_events(histories: Sequences, learners: IntArray, seen: Seen) -> tuple[IntArray, BoolArray]:
    """The last `seen.window` events of some learners: item and taken, `[B, T]`, T at least 1; -1 pads on the right."""
    rows, owner = rows_of(histories.offsets[learners], histories.lengths[learners])
    usable = seen.usable(histories.item[rows], histories.accepted[rows])
    rows, owner = rows[usable], owner[usable]
    number = np.bincount(owner, minlength=len(learners))
    from_end = np.repeat(np.cumsum(number), number) - np.arange(len(rows))
    rows, number = rows[from_end <= seen.window], np.minimum(number, seen.window)
    return rectangle(histories.item[rows], number, UNKNOWN), rectangle(histories.accepted[rows], number, False)


def rows_of(first: IntArray, lengths: IntArray) -> tuple[IntArray, IntArray]:
    """Rows `first[b], first[b] + 1, ...`, `lengths[b]` of them, one after the other, and the b of each."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    within: IntArray = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return first[owner] + within, owner


def rectangle(values: Array, lengths: IntArray, fill: int | bool) -> Array:
    """Values of all, one after the other, as `[B, longest]`, filled up on the right; at least one column."""
    there = np.arange(max(int(lengths.max(initial=0)), 1)) < lengths[:, None]
    filled = np.full(there.shape, fill, bool if isinstance(fill, bool) else np.int64)
    filled[there] = values
    return filled


def inner_products(known: FloatArray, vectors: FloatArray, items: IntArray) -> FloatArray:
    """Scores of items for what is known of learners, `[learners, items]`; an unknown item counts as the mean of all.

    known: `[learners, D]`. vectors: of the items, `[I, D]`. items: indices; outside of `[0, I)` they are unknown.
    """
    there = (items >= 0) & (items < len(vectors))
    asked = np.where(there[:, None], vectors[np.where(there, items, 0)], vectors.mean(axis=0))
    scores: FloatArray = known @ asked.T
    return scores
