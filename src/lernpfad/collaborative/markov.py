"""What follows what: a Markov chain over items with a decaying memory, the baseline to beat."""

from typing import Self

import numpy as np

from lernpfad.collaborative.rows import SparseRows, Terms, share_taken, with_popularity
from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.persist import require_fitted
from lernpfad.core.sequences import Sequences

_TIES = 1e-9
"""Of equal scores the more popular item comes first; no other two scores are brought out of order."""


class Markov:
    """Scores item i by `sum_p decay^(p-1) T[h_p, i]` over the last items h_1 (the latest), h_2, ... of a history.

    `T[a, b] = (C[a, b] - declined D[a, b]) / (sum_b C[a, b] + shrink)`. `C[a, b]` is the sum of 1/d over all cases in
    which b was taken d <= window places after a, counted over what was taken; `D[a, b]` likewise, over cases in which
    b was declined there and never taken. Rows of rare items are drawn towards 0, so that
    earlier items of the history, and popularity behind them, take over: this is the back-off.

    last: items of a history that count. A history without any known item gets popularity.
    Learned: `offset_` `[I+1]`, `item_`, `weight_` `[pairs]` (the rows of T), `share_` `[I]`.
    """

    offset_: IntArray
    item_: IntArray
    weight_: FloatArray
    share_: FloatArray

    def __init__(
        self, window: int = 5, decay: float = 0.6, last: int = 20, shrink: float = 5.0, declined: float = 0.0
    ) -> None:
        self.window = window
        self.decay = decay
        self.last = last
        self.shrink = shrink
        self.declined = declined

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Count what follows what; `valid` is not used."""
        items = len(train.catalog)
        known = train.where((train.item >= 0) & (train.item < items))
        key, count = self._followed(known, known.accepted)
        out = np.bincount(key // max(items, 1), weights=count, minlength=items) + self.shrink
        if self.declined and not known.accepted.all():
            pair = known.owner * items + known.item
            less, by = self._followed(known, ~known.accepted & ~np.isin(pair, pair[known.accepted]))
            key, count = _added(np.concatenate([key, less]), np.concatenate([count, -self.declined * by]))
        self.offset_, self.item_, self.weight_ = SparseRows.of(key, count / out[key // max(items, 1)], items)
        self.share_ = share_taken(train)
        return self

    def _followed(self, known: Sequences, later: BoolArray) -> tuple[IntArray, FloatArray]:
        """How near, in all, the rows `later` came after taken ones: distinct keys `a * I + b`, and sums of 1/d."""
        taken = known.where(known.accepted)
        so_far = np.concatenate([[0], np.cumsum(known.accepted)])
        last = so_far[:-1][later]  # the row of `taken` that follows the latest one before
        before = last - taken.offsets[known.owner[later]]
        item = known.item[later].astype(np.int64)
        keys = [
            taken.item[last[before >= d] - d].astype(np.int64) * len(known.catalog) + item[before >= d]
            for d in range(1, self.window + 1)
        ]
        near = np.repeat(1.0 / np.arange(1, self.window + 1), [len(some) for some in keys])
        return _added(np.concatenate(keys), near)

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Decayed chances to follow, `[learners, items]`; 0 for an item that was not in the catalog at `fit`."""
        require_fitted(self)
        rows = SparseRows(self.offset_, self.item_, self.weight_)
        scores = rows.summed(self._latest(histories), len(histories.learners))
        return with_popularity(scores, self.share_, histories, items, ties=_TIES)

    def _latest(self, histories: Sequences) -> Terms:
        known = histories.where(histories.accepted & (histories.item >= 0) & (histories.item < len(self.share_)))
        back = np.repeat(known.lengths, known.lengths) - known.position  # 1 for the latest
        recent = back <= self.last
        return Terms(known.owner[recent], known.item[recent], self.decay ** (back[recent] - 1.0))


def _added(key: IntArray, weight: FloatArray) -> tuple[IntArray, FloatArray]:
    """Distinct keys, ascending, and the sum of the weights of each."""
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1) != 0)
    return ordered[first], np.add.reduceat(weight[order], first) if len(first) else weight
