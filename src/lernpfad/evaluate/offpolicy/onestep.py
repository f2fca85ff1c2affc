"""One-step estimators: the mean reward of an offer, had another policy made it where the logging policy stood.

Each is a frozen dataclass with `terms` (what it adds up), `overlap` and `foreseen` (what diagnostics look at), and
`extrapolates` (whether the model speaks where the log is silent). Formulas, with w the weight, r the reward, q the
prediction for what was offered, v that under the target policy, after Dudik, Langford & Li 2011,
"Doubly robust policy evaluation and learning". Means are over rows.
"""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.offpolicy.logged import Logged
from lernpfad.evaluate.offpolicy.terms import Terms, averaged
from lernpfad.evaluate.offpolicy.weights import Plain, Weight


class Estimator(Protocol):
    """What a policy is worth, from a log of another one."""

    @property
    def extrapolates(self) -> bool:
        """Whether it needs no overlap, because it believes its model everywhere."""
        ...

    def terms(self, logged: Logged) -> Terms:
        """The sums that the estimate is made of."""
        ...

    def overlap(self, logged: Logged) -> FloatArray:
        """Importance weights before anything tamed them, `[M]`, or `[M, T]` with a column a step."""
        ...

    def foreseen(self, logged: Logged) -> float:
        """Effective share of units to be expected of such logs, NaN if the logging policy is not known."""
        ...


@dataclass(frozen=True)
class OneStep:
    """What one-step estimators share. weight: plain or tamed."""

    weight: Weight = field(default_factory=Plain)
    extrapolates: bool = field(default=False, init=False)

    def overlap(self, logged: Logged) -> FloatArray:
        """w, `[N]`."""
        return self.weight.overlap(logged)

    def foreseen(self, logged: Logged) -> float:
        """1 / mean E[w^2 | x]."""
        return float(1.0 / self.weight.square(logged).mean())


@dataclass(frozen=True)
class DM(OneStep):
    """Direct method: mean v. As good, and as biased, as its model; the weight is for diagnostics alone."""

    extrapolates: bool = field(default=True, init=False)

    def terms(self, logged: Logged) -> Terms:
        """v of every row."""
        return averaged(logged.value, logged.owner)


@dataclass(frozen=True)
class IPS(OneStep):
    """Inverse propensity score: mean w r (Horvitz & Thompson 1952). Unbiased where the log supports the target.

    With `Clipped` or `SubGaussian` weights of less variance and some bias; with `OfCluster` MIPS.
    """

    def terms(self, logged: Logged) -> Terms:
        """w r of every row."""
        return averaged(self.weight(logged) * logged.reward, logged.owner)


@dataclass(frozen=True)
class SNIPS(OneStep):
    """Self-normalised IPS: sum w r / sum w (Swaminathan & Joachims 2015). Never outside the range of rewards."""

    def terms(self, logged: Logged) -> Terms:
        """w r over w."""
        weight = self.weight(logged)
        return Terms((weight * logged.reward)[:, None], weight[:, None], logged.owner)


@dataclass(frozen=True)
class DR(OneStep):
    """Doubly robust: mean [v + w (r - q)] (Dudik, Langford & Li 2011). Right if propensities or model are.

    The weight makes its kin: `Clipped` and `Shrunk` are pessimistic and optimistic shrinkage (Su et al. 2020),
    `Switched` is Switch-DR (Wang et al. 2017), `OfCluster` is OffCEM (Saito et al. 2023); with a model fitted by
    `models.mrdr` it is MRDR (Farajtabar et al. 2018).
    """

    def terms(self, logged: Logged) -> Terms:
        """v + w (r - q) of every row."""
        return averaged(logged.value + self.weight(logged) * (logged.reward - logged.expected), logged.owner)


@dataclass(frozen=True)
class SNDR(OneStep):
    """Self-normalised DR: mean v + sum w (r - q) / sum w."""

    def terms(self, logged: Logged) -> Terms:
        """v over 1, and w (r - q) over w."""
        weight = self.weight(logged)
        above = np.stack([logged.value, weight * (logged.reward - logged.expected)], axis=1)
        return Terms(above, np.stack([np.ones(len(logged)), weight], axis=1), logged.owner)
