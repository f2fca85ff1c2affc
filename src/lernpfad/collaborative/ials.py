"""iALS with regularisation by frequency (Rendle et al., RecSys 2022): alternating least squares with fold-in."""

from typing import Self

import numpy as np

from lernpfad.collaborative.foldin import Factors, Said, batches
from lernpfad.collaborative.rows import share_taken
from lernpfad.core.arrays import FloatArray
from lernpfad.core.sequences import Sequences

_STEPS = 4
"""Of conjugate gradients for each side of a sweep, which goes on from where the last one ended."""


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
            factors = self._swept(said, self.items_, factors)
            before, self.items_ = self.items_, self._swept(by_item, factors, self.items_)
            change = float(np.square(self.items_ - before).sum() / max(np.square(self.items_).sum(), 1e-12))
            for listener in self.listeners:
                listener(sweep, {"train/change": np.sqrt(change)})
        self.share_ = share_taken(train)
        self.trained = factors
        return self

    def _bias(self) -> FloatArray:
        return np.zeros(len(self.items_))

    def _folded(self, said: Said, learners: int) -> FloatArray:
        """The exact solution, by numpy alone."""
        weight, target, shared, ridge = self._equations(said, learners, self.items_)
        found = np.zeros((learners, self.items_.shape[1]))
        for some, rows, there in batches(np.bincount(said.owner, minlength=learners), wide=self.items_.shape[1]):
            mine = self.items_[said.item[rows]].astype(np.float64)
            normal = (mine * (weight[rows] * there)[:, :, None]).transpose(0, 2, 1) @ mine + shared
            normal += ridge[some, None, None] * np.eye(len(shared))
            right = ((target[rows] * there)[:, None, :] @ mine)[:, 0]
            found[some] = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        return found

    def _swept(self, said: Said, others: FloatArray, start: FloatArray) -> FloatArray:
        """The factors of one side `[owners, factors]`, given those of the other, after some steps from `start`."""
        from lernpfad.collaborative.ials_kernels import nearer

        bounds = np.searchsorted(said.owner, np.arange(len(start) + 1))
        equations = self._equations(said, len(start), others)
        weight, target, shared, ridge = (one.astype(np.float32) for one in equations)
        swept: FloatArray = nearer(bounds, said.item, weight, target, others, shared, ridge, start, _STEPS)
        return swept

    def _equations(self, said: Said, owners: int, others: FloatArray) -> tuple[FloatArray, ...]:
        """Weight and target of each pair, `[pairs]`, what all owners share, `[factors, factors]`, ridges `[owners]`."""
        taken = np.bincount(said.owner[said.taken], minlength=owners)
        ridge = self.regularization * (taken + self.unobserved * len(others)) ** self.nu
        shared = self.unobserved * (others.T @ others).astype(np.float64)
        return np.where(said.taken, 1.0, self.declined), said.taken.astype(np.float64), shared, ridge
