"""Alternating least squares on what was taken (Hu, Koren & Volinsky 2008), fitted by `implicit`, served by numpy."""

from typing import Any, Self

import numpy as np

from lernpfad.collaborative.foldin import Factors, Said, batches
from lernpfad.core.arrays import FloatArray
from lernpfad.core.sequences import Sequences


class ALS(Factors):
    """Matrix factorisation of learners x items; a history is folded in, so nobody needs a row number.

    A taken item is a one of confidence `alpha`, however often it was taken. An item that was offered, declined and
    never taken is a zero of confidence `declined`; every other item is a zero of confidence 1. Folding in solves
    `(V'V + sum (c - 1) v v' + regularization I) w = sum c p v` over the items v of the history, c their confidence
    and p 1 or 0, which is what the fit itself does (equation 4 of the paper). A history in which nothing was taken
    gets popularity.

    factors: width of the factors. iterations: sweeps. threads: of the fit; with one thread a seed gives equal bits.
    Learned: `items_` `[I, factors]`, `share_` `[I]` (of the learners who took each item).
    """

    def __init__(
        self,
        factors: int = 16,
        regularization: float = 10.0,
        alpha: float = 10.0,
        declined: float = 10.0,
        iterations: int = 15,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.declined = declined
        self.iterations = iterations
        self.threads = threads
        self.seed = seed

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Factorise what the learners took; `valid` is not used. Listeners hear `train/loss` after each sweep."""
        said = Said.of(train, len(train.catalog))
        model = self._factorised(said, shape=(len(train.learners), len(train.catalog)))
        self.items_ = np.ascontiguousarray(model.item_factors, dtype=np.float32)
        self.trained = np.ascontiguousarray(model.user_factors)
        count = np.bincount(said.item[said.taken], minlength=len(train.catalog))
        self.share_ = count / max(len(train.learners), 1)
        return self

    def _factorised(self, said: Said, *, shape: tuple[int, int]) -> Any:
        # before the limit is set: importing loads a BLAS of its own, which must come under it
        from implicit.cpu.als import AlternatingLeastSquares
        from scipy.sparse import csr_matrix
        from threadpoolctl import threadpool_limits

        def told(sweep: int, seconds: float, loss: float | None) -> None:
            for listener in self.listeners:
                listener(sweep, {"train/loss": float(loss or 0.0), "train/seconds": seconds})

        # the sign of an entry says one or zero, its size is the confidence
        signed = np.where(said.taken, self.alpha, -self.declined).astype(np.float32)
        with threadpool_limits(1, "blas"):
            model: Any = AlternatingLeastSquares(
                factors=self.factors,
                regularization=self.regularization,
                iterations=self.iterations,
                num_threads=self.threads,
                random_state=self.seed,
                calculate_training_loss=bool(self.listeners),
            )
            model.fit(csr_matrix((signed, (said.owner, said.item)), shape=shape), show_progress=False, callback=told)
        return model

    def _bias(self) -> FloatArray:
        return np.zeros(len(self.items_))

    def _folded(self, said: Said, learners: int) -> FloatArray:
        width = self.items_.shape[1]
        ridge = self.items_.T @ self.items_ + self.regularization * np.eye(width)
        folded = np.zeros((learners, width))
        weight = np.where(said.taken, self.alpha, self.declined) - 1.0
        for some, rows, there in batches(np.bincount(said.owner, minlength=learners), wide=width):
            vectors = np.where(there[:, :, None], self.items_[said.item[rows]], 0.0)
            heavy, right = np.where(there, weight[rows], 0.0), np.where(said.taken[rows] & there, self.alpha, 0.0)
            if rows.shape[1] < width:
                folded[some] = _narrow(vectors, vectors @ np.linalg.inv(ridge), heavy, right)
            else:
                folded[some] = _wide(vectors, ridge, heavy, right)
        return folded


def _wide(factors: FloatArray, ridge: FloatArray, heavy: FloatArray, right: FloatArray) -> FloatArray:
    """w of `(R + V'HV) w = V'r` for each learner, `[L, F]`; factors V `[L, n, F]`, heavy H and right r `[L, n]`."""
    normal = ridge + (factors * heavy[:, :, None]).transpose(0, 2, 1) @ factors
    solved: FloatArray = np.linalg.solve(normal, factors.transpose(0, 2, 1) @ right[:, :, None])[:, :, 0]
    return solved


def _narrow(factors: FloatArray, eased: FloatArray, heavy: FloatArray, right: FloatArray) -> FloatArray:
    """The same from n equations instead of F, for the scores s = Vw: `(I + KH) s = Kr`, then `w = R^-1 V'(r - Hs)`.

    K is `V R^-1 V'`; eased is `V R^-1`, `[L, n, F]`.
    """
    kernel = factors @ eased.transpose(0, 2, 1)
    scores = np.linalg.solve(np.eye(kernel.shape[1]) + kernel * heavy[:, None, :], kernel @ right[:, :, None])
    solved: FloatArray = ((right - heavy * scores[:, :, 0])[:, None, :] @ eased)[:, 0]
    return solved
