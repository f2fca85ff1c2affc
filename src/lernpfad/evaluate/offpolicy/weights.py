"""Importance weights, and what keeps the large ones from ruling: each shape wraps another, none is a flag."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from lernpfad.core import ConfigError, DataError, FloatArray, IntArray
from lernpfad.evaluate.offpolicy.logged import Logged


class Weight(Protocol):
    """A weight per row. `overlap` is what it was before it was tamed: diagnostics look at that."""

    def __call__(self, logged: Logged) -> FloatArray:
        """The weights, `[N]`."""
        ...

    def overlap(self, logged: Logged) -> FloatArray:
        """The importance weights underneath, `[N]`."""
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


@dataclass(frozen=True, eq=False)
class OfCluster:
    """wc = pi(cluster | x) / pi_b(cluster | x): weights of groups of alike items, for large catalogues.

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


@dataclass(frozen=True)
class Clipped:
    """min(w, limit): clipped IPS (Ionides 2008); in DR the pessimistic shrinkage of Su et al. 2020.

    Its bias has a sign: what is clipped away is lost, so a gain that rests on rare offers is estimated too small.
    """

    limit: float
    of: Weight = field(default_factory=Plain)

    def __call__(self, logged: Logged) -> FloatArray:
        """The clipped weights, `[N]`."""
        return np.minimum(self.of(logged), self.limit)

    def overlap(self, logged: Logged) -> FloatArray:
        """The weights before clipping, `[N]`."""
        return self.of.overlap(logged)


@dataclass(frozen=True)
class Shrunk:
    """limit w / (w^2 + limit): the optimistic shrinkage of Su et al. 2020, "Doubly robust ... with shrinkage" (DRos).

    limit 0 leaves the model alone (DM), a large one plain DR.
    """

    limit: float
    of: Weight = field(default_factory=Plain)

    def __call__(self, logged: Logged) -> FloatArray:
        """The shrunk weights, `[N]`; the largest possible is sqrt(limit) / 2."""
        weight = self.of(logged)
        shrunk: FloatArray = self.limit * weight / np.maximum(weight**2 + self.limit, 1e-300)
        return shrunk

    def overlap(self, logged: Logged) -> FloatArray:
        """The weights before shrinking, `[N]`."""
        return self.of.overlap(logged)


@dataclass(frozen=True)
class Switched:
    """1[w <= limit] w: beyond the limit the model alone speaks. Wang, Agarwal & Dudik 2017 (Switch-DR)."""

    limit: float
    of: Weight = field(default_factory=Plain)

    def __call__(self, logged: Logged) -> FloatArray:
        """The weights, 0 beyond the limit, `[N]`."""
        weight = self.of(logged)
        return np.where(weight <= self.limit, weight, 0.0)

    def overlap(self, logged: Logged) -> FloatArray:
        """The weights before switching, `[N]`."""
        return self.of.overlap(logged)


@dataclass(frozen=True)
class SubGaussian:
    """w / (1 - amount + amount w): Metelli, Russo & Restelli 2021, sub-Gaussian importance sampling.

    amount 0 is plain, 1 makes every weight 1.
    """

    amount: float
    of: Weight = field(default_factory=Plain)

    def __call__(self, logged: Logged) -> FloatArray:
        """The tamed weights, `[N]`, below 1 / amount."""
        weight = self.of(logged)
        tamed: FloatArray = weight / (1.0 - self.amount + self.amount * weight)
        return tamed

    def overlap(self, logged: Logged) -> FloatArray:
        """The weights before, `[N]`."""
        return self.of.overlap(logged)
