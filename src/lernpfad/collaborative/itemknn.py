"""Items like those that were taken: nearest neighbours among items, found by `implicit`, summed by numpy."""

import warnings
from typing import Any, Literal, Self, TypeAlias

import numpy as np

from lernpfad.collaborative.rows import SparseRows, opinions, share_taken, with_popularity
from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.errors import ConfigError
from lernpfad.core.persist import require_fitted
from lernpfad.core.sequences import Sequences

Weighting: TypeAlias = Literal["cosine", "tfidf", "bm25"]
_WEIGHTINGS = ("cosine", "tfidf", "bm25")


class ItemKNN:
    """Scores an item by the sum of its likeness to the items of a history, over the `neighbours` nearest of each.

    weighting: items are alike by the cosine of their learners ("cosine"), by the same with learners of long histories
    counting less ("tfidf"), or by Okapi BM25 ("bm25") with `k1`, the count at which more learners add little, and
    `b`, how far often taken items are held back. declined: an item that was offered and never taken counts as minus
    so much of a taken one; likeness itself is learned from what was taken. A history without a taken item gets
    popularity. Learned: `offset_` `[I+1]`, `item_`, `weight_` `[pairs]`, `share_` `[I]`.
    """

    offset_: IntArray
    item_: IntArray
    weight_: FloatArray
    share_: FloatArray

    def __init__(
        self,
        neighbours: int = 100,
        weighting: Weighting = "tfidf",
        k1: float = 1.2,
        b: float = 0.75,
        declined: float = 0.0,
        threads: int = 1,
    ) -> None:
        if weighting not in _WEIGHTINGS:
            raise ConfigError(f"ItemKNN: weighting is '{weighting}', expected one of {', '.join(_WEIGHTINGS)}")
        self.neighbours = neighbours
        self.weighting = weighting
        self.k1 = k1
        self.b = b
        self.declined = declined
        self.threads = threads

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Find the neighbours of every item; `valid` is not used."""
        from implicit.utils import ParameterWarning
        from scipy.sparse import csr_matrix

        items = len(train.catalog)
        taken = opinions(train, items, declined=0.0)
        table = csr_matrix((taken.gain, (taken.owner, taken.row)), shape=(len(train.learners), items))
        model = self._model()
        # an item of learners who all count nothing is like no other; and implicit warns about its own matrices
        with np.errstate(invalid="ignore"), warnings.catch_warnings(action="ignore", category=ParameterWarning):
            model.fit(table, show_progress=False)
        alike = model.similarity.tocoo()
        key, weight = _nearest(alike.row.astype(np.int64), alike.col, alike.data, items=items, k=self.neighbours)
        self.offset_, self.item_, self.weight_ = SparseRows.of(key, weight, items)
        self.share_ = share_taken(train)
        return self

    def _model(self) -> Any:
        from implicit import nearest_neighbours as implicit

        size = {"K": self.neighbours + 1, "num_threads": self.threads}  # the nearest is mostly the item itself
        if self.weighting == "bm25":
            return implicit.BM25Recommender(K1=self.k1, B=self.b, **size)
        return (implicit.CosineRecommender if self.weighting == "cosine" else implicit.TFIDFRecommender)(**size)

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Summed likeness, `[learners, items]`; 0 for an item that was not in the catalog at `fit`."""
        require_fitted(self)
        said = opinions(histories, len(self.share_), declined=self.declined)
        scores = SparseRows(self.offset_, self.item_, self.weight_).summed(said, len(histories.learners))
        return with_popularity(scores, self.share_, histories, items)


def _nearest(row: IntArray, column: IntArray, weight: FloatArray, *, items: int, k: int) -> tuple[IntArray, FloatArray]:
    """The k heaviest entries of each row off the diagonal, as ascending keys `row * items + column`, and weights."""
    other = (row != column) & (np.nan_to_num(weight) != 0)
    row, column, weight = row[other], column[other], weight[other]
    order = np.lexsort((column, -weight, row))
    row, column, weight = row[order], column[order], weight[order]
    near = np.arange(len(row)) - np.searchsorted(row, row) < k
    key = row[near] * items + column[near]
    ascending = np.argsort(key)
    return key[ascending], weight[near][ascending]
