"""Importance weights, and what keeps the large ones from ruling: each shape wraps another, none is a flag."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from lernpfad.core import ConfigError, DataError, FloatArray, IntArray
from lernpfad.evaluate.offpolicy.logged import Logged


class Weight(Protocol):
    """A weight per row. `overlap` and `square` are about what it was before it was tamed: diagnostics look at that."""

    def __call__(self, logged: Logged) -> FloatArray:
        """The weights, `[N]`."""
        ...

    def overlap(self, logged: Logged) -> FloatArray:
        """The importance weights underneath, `[N]`."""
        ...

    def square(self, logged: Logged) -> FloatArray:
        """Their expected square in each row, over all that could have been offered, `[N]`; NaN if not known."""
        ...


@dataclass(frozen=True)
class Plain:
    """w = pi(a | x) / pi_b(a | x)."""

    def __call__(self, logged: Logged) -> FloatArray:
        """The ratio, `[N]`."""
        return logged.weight

    def overlap(self, logged: Logged) -> FloatArray:
        """The ratio, `[N]`."""
        return logged.weight

    def square(self, logged: Logged) -> FloatArray:
        """sum_a pi(a)^2 / pi_b(a), `[N]`; what was never offered is left to the check of support."""
        if logged.behaviour is None:
            return np.full(len(logged), np.nan)
        return expected_square(logged.target, logged.behaviour)


def expected_square(target: FloatArray, behaviour: FloatArray) -> FloatArray:
    """`sum_a pi(a)^2 / pi_b(a)` over what is ever offered, both `[N, C]`: `[N]`."""
    ratio = np.divide(target, behaviour, out=np.zeros(target.shape), where=behaviour > 0)
    square: FloatArray = (target * ratio).sum(axis=1)
    return square


@dataclass(frozen=True)
class Tamed:
    """What the shapes below share: around which weight they are, and what diagnostics see of it."""

    of: Weight = field(default_factory=Plain, kw_only=True)

    def overlap(self, logged: Logged) -> FloatArray:
        """The weights before they were tamed, `[N]`."""
        return self.of.overlap(logged)

    def square(self, logged: Logged) -> FloatArray:
        """The expected square of those, `[N]`."""
        return self.of.square(logged)


@dataclass(frozen=True, eq=False)
class OfCluster:
    """wc = pi(cluster | x) / pi_b(cluster | x): weights of groups of alike items, for large catalogs.

    Saito & Joachims 2022, "Off-Policy Evaluation for Large Action Spaces via Embeddings" (MIPS), with the cluster as
    the embedding. Without bias only where items of a cluster have the same effect (IPS) or the model gets
    differences within a cluster right (DR: OffCEM, Saito, Ren & Joachims 2023).
    cluster: label of each candidate, `[C]`, from 0 on. Needs `Logged.behaviour`.
    """

    cluster: IntArray

    def __call__(self, logged: Logged) -> FloatArray:
        """The ratio of the masses of the offered item's cluster, `[N]`."""
        if logged.behaviour is None:
            raise DataError(
                "off-policy: weights of clusters need all propensities of the logging policy; "
                "replay it beside the target and pass `behaviour`"
            )
        if len(self.cluster) != logged.target.shape[1]:
            raise ConfigError(
                f"off-policy: {len(self.cluster)} cluster labels for {logged.target.shape[1]} candidates, "
                "expected one label for each"
            )
        same = self.cluster[None, :] == self.cluster[logged.action][:, None]
        share: FloatArray = (logged.target * same).sum(axis=1) / (logged.behaviour * same).sum(axis=1)
        return share

    def overlap(self, logged: Logged) -> FloatArray:
        """The ratio of the masses, `[N]`."""
        return self(logged)

    def square(self, logged: Logged) -> FloatArray:
        """sum over clusters of pi(cluster)^2 / pi_b(cluster), `[N]`; NaN without the logging policy."""
        if logged.behaviour is None:
            return np.full(len(logged), np.nan)
        of_cluster = np.eye(int(self.cluster.max()) + 1)[self.cluster]
        return expected_square(logged.target @ of_cluster, logged.behaviour @ of_cluster)


@dataclass(frozen=True)
class Clipped(Tamed):
    """min(w, limit): clipped IPS (Ionides 2008); in DR the pessimistic shrinkage of Su et al. 2020.

    Its bias has a sign: what is clipped away is lost, so a gain that rests on rare offers is estimated too small.
    """

    limit: float

    def __call__(self, logged: Logged) -> FloatArray:
        """The clipped weights, `[N]`."""
        return np.minimum(self.of(logged), self.limit)


@dataclass(frozen=True)
class Shrunk(Tamed):
    """limit w / (w^2 + limit): the optimistic shrinkage of Su et al. 2020, "Doubly robust ... with shrinkage" (DRos).

    limit 0 leaves the model alone (DM), a large one plain DR.
    """

    limit: float

    def __call__(self, logged: Logged) -> FloatArray:
        """The shrunk weights, `[N]`; the largest possible is sqrt(limit) / 2."""
        weight = self.of(logged)
        shrunk: FloatArray = self.limit * weight / np.maximum(weight**2 + self.limit, 1e-300)
        return shrunk


@dataclass(frozen=True)
class Switched(Tamed):
    """1[w <= limit] w: beyond the limit the model alone speaks. Wang, Agarwal & Dudik 2017 (Switch-DR)."""

    limit: float

    def __call__(self, logged: Logged) -> FloatArray:
        """The weights, 0 beyond the limit, `[N]`."""
        weight = self.of(logged)
        return np.where(weight <= self.limit, weight, 0.0)


@dataclass(frozen=True)
class SubGaussian(Tamed):
    """w / (1 - amount + amount w): Metelli, Russo & Restelli 2021, sub-Gaussian importance sampling.

    amount 0 is plain, 1 makes every weight 1.
    """

    amount: float

    def __call__(self, logged: Logged) -> FloatArray:
        """The tamed weights, `[N]`, below 1 / amount."""
        weight = self.of(logged)
        tamed: FloatArray = weight / (1.0 - self.amount + self.amount * weight)
        return tamed
