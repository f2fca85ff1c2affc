"""Alternating least squares on what was taken (Hu, Koren & Volinsky 2008), fitted by `implicit`, served by numpy."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np

from lernpfad.collaborative.popularity import taken_pairs, within
from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.persist import require_fitted
from lernpfad.core.progress import Listener
from lernpfad.core.sequences import Sequences

_CELLS = 2_000_000
"""Numbers gathered at once while folding in."""


class _Said(NamedTuple):
    """What learners said to items, each pair once, sorted by learner: taken, or declined and never taken, `[pairs]`."""

    owner: IntArray
    item: IntArray
    taken: BoolArray


def _said(histories: Sequences, items: int) -> _Said:
    owner, item = taken_pairs(histories, items)
    known = (histories.item >= 0) & (histories.item < items)
    offered = np.unique(histories.owner[known] * items + histories.item[known])
    taken = np.isin(offered, owner * items + item, assume_unique=True)
    return _Said(*np.divmod(offered, max(items, 1)), taken)


class ALS:
    """Matrix factorisation of learners x items; a history is folded in, so nobody needs a row number.

    A taken item is a one of confidence `alpha`, however often it was taken. An item that was offered, declined and
    never taken is a zero of confidence `declined`; every other item is a zero of confidence 1. Folding in solves
    `(V'V + sum (c - 1) v v' + regularization I) w = sum c p v` over the items v of the history, c their confidence
    and p 1 or 0, which is what the fit itself does (equation 4 of the paper). A history in which nothing was taken
    gets popularity.

    factors: width of the factors. iterations: sweeps. threads: of the fit; with one thread a seed gives equal bits.
    Learned: `items_` `[I, factors]`, `share_` `[I]` (of the learners who took each item).
    """

    items_: FloatArray
    share_: FloatArray

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
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.declined = declined
        self.iterations = iterations
        self.threads = threads
        self.seed = seed
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Factorise what the learners took; `valid` is not used. Listeners hear `train/loss` after each sweep."""
        said = _said(train, len(train.catalog))
        factors = self._factorised(said, shape=(len(train.learners), len(train.catalog)))
        self.items_ = np.ascontiguousarray(factors, dtype=np.float32)
        count = np.bincount(said.item[said.taken], minlength=len(train.catalog))
        self.share_ = count / max(len(train.learners), 1)
        return self

    def _factorised(self, said: _Said, *, shape: tuple[int, int]) -> FloatArray:
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
        factors: FloatArray = model.item_factors
        return factors

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Expected preference, about 0 to 1, `[learners, items]`; 0 for an item that was not there at `fit`."""
        place = within(items, self._known)
        candidates = np.vstack([self.items_, np.zeros((1, self.items_.shape[1]))])[place]
        said = _said(histories, self._known)
        scores = self._folded(said, len(histories.learners)) @ candidates.T
        nothing = np.bincount(said.owner[said.taken], minlength=len(histories.learners)) == 0
        scores[nothing] = np.append(self.share_, 0.0)[place]
        return scores

    def fold_in(self, histories: Sequences) -> FloatArray:
        """The factors that the fit would give these learners, `[learners, factors]`; 0 where nothing was taken."""
        return self._folded(_said(histories, self._known), len(histories.learners))

    @property
    def _known(self) -> int:
        require_fitted(self)
        return len(self.items_)

    def _folded(self, said: _Said, learners: int) -> FloatArray:
        known = self.items_.astype(np.float64)
        ridge = known.T @ known + self.regularization * np.eye(known.shape[1])
        padded = np.vstack([known, np.zeros((1, known.shape[1]))])
        folded = np.zeros((learners, known.shape[1]))
        confidence = np.where(said.taken, self.alpha, self.declined)
        for some, rows, there in _batches(np.bincount(said.owner, minlength=learners), wide=known.shape[1]):
            factors = padded[np.where(there, said.item[rows], len(known))]
            heavy = factors * (confidence[rows] - 1.0)[:, :, None]
            normal = ridge + heavy.transpose(0, 2, 1) @ factors
            right = self.alpha * (factors * (said.taken[rows])[:, :, None]).sum(axis=1)
            folded[some] = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        return folded


def _batches(lengths: IntArray, *, wide: int) -> Iterator[tuple[IntArray, IntArray, BoolArray]]:
    """Learners of about the same history length, their rows `[some, longest]`, and which of these are there."""
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    by_length = lengths[order]
    first = 0
    while first < len(order):
        longest = max(int(by_length[first]) + 4, int(1.25 * by_length[first]))  # so that little is padding
        end = int(np.searchsorted(by_length, longest, side="right"))
        end = min(end, first + max(1, _CELLS // (max(longest, wide) * wide)))
        some = order[first:end]
        step = np.arange(int(by_length[end - 1]))
        there = step[None, :] < lengths[some][:, None]
        yield some, np.where(there, starts[some][:, None] + step, 0), there
        first = end
