"""EASE: every item is predicted from all the others by one ridge regression in closed form (Steck, WWW 2019)."""

from typing import Self

import numpy as np

from lernpfad.collaborative.rows import dense_summed, opinions, share_taken, with_popularity
from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.persist import require_fitted
from lernpfad.core.sequences import Sequences


class EASE:
    """Scores `x B`, x the row of a history: 1 for a taken item, -`declined` for one offered and never taken, else 0.

    `P = (X'X + regularization I)^-1`, `B_ij = -P_ij / P_jj`, `B_ii = 0` (equation 8 of the paper): the weights that
    reproduce X best when no item may predict itself. Fitting takes `8 I^2` bytes a few times over, and time that
    grows with `I^3`. A history without a taken item gets popularity.
    Learned: `weight_` `[I, I]`, `share_` `[I]` (of the learners who took each item).
    """

    weight_: FloatArray
    share_: FloatArray

    def __init__(self, regularization: float = 100.0, declined: float = 0.0) -> None:
        self.regularization = regularization
        self.declined = declined

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Solve for B; `valid` is not used."""
        from scipy.linalg import cho_factor, cho_solve

        factor = cho_factor(self._together(train), lower=True, overwrite_a=True, check_finite=False)
        inverse = cho_solve(factor, np.eye(len(train.catalog)), overwrite_b=True, check_finite=False)
        inverse /= -np.diag(inverse).copy()
        np.fill_diagonal(inverse, 0.0)
        self.weight_ = np.ascontiguousarray(inverse, dtype=np.float32)  # rows are what is read
        self.share_ = share_taken(train)
        return self

    def _together(self, train: Sequences) -> FloatArray:
        """`X'X + regularization I`, `[I, I]`."""
        from scipy.sparse import csr_matrix

        items = len(train.catalog)
        said = opinions(train, items, declined=self.declined)
        table = csr_matrix((said.gain, (said.owner, said.row)), shape=(len(train.learners), items))
        together: FloatArray = (table.T @ table).toarray()
        together[np.diag_indices(items)] += self.regularization
        return together

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Predicted take-up, `[learners, items]`; 0 for an item that was not in the catalog at `fit`."""
        require_fitted(self)
        said = opinions(histories, len(self.share_), declined=self.declined)
        return with_popularity(dense_summed(self.weight_, said, len(histories.learners)), self.share_, histories, items)
