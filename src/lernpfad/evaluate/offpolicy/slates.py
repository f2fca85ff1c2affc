"""Estimators for lists: the reward of a whole slate, summed over its slots, had another policy drawn it.

They differ in what a slot's reward may depend on: the whole slate (`SlateIPS`), the slot's own item (`SlotIPS`), or
that and the slots above it (`CascadeIPS`, a reader from the top). The more is assumed, the lighter are the weights, and
the worse is the estimate where the assumption does not hold.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lernpfad.core import DataError, FloatArray, IntArray
from lernpfad.evaluate.offpolicy.diagnostics import Limits, of_weights, refusal, warnings
from lernpfad.evaluate.offpolicy.intervals import Bounds, clustered
from lernpfad.evaluate.offpolicy.judge import Judgement
from lernpfad.evaluate.offpolicy.terms import Terms, averaged


@dataclass(frozen=True, eq=False)
class Slates:
    """Slates that were shown, ragged and flat: slate i owns slots `offsets[i]:offsets[i+1]`, the top one first.

    reward: of each slot, `[N]`. logged, target: chance of the shown item in its slot under the logging policy and
    under the target, whatever the slots above hold, `[N]`; for `SlotIPS`. logged_given, target_given: the same given
    the slots above, `[N]`, as `policy.slate` logs it. owner: learner of each slate, `[M]`.
    Raises DataError, with the slot, for what cannot be.
    """

    offsets: IntArray
    reward: FloatArray
    logged: FloatArray
    target: FloatArray
    logged_given: FloatArray
    target_given: FloatArray
    owner: IntArray

    def __post_init__(self) -> None:
        slots = int(self.offsets[-1])
        for name in ("reward", "logged", "target", "logged_given", "target_given"):
            if len(getattr(self, name)) != slots:
                raise DataError(f"slates: '{name}' has {len(getattr(self, name))} slots, offsets end at {slots}")
        if len(self.owner) != len(self):
            raise DataError(f"slates: 'owner' has {len(self.owner)} rows, expected one for each of {len(self)} slates")
        for name, least in (("logged", 0.0), ("logged_given", 0.0), ("target", -1e-300), ("target_given", -1e-300)):
            wrong = ~((getattr(self, name) > least) & (getattr(self, name) <= 1 + 1e-5))
            if wrong.any():
                slot = int(np.argmax(wrong))
                raise DataError(f"slates: '{name}' of slot {slot} is {getattr(self, name)[slot]:.3g}, not a chance")

    def __len__(self) -> int:
        """Number of slates."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> IntArray:
        """Slots of each slate, `[M]`."""
        return np.diff(self.offsets)

    def table(self, column: FloatArray, after: float) -> FloatArray:
        """A column `[N]` with a row for each slate and a column for each slot, `after` beyond its end: `[M, T]`."""
        there = np.arange(max(int(self.lengths.max(initial=0)), 1))[None, :] < self.lengths[:, None]
        out = np.full(there.shape, after)
        out[there] = column
        return out

    @property
    def rho(self) -> FloatArray:
        """Weight of every slate down to each slot, the product of the conditional ones: `[M, T]`."""
        return np.cumprod(self.table(self.target_given / self.logged_given, 1.0), axis=1)


class SlateEstimator(Protocol):
    """What a policy is worth per slate, from the slates of another one."""

    def terms(self, slates: Slates) -> Terms:
        """What every slate adds."""
        ...

    def overlap(self, slates: Slates) -> FloatArray:
        """Its importance weights, `[M]`, or `[M, T]` with a column a slot."""
        ...


@dataclass(frozen=True)
class SlateIPS:
    """Standard IPS: mean rho_slate times the sum of rewards. Unbiased whatever a reward depends on; heavy weights."""

    def terms(self, slates: Slates) -> Terms:
        """The weighted sum of every slate."""
        return averaged(slates.rho[:, -1] * slates.table(slates.reward, 0.0).sum(axis=1), slates.owner)

    def overlap(self, slates: Slates) -> FloatArray:
        """The weight of the whole slate, `[M]`."""
        return slates.rho[:, -1]


@dataclass(frozen=True)
class SlotIPS:
    """Independent IPS: mean sum_l w_l r_l (Li et al. 2018); right where a slot's reward is about its own item alone."""

    def terms(self, slates: Slates) -> Terms:
        """The sum over its slots for every slate."""
        return averaged((self.overlap(slates) * slates.table(slates.reward, 0.0)).sum(axis=1), slates.owner)

    def overlap(self, slates: Slates) -> FloatArray:
        """The weight of each slot by itself, `[M, T]`."""
        return slates.table(slates.target / slates.logged, 1.0)


@dataclass(frozen=True)
class CascadeIPS:
    """Reward interaction IPS: mean sum_l rho_{1..l} r_l (McInerney et al. 2020); right for readers from the top."""

    def terms(self, slates: Slates) -> Terms:
        """The sum over its slots for every slate."""
        return averaged((slates.rho * slates.table(slates.reward, 0.0)).sum(axis=1), slates.owner)

    def overlap(self, slates: Slates) -> FloatArray:
        """The weight down to each slot, `[M, T]`."""
        return slates.rho


def judge_slates(
    estimator: SlateEstimator, slates: Slates, *, bounds: Bounds = clustered, limits: Limits | None = None
) -> Judgement:
    """The estimate per slate with interval and diagnostics, refused where these say so; see `judge`.

    Of a slate only the chances of what was shown are known, so support is not: the judgement warns of it.
    """
    limits = limits or Limits()
    found = of_weights(
        estimator.overlap(slates),
        learners=len(np.unique(slates.owner)),
        offers=float(np.median(slates.lengths)) if len(slates) else float("nan"),
    )
    reason, value, low, high = refusal(found, limits), np.nan, np.nan, np.nan
    if reason is None:
        terms = estimator.terms(slates)
        value, (low, high) = terms.value, bounds(terms)
    return Judgement(value, low, high, found, warnings(found, limits), reason)
