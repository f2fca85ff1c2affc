"""Bayesian personalised ranking (Rendle et al., UAI 2009): fitted by `implicit`, folded in and served by numpy."""

from typing import Any, Self

import numpy as np

from lernpfad.collaborative.foldin import Factors, Said, Surface, batches, lowest, sigmoid, softplus
from lernpfad.collaborative.negatives import Negatives
from lernpfad.collaborative.rows import share_taken
from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.sequences import Sequences

_STEPS = 12
_MOST = 256
"""Of a longer history so many items are folded in, at even steps: pairs are many, factors are few."""


class BPR(Factors):
    """What was taken scores above what was not, by `w . v + item's bias`; a history is folded in with v frozen.

    Folding in finds the w with the lowest `sum_i sum_j q_j log(1 + e^(s_j - s_i)) + ridge / 2 w.w` over the taken
    items i and the items j that she said nothing to, which is what the fit's steps go down on average. q_j are the
    items' shares of all interactions, from which `implicit` draws negatives, here by `negatives` items that stand for
    all. The ridge is `n regularization + 1 / (learning_rate iterations)` for n taken items: the fit makes
    `n iterations` steps for a learner and stops early, which holds her factors back about as much as a ridge of
    one over the length of that way does (Ali, Kolter & Tibshirani 2019).

    An item that was declined and never taken is a j of weight `declined / n` for every i. `implicit` draws its
    negatives itself and takes no word on them, so declined offers are used in folding in alone.

    threads: of the fit; with one thread a seed gives equal bits. Learned: `items_` `[I, factors]`, `bias_`, `share_`.
    """

    def __init__(
        self,
        factors: int = 16,
        learning_rate: float = 0.05,
        regularization: float = 0.01,
        declined: float = 1.0,
        iterations: int = 100,
        negatives: int = 100,
        threads: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.factors = factors
        self.learning_rate = learning_rate
        self.regularization = regularization
        self.declined = declined
        self.iterations = iterations
        self.negatives = negatives
        self.threads = threads
        self.seed = seed

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Factorise what the learners took; `valid` is not used. Listeners hear `train/correct` after each sweep."""
        model = self._factorised(Said.of(train, len(train.catalog)), (len(train.learners), len(train.catalog)))
        self.items_ = np.ascontiguousarray(model.item_factors[:, :-1], dtype=np.float32)
        self.bias_ = np.ascontiguousarray(model.item_factors[:, -1], dtype=np.float32)
        self.share_ = share_taken(train)
        self.trained = np.ascontiguousarray(model.user_factors[:, :-1])
        return self

    def _factorised(self, said: Said, shape: tuple[int, int]) -> Any:
        from implicit.cpu.bpr import BayesianPersonalizedRanking
        from scipy.sparse import csr_matrix

        said = said.picked(said.taken)
        model = BayesianPersonalizedRanking(
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
            iterations=self.iterations,
            num_threads=self.threads,
            random_state=self.seed,
        )
        table = csr_matrix((np.ones(len(said.owner), dtype=np.float32), (said.owner, said.item)), shape=shape)
        model.fit(table, show_progress=False, callback=self._heard)
        return model

    def _folded(self, said: Said, learners: int) -> FloatArray:
        vectors = self.items_
        folded = np.zeros((learners, vectors.shape[1]))
        others = Negatives.of(self.share_, self.negatives)
        said = said.picked(_even(said, learners))
        sizes = np.bincount(said.owner, minlength=learners)
        for some, rows, there in batches(sizes, wide=max(vectors.shape[1], len(others.item))):
            surface = self._surface(vectors, said.item[rows], said.taken[rows] & there, there, others)
            folded[some] = lowest(surface, folded[some], steps=_STEPS)
        return folded

    def _surface(
        self, vectors: FloatArray, item: IntArray, taken: BoolArray, there: BoolArray, others: Negatives
    ) -> Any:
        """The loss of some learners' factors; all three arrays `[some, longest]`."""
        n = taken.sum(axis=1)[:, None]
        below, index = others.apart_from(item, there), others.item[None, :]
        turned_down = there & ~taken
        if turned_down.any():
            below = np.hstack([below, np.where(turned_down, self.declined / np.maximum(n, 1), 0.0)])
            index = np.hstack([np.broadcast_to(index, (len(item), len(others.item))), item])
        mine, rest = vectors[item].astype(np.float64), vectors[index].astype(np.float64)
        bias_of_mine, bias_of_rest = self.bias_[item].astype(np.float64), self.bias_[index].astype(np.float64)
        ridge = (n * self.regularization + 1.0 / (self.learning_rate * self.iterations))[:, :, None]
        pair = taken[:, :, None] * below[:, None, :]

        def at(w: FloatArray) -> Surface:
            up = (mine @ w[:, :, None])[:, :, 0] + bias_of_mine
            down = (rest @ w[:, :, None])[:, :, 0] + bias_of_rest
            short = down[:, None, :] - up[:, :, None]
            p = sigmoid(short)
            pull, bend = pair * p, pair * p * (1 - p)
            value = (pair * softplus(short)).sum(axis=(1, 2)) + 0.5 * ridge[:, 0, 0] * np.square(w).sum(axis=1)
            slope = (pull.sum(axis=1)[:, None, :] @ rest)[:, 0] - (pull.sum(axis=2)[:, None, :] @ mine)[:, 0]
            across = mine.transpose(0, 2, 1) @ bend @ rest
            curvature = mine.transpose(0, 2, 1) @ (mine * bend.sum(axis=2)[:, :, None])
            curvature += rest.transpose(0, 2, 1) @ (rest * bend.sum(axis=1)[:, :, None])
            curvature -= across + across.transpose(0, 2, 1)
            return Surface(value, slope + ridge[:, 0] * w, curvature + ridge * np.eye(w.shape[1]))

        return at


def _even(said: Said, learners: int) -> IntArray:
    """At most `_MOST` of each learner's pairs, at even steps, as indices."""
    size = np.bincount(said.owner, minlength=learners)
    place = np.arange(len(said.owner)) - np.repeat(np.cumsum(size) - size, size)
    step = np.maximum(size, _MOST)[said.owner] / _MOST
    return np.flatnonzero(np.floor(place / step) != np.floor((place - 1) / step))
