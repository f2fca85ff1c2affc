"""EASE: every item is predicted from all the others by one ridge regression in closed form (Steck, WWW 2019)."""

from typing import Self

import numpy as np

from lernpfad.collaborative.rows import dense_summed, opinions, share_taken, with_popularity
from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.errors import ConfigError
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
        inverse = _inverted(self._together(train))
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


def _inverted(matrix: FloatArray) -> FloatArray:
    """The inverse of a symmetric, positive definite matrix, `[I, I]`; the argument is used up."""
    from scipy.linalg import lapack

    factor, failed = lapack.dpotrf(matrix.T, lower=True, overwrite_a=True)
    inverse, failed_too = lapack.dpotri(factor, lower=True, overwrite_c=True)
    if failed or failed_too:
        raise ConfigError("EASE: X'X + regularization I cannot be inverted; expected a regularization above 0")
    whole: FloatArray = np.tril(inverse) + np.tril(inverse, -1).T
    return whole
