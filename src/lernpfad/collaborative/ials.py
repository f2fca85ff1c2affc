"""iALS with regularisation by frequency (Rendle et al., RecSys 2022): alternating least squares in numpy alone."""

from typing import NamedTuple, Self

import numpy as np

from lernpfad.collaborative.foldin import Factors, Said, batches
from lernpfad.collaborative.rows import share_taken
from lernpfad.core.arrays import FloatArray
from lernpfad.core.sequences import Sequences

_STEPS = 4
_TINY = 1e-30


class IALS(Factors):
    """Matrix factorisation of learners x items in which whoever has more to say is held back more.

    The loss is `sum_taken (s - 1)^2 + declined sum_declined s^2 + unobserved sum_all s^2 + regularization
    (sum_u (n_u + unobserved I)^nu w_u.w_u + sum_i (n_i + unobserved U)^nu v_i.v_i)` with s = w.v, n_u items taken by
    the learner and n_i learners of the item ("Revisiting the Performance of iALS on Item Recommendation Benchmarks").
    `implicit`, which `ALS` uses, has nu = 0 and an `unobserved` of 1; its alpha is about our 1 / unobserved.
    A sweep solves for all learners, then for all items, and folding in is its first half.
    A history in which nothing was taken gets popularity.

    Learned: `items_` `[I, factors]`, `share_` `[I]`.
    """

    def __init__(
        self,
        factors: int = 64,
        regularization: float = 0.003,
        unobserved: float = 0.1,
        nu: float = 1.0,
        declined: float = 0.1,
        iterations: int = 16,
        scale: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.factors = factors
        self.regularization = regularization
        self.unobserved = unobserved
        self.nu = nu
        self.declined = declined
        self.iterations = iterations
        self.scale = scale
        self.seed = seed

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Sweep over learners and items; `valid` is not used. Listeners hear `train/change`, of the items' factors."""
        learners, items = len(train.learners), len(train.catalog)
        said = Said.of(train, items)
        by_item = said.picked(np.argsort(said.item, kind="stable"))
        by_item = by_item._replace(owner=by_item.item, item=by_item.owner)
        start = np.random.default_rng(self.seed).normal(size=(items, self.factors))
        self.items_ = (self.scale / np.sqrt(self.factors) * start).astype(np.float32)
        factors = np.zeros((learners, self.factors), dtype=np.float32)
        for sweep in range(self.iterations):
            factors = self._solved(said, self.items_, factors, steps=_STEPS)
            before, self.items_ = self.items_, self._solved(by_item, factors, self.items_, steps=_STEPS)
            change = float(np.square(self.items_ - before).sum() / max(np.square(self.items_).sum(), 1e-12))
            for listener in self.listeners:
                listener(sweep, {"train/change": np.sqrt(change)})
        self.share_ = share_taken(train)
        self.trained = factors
        return self

    def _bias(self) -> FloatArray:
        return np.zeros(len(self.items_))

    def _folded(self, said: Said, learners: int) -> FloatArray:
        start = np.zeros((learners, self.items_.shape[1]), dtype=np.float32)
        return self._solved(said, self.items_, start, steps=None)

    def _solved(self, said: Said, others: FloatArray, start: FloatArray, *, steps: int | None) -> FloatArray:
        """The best factors of one side, `[owners, factors]`, given those of the other.

        steps: of conjugate gradients from `start`, enough as sweeps go on from each other; None solves exactly.
        """
        said = said if self.declined else said.picked(said.taken)
        shared = np.float32(self.unobserved) * (others.T @ others)
        taken = np.bincount(said.owner[said.taken], minlength=len(start))
        ridge = (self.regularization * (taken + self.unobserved * len(others)) ** self.nu).astype(np.float32)
        found = np.zeros_like(start)
        for some, rows, there in batches(np.bincount(said.owner, minlength=len(start)), wide=others.shape[1]):
            one = (said.taken[rows] & there).astype(np.float32)
            weight = np.where(there, np.where(said.taken[rows], 1.0, self.declined), 0.0).astype(np.float32)
            mine = others[said.item[rows]]
            right = (one[:, None, :] @ mine)[:, 0]
            system = _System(mine, weight, shared, ridge[some, None])
            found[some] = system.exact(right) if steps is None else system.nearer(right, start[some], steps)
        return found


class _System(NamedTuple):
    """Normal equations of some owners: `sum weight v v' + shared + ridge`, v in `mine` `[some, longest, factors]`."""

    mine: FloatArray
    weight: FloatArray
    shared: FloatArray
    ridge: FloatArray

    def exact(self, right: FloatArray) -> FloatArray:
        """The solution, `[some, factors]`."""
        normal = (self.mine * self.weight[:, :, None]).transpose(0, 2, 1) @ self.mine + self.shared
        normal += self.ridge[:, :, None] * np.eye(len(self.shared), dtype=normal.dtype)
        solution: FloatArray = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        return solution

    def times(self, w: FloatArray) -> FloatArray:
        """The left side at w, without ever making the matrices."""
        scores = (self.mine @ w[:, :, None])[:, :, 0] * self.weight
        left: FloatArray = (scores[:, None, :] @ self.mine)[:, 0] + w @ self.shared + self.ridge * w
        return left

    def nearer(self, right: FloatArray, w: FloatArray, steps: int) -> FloatArray:
        """Conjugate gradients from w (Takacs, Pilaszy & Tikk, RecSys 2011)."""
        rest = right - self.times(w)
        way, size = rest, np.square(rest).sum(axis=1, keepdims=True)
        for _ in range(steps):
            ahead = self.times(way)
            far = size / np.maximum((way * ahead).sum(axis=1, keepdims=True), _TINY)
            w, rest = w + far * way, rest - far * ahead
            size, before = np.square(rest).sum(axis=1, keepdims=True), size
            way = rest + size / np.maximum(before, _TINY) * way
        return w
