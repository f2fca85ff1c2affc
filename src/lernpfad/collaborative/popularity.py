"""How many learners took an item: the floor that every recommender has to beat."""

from typing import Self

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.events import taken_pairs
from lernpfad.core.persist import require_fitted
from lernpfad.core.sequences import Sequences


class Popularity:
    """Scores an item by the number of learners who took it, the same for every history.

    Declined offers do not count. Learned: `learners_`, `[I]`.
    """

    learners_: FloatArray

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Count the learners of each item of the catalog; `valid` is not used."""
        _, item = taken_pairs(train, len(train.catalog))
        self.learners_ = np.bincount(item, minlength=len(train.catalog)).astype(np.float64)
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Learners of each item, `[learners, items]`; 0 for an item that was not in the catalog at `fit`."""
        require_fitted(self)
        counts = np.append(self.learners_, 0.0)[within(items, len(self.learners_))]
        return np.repeat(counts[None, :], len(histories.learners), axis=0)


def within(items: IntArray, known: int) -> IntArray:
    """Item indices with everything unknown to the model at index `known`, the place of a neutral last row."""
    items = np.asarray(items)
    return np.where((items >= 0) & (items < known), items, known)
