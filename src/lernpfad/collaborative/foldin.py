"""Folding in: the factors of a learner from her history alone, with the factors of the items frozen."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from lernpfad.collaborative.popularity import within
from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.persist import require_fitted
from lernpfad.core.progress import Listener
from lernpfad.core.sequences import Sequences

_CELLS = 2_000_000
"""Numbers gathered at once while folding in."""
_SMALL = 1e-5
"""Newton's method converges squarely: a step that gains this little was the last one."""


class Said(NamedTuple):
    """What learners said to items, each pair once, sorted by learner: taken, or declined and never taken, `[pairs]`."""

    owner: IntArray
    item: IntArray
    taken: BoolArray

    @classmethod
    def of(cls, histories: Sequences, items: int) -> "Said":
        """From histories; items that are not known are left out."""
        known = (histories.item >= 0) & (histories.item < items)
        offered = histories.owner[known] * items + histories.item[known]
        order = np.argsort(offered, kind="stable")
        offered = offered[order]
        first = np.flatnonzero(np.diff(offered, prepend=-1))  # much faster than np.unique
        taken = np.logical_or.reduceat(histories.accepted[known][order], first) if len(first) else np.empty(0, bool)
        owner, item = np.divmod(offered[first], max(items, 1))
        return cls(owner, item, taken)

    def picked(self, pairs: BoolArray | IntArray) -> "Said":
        """Some of the pairs."""
        return self._replace(owner=self.owner[pairs], item=self.item[pairs], taken=self.taken[pairs])


def batches(lengths: IntArray, *, wide: int) -> Iterator[tuple[IntArray, IntArray, BoolArray]]:
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


class Surface(NamedTuple):
    """A convex function at one point for each of some learners: value `[L]`, slope `[L, F]`, curvature `[L, F, F]`."""

    value: FloatArray
    slope: FloatArray
    curvature: FloatArray


def lowest(surface: Callable[[FloatArray], Surface], start: FloatArray, *, steps: int) -> FloatArray:
    """Where each learner's convex function is lowest, `[L, F]`: Newton's method; a step that climbs is halved."""
    point, size = start, np.ones((len(start), 1))
    here, going = surface(point), np.ones(len(start), dtype=bool)
    for _ in range(steps):
        tried = point - size * np.linalg.solve(here.curvature, here.slope[:, :, None])[:, :, 0]
        there = surface(tried)
        better = going & (there.value <= here.value)
        going &= ~better | (here.value - there.value > _SMALL)  # each by herself, whoever else is in the batch
        point, size = np.where(better[:, None], tried, point), np.where(better[:, None], 1.0, size / 2)
        if not going.any():
            break
        here = Surface(*(_chosen(better, new, old) for new, old in zip(there, here, strict=True)))
    return point


def _chosen(rows: BoolArray, new: FloatArray, old: FloatArray) -> FloatArray:
    return np.where(rows.reshape(-1, *([1] * (new.ndim - 1))), new, old)


def softplus(x: FloatArray) -> FloatArray:
    """`log(1 + exp(x))`."""
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x: FloatArray) -> FloatArray:
    """`1 / (1 + exp(-x))`."""
    half: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return half


class Factors:
    """What the factor models share: `items_` `[I, factors]`, `bias_` `[I]`, `share_` `[I]`, and how they score.

    A score is `w . v_i + b_i`, with w folded in from the history, whoever asks. `fit` also keeps what it ended with
    for the training learners as `trained` `[learners, factors]`, in memory alone: it is neither saved nor served.
    """

    items_: FloatArray
    bias_: FloatArray
    share_: FloatArray

    def __init__(self) -> None:
        self.trained: FloatArray | None = None
        self.listeners: list[Listener] = []

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Affinity, `[learners, items]`; 0 for an item unknown at `fit`. Whoever took nothing known gets popularity."""
        said = Said.of(histories, self._known)
        learners = len(histories.learners)
        scores = self.affinity(self._folded(said, learners), items)
        nothing = np.bincount(said.owner[said.taken], minlength=learners) == 0
        scores[nothing] = np.append(self.share_, 0.0)[within(items, self._known)]
        return scores

    def fold_in(self, histories: Sequences) -> FloatArray:
        """The factors that the items' factors imply, `[learners, factors]`; whatever it is where nothing was taken."""
        return self._folded(Said.of(histories, self._known), len(histories.learners))

    def affinity(self, factors: FloatArray, items: IntArray) -> FloatArray:
        """The scores of learners with these factors, `[learners, items]` float32; 0 for an item unknown at `fit`."""
        bias, vectors = self._bias().astype(np.float32), self.items_
        whole = np.array_equal(items, np.arange(self._known))
        if not whole:
            place = within(items, self._known)
            vectors = np.vstack([vectors, np.zeros_like(vectors, shape=(1, vectors.shape[1]))])[place]
            bias = np.append(bias, np.float32(0))[place]
        scores: FloatArray = factors.astype(np.float32) @ vectors.T.astype(np.float32, copy=False)
        scores += bias
        return scores

    def similar(self, items: IntArray) -> FloatArray:
        """Cosine between the factors of these items and of every item, `[items, I]`; 0 for an unknown one."""
        size = np.sqrt(np.square(self.items_).sum(axis=1, keepdims=True))
        unit = np.vstack([self.items_ / np.where(size > 0, size, 1.0), np.zeros((1, self.items_.shape[1]))])
        alike: FloatArray = unit[within(items, self._known)] @ unit[:-1].T
        return alike

    def _heard(self, sweep: int, seconds: float, correct: int | None = None, skipped: int | None = None) -> None:
        """Tell the listeners; `implicit` says how many of BPR's pairs stood right before their step, LMF nothing."""
        told = {"train/seconds": seconds} if correct is None else {"train/correct": float(correct)}
        for listener in self.listeners:
            listener(sweep, told)

    @property
    def _known(self) -> int:
        require_fitted(self)
        return len(self.items_)

    def _bias(self) -> FloatArray:
        """What is added to the score of each item, `[I]`."""
        return self.bias_

    def _folded(self, said: Said, learners: int) -> FloatArray:
        raise NotImplementedError
