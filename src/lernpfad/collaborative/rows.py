"""Items x items weights, of which a score is a weighted sum of rows: dense, or sparse as three plain arrays."""

from typing import NamedTuple

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.events import taken_pairs
from lernpfad.core.sequences import Sequences

_TOGETHER = 32
"""Rows gathered at once: few enough to stay in the cache."""
_MANY = 64
"""From so many learners on it pays to spread the rows out, as far as"""
_CELLS = 64_000_000
"""numbers can be held at once."""


class Terms(NamedTuple):
    """What is summed for whom, sorted by learner: row `row[n]` of the weights, times `gain[n]`, for `owner[n]`."""

    owner: IntArray
    row: IntArray
    gain: FloatArray


class SparseRows(NamedTuple):
    """Row a holds `weight[offset[a]:offset[a + 1]]` at the columns `item[offset[a]:offset[a + 1]]`, ascending."""

    offset: IntArray
    item: IntArray
    weight: FloatArray

    @classmethod
    def of(cls, key: IntArray, weight: FloatArray, items: int) -> "SparseRows":
        """From distinct, ascending keys `row * items + column`."""
        row, column = np.divmod(key, max(items, 1))
        offset = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=items))])
        return cls(offset, column.astype(np.int32), np.asarray(weight, dtype=np.float32))

    def summed(self, terms: Terms, learners: int) -> FloatArray:
        """The weighted sums of rows, `[learners, items]`; many learners share the work of spreading the rows out."""
        items = len(self.offset) - 1
        if learners >= _MANY:
            used = np.bincount(terms.row, minlength=items) > 0
            if np.count_nonzero(used) * items <= _CELLS:
                place = np.cumsum(used) - 1
                return dense_summed(self.dense(np.flatnonzero(used)), terms._replace(row=place[terms.row]), learners)
        sums = np.zeros((learners, items))
        first, last = self.offset[terms.row].tolist(), self.offset[terms.row + 1].tolist()
        for learner, mine in _spans(terms.owner, learners):
            parts = [slice(first[n], last[n]) for n in range(mine.start, mine.stop)]
            column = np.concatenate([self.item[part] for part in parts])
            gain = np.repeat(terms.gain[mine], [part.stop - part.start for part in parts])
            weight = np.concatenate([self.weight[part] for part in parts]) * gain
            sums[learner] = np.bincount(column, weights=weight, minlength=items)
        return sums

    def dense(self, rows: IntArray) -> FloatArray:
        """Some of the rows as a table, `[rows, items]`."""
        lengths = np.diff(self.offset)[rows]
        start = np.cumsum(lengths) - lengths
        place = np.repeat(self.offset[rows] - start, lengths) + np.arange(int(lengths.sum()))
        table = np.zeros((len(rows), len(self.offset) - 1), dtype=self.weight.dtype)
        table[np.repeat(np.arange(len(rows)), lengths), self.item[place]] = self.weight[place]
        return table


def dense_summed(table: FloatArray, terms: Terms, learners: int) -> FloatArray:
    """The weighted sums of rows of `table` `[items, items]`, `[learners, items]`."""
    sums = np.zeros((learners, table.shape[1]), dtype=table.dtype)
    gain = terms.gain.astype(table.dtype)
    for learner, mine in _spans(terms.owner, learners):
        for start in range(mine.start, mine.stop, _TOGETHER):
            some = slice(start, min(start + _TOGETHER, mine.stop))
            sums[learner] += gain[some] @ table[terms.row[some]]
    return sums


def opinions(histories: Sequences, items: int, *, declined: float) -> Terms:
    """What learners said to items, each pair once: 1 if taken, -`declined` if declined and never taken.

    With `declined` 0, taken items alone. Items that the model does not know are left out.
    """
    owner, item = taken_pairs(histories, items)
    taken = Terms(owner, item, np.ones(len(owner)))
    if not declined or histories.accepted.all():
        return taken
    known = ~histories.accepted & (histories.item >= 0) & (histories.item < items)
    turned_down = np.setdiff1d(histories.owner[known] * items + histories.item[known], owner * items + item)
    key = np.concatenate([owner * items + item, turned_down])
    gain = np.concatenate([taken.gain, np.full(len(turned_down), -declined)])
    order = np.argsort(key, kind="stable")
    return Terms(*np.divmod(key[order], max(items, 1)), gain[order])


def with_popularity(
    scores: FloatArray, share: FloatArray, histories: Sequences, items: IntArray, *, ties: float = 0.0
) -> FloatArray:
    """The columns of `items`, 0 where unknown; whoever has taken nothing known gets `share` `[I]` instead.

    scores: `[learners, I]`, not to be used again. ties: this times `share` is added to every score, so that the more
    popular of two equals stands first.
    """
    known = len(share)
    scores += ties * share
    took = histories.accepted & (histories.item >= 0) & (histories.item < known)
    scores[np.bincount(histories.owner[took], minlength=len(scores)) == 0] = share
    if np.array_equal(items, np.arange(known)):
        return scores  # the whole catalog, which need not be copied
    there = (items >= 0) & (items < known)
    return np.where(there, scores[:, np.where(there, items, 0)] if known else 0.0, 0.0)


def share_taken(train: Sequences) -> FloatArray:
    """Share of the learners who took each item, `[I]`."""
    _, item = taken_pairs(train, len(train.catalog))
    return np.bincount(item, minlength=len(train.catalog)) / max(len(train.learners), 1)


def _spans(owner: IntArray, learners: int) -> list[tuple[int, slice]]:
    """The learners with terms, and where these are."""
    bounds = np.searchsorted(owner, np.arange(learners + 1)).tolist()
    return [(j, slice(bounds[j], bounds[j + 1])) for j in range(learners) if bounds[j] < bounds[j + 1]]
