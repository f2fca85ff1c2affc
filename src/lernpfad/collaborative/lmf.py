"""Logistic matrix factorisation (Johnson, NIPS workshop 2014): fitted by `implicit`, folded in and served by numpy."""

from typing import Any, Self

import numpy as np

from lernpfad.collaborative.foldin import Factors, Said, Surface, batches, lowest, sigmoid, softplus
from lernpfad.collaborative.negatives import Negatives
from lernpfad.collaborative.rows import share_taken
from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.sequences import Sequences

_STEPS = 12


class LMF(Factors):
    """P(taken) = sigmoid(w . v + learner's bias + item's bias); a history is folded in, so nobody needs a row number.

    Folding in finds the w with the lowest `alpha sum_taken log(1 + e^-s) + declined sum_declined log(1 + e^s) +
    n sum_j q_j log(1 + e^s_j) + regularization / 2 w.w`, with the items' factors frozen: the loss of the fit. q_j are
    the items' shares of all interactions, from which `implicit` draws its n negatives for each learner (as many as
    factors, or fewer), here by `negatives` items that stand for all. A declined offer, never taken, is a negative of
    weight `declined`. `implicit` has no place for it in its fit, where a weight below 0 would push a score down
    without end, so declined offers are used in folding in alone.

    alpha: weight of what was taken. threads: of the fit; with one thread a seed gives equal bits.
    Learned: `items_` `[I, factors + 1]` (the last is 1, for the learner's bias), `bias_`, `share_` `[I]`.
    """

    def __init__(
        self,
        factors: int = 16,
        learning_rate: float = 0.3,
        regularization: float = 0.6,
        alpha: float = 1.0,
        declined: float = 1.0,
        iterations: int = 100,
        neg_prop: int = 30,
        negatives: int = 100,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.factors = factors
        self.learning_rate = learning_rate
        self.regularization = regularization
        self.alpha = alpha
        self.declined = declined
        self.iterations = iterations
        self.neg_prop = neg_prop
        self.negatives = negatives
        self.threads = threads
        self.seed = seed

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Factorise what the learners took; `valid` is not used. Listeners hear `train/seconds` after each sweep."""
        model = self._factorised(Said.of(train, len(train.catalog)), (len(train.learners), len(train.catalog)))
        rest = np.arange(self.factors + 2) != self.factors  # the column that holds the items' biases, and ones
        self.items_ = np.ascontiguousarray(model.item_factors[:, rest], dtype=np.float32)
        self.bias_ = np.ascontiguousarray(model.item_factors[:, self.factors], dtype=np.float32)
        self.share_ = share_taken(train)
        self.trained = np.ascontiguousarray(model.user_factors[:, rest])
        return self

    def _factorised(self, said: Said, shape: tuple[int, int]) -> Any:
        from implicit.cpu.lmf import LogisticMatrixFactorization
        from scipy.sparse import csr_matrix

        said = said.picked(said.taken)
        weight = np.full(len(said.owner), self.alpha, dtype=np.float32)
        model = LogisticMatrixFactorization(
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
            neg_prop=self.neg_prop,
            num_threads=self.threads,
            random_state=self.seed,
        )
        table = csr_matrix((weight, (said.owner, said.item)), shape=shape)
        model.fit(table, show_progress=False, callback=self._heard)
        return model

    def _folded(self, said: Said, learners: int) -> FloatArray:
        if not self.declined:
            said = said.picked(said.taken)
        vectors = self.items_
        folded = np.zeros((learners, vectors.shape[1]))
        others = Negatives.of(self.share_, self.negatives)
        sizes = np.bincount(said.owner, minlength=learners)
        for some, rows, there in batches(sizes, wide=max(vectors.shape[1], len(others.item))):
            surface = self._surface(vectors, said.item[rows], said.taken[rows], there, others)
            folded[some] = lowest(surface, folded[some], steps=_STEPS)
        return folded

    def _surface(
        self, vectors: FloatArray, item: IntArray, taken: BoolArray, there: BoolArray, others: Negatives
    ) -> Any:
        """The loss of some learners' factors; all three arrays `[some, longest]`."""
        drawn = np.minimum((taken & there).sum(axis=1) * self.neg_prop, self.factors + 2)
        weight = np.where(there, np.where(taken, self.alpha, self.declined), 0.0)
        sign = np.where(taken, -1.0, 1.0)
        mine, bias = vectors[item].astype(np.float64), self.bias_[item].astype(np.float64)
        shared, shared_bias = vectors[others.item].astype(np.float64), self.bias_[others.item].astype(np.float64)
        shared_weight = drawn[:, None] * others.chance
        ridge = self.regularization * np.eye(vectors.shape[1])
        outer = (shared[:, :, None] * shared[:, None, :]).reshape(len(shared), ridge.size)

        def at(w: FloatArray) -> Surface:
            own = sign * ((mine @ w[:, :, None])[:, :, 0] + bias)
            rest = w @ shared.T + shared_bias
            value = (weight * softplus(own)).sum(axis=1) + (shared_weight * softplus(rest)).sum(axis=1)
            p, q = sigmoid(own), sigmoid(rest)
            slope = ((weight * sign * p)[:, None, :] @ mine)[:, 0] + (shared_weight * q) @ shared
            curvature = mine.transpose(0, 2, 1) @ (mine * (weight * p * (1 - p))[:, :, None]) + ridge
            curvature += ((shared_weight * q * (1 - q)) @ outer).reshape(curvature.shape)
            size = 0.5 * self.regularization * np.square(w).sum(axis=1)
            return Surface(value + size, slope + self.regularization * w, curvature)

        return at
