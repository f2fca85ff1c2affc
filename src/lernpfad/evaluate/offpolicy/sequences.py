"""Estimators for sequences: the discounted reward of a learner over a horizon, had another policy led her through it.

rho_t is the product of w up to offer t, rho_-1 = 1, m_t the mean of rho_t over learners, g the discount. A learner's
sequence ends where it ends: afterwards she earns nothing, is expected to earn nothing, and her rho stays what it was
(an absorbing state), also where her sequence is empty. `Logged.model` is the expected reward *to come* under the
target policy (`models.FQE`). The value is per learner, not per offer.
"""

from dataclasses import dataclass, field

import numpy as np

from lernpfad.core import BoolArray, FloatArray
from lernpfad.evaluate.offpolicy.logged import Logged
from lernpfad.evaluate.offpolicy.terms import Terms, averaged
from lernpfad.evaluate.offpolicy.weights import Plain


@dataclass(frozen=True, eq=False)
class Steps:
    """Sequences side by side, every field `[J, T]`, T the longest.

    rho, before: rho_t and rho_{t-1}. discount: g^t, `[T]`. reward, expected (q), value (v): 0 after the end.
    """

    rho: FloatArray
    before: FloatArray
    discount: FloatArray
    reward: FloatArray
    expected: FloatArray
    value: FloatArray


def steps(logged: Logged, *, gamma: float = 1.0, modelled: bool = False) -> Steps:
    """The sequences as tables. modelled: with expected and value, which are 0 otherwise."""
    horizon = max(int(logged.lengths.max(initial=0)), 1)
    there: BoolArray = np.arange(horizon)[None, :] < logged.lengths[:, None]

    def table(column: FloatArray, after: float) -> FloatArray:
        out = np.full(there.shape, after)
        out[there] = column
        return out

    rho = np.cumprod(table(logged.weight, 1.0), axis=1)
    nothing = np.zeros(len(logged))
    expected, value = (logged.expected, logged.value) if modelled else (nothing, nothing)
    return Steps(
        rho=rho,
        before=np.concatenate([np.ones((len(rho), 1)), rho[:, :-1]], axis=1),
        discount=gamma ** np.arange(horizon),
        reward=table(logged.reward, 0.0),
        expected=table(expected, 0.0),
        value=table(value, 0.0),
    )


@dataclass(frozen=True)
class PerDecision:
    """What estimators for sequences share. gamma: discount of each further offer."""

    gamma: float = 1.0
    extrapolates: bool = field(default=False, init=False)

    def overlap(self, logged: Logged) -> FloatArray:
        """rho, `[J, T]`."""
        return steps(logged, gamma=self.gamma).rho

    def foreseen(self, logged: Logged) -> float:
        """1 over the product of the mean E[w_t^2 | x_t] of the steps, as if these were independent of each other."""
        square = Plain().square(logged)
        place = np.arange(len(logged)) - np.repeat(logged.offsets[:-1], logged.lengths)
        beyond = np.bincount(place, weights=square - 1.0) / max(logged.learners, 1)  # who has stopped adds 1
        return float(1.0 / np.prod(1.0 + beyond))

    def steps(self, logged: Logged, *, modelled: bool = False) -> Steps:
        """The sequences as tables; DataError where a model is wanted and there is none."""
        return steps(logged, gamma=self.gamma, modelled=modelled)


@dataclass(frozen=True)
class SequenceDM(PerDecision):
    """Direct method: mean v of the first offer; with an `FQE` model, fitted Q evaluation (Le, Voloshin & Yue 2019)."""

    extrapolates: bool = field(default=True, init=False)

    def terms(self, logged: Logged) -> Terms:
        """v_0 of every learner, 0 where she had no offer."""
        return averaged(self.steps(logged, modelled=True).value[:, 0], np.arange(logged.learners))


@dataclass(frozen=True)
class TIS(PerDecision):
    """Trajectory importance sampling: mean rho_T sum_t g^t r_t."""

    def terms(self, logged: Logged) -> Terms:
        """The weighted return of every learner."""
        s = self.steps(logged)
        return averaged(s.rho[:, -1] * (s.reward * s.discount).sum(axis=1), np.arange(logged.learners))


@dataclass(frozen=True)
class SNTIS(PerDecision):
    """Self-normalised (weighted) TIS: sum rho_T return / sum rho_T (Precup, Sutton & Singh 2000)."""

    def terms(self, logged: Logged) -> Terms:
        """The weighted return over the weight."""
        s = self.steps(logged)
        last = s.rho[:, -1:]
        return Terms(last * (s.reward * s.discount).sum(axis=1, keepdims=True), last, owner=np.arange(logged.learners))


@dataclass(frozen=True)
class PDIS(PerDecision):
    """Per-decision importance sampling: mean sum_t g^t rho_t r_t (Precup, Sutton & Singh 2000)."""

    def terms(self, logged: Logged) -> Terms:
        """The sum over her offers for every learner."""
        s = self.steps(logged)
        return averaged((s.discount * s.rho * s.reward).sum(axis=1), np.arange(logged.learners))


@dataclass(frozen=True)
class WPDIS(PerDecision):
    """Weighted PDIS: rho_t / m_t for rho_t, step by step; biased a little, of far less variance."""

    def terms(self, logged: Logged) -> Terms:
        """A part a step."""
        s = self.steps(logged)
        return Terms(s.discount * s.rho * s.reward, s.rho, np.arange(logged.learners))


@dataclass(frozen=True)
class SequenceDR(PerDecision):
    """Doubly robust: mean sum_t g^t [rho_t (r_t - q_t) + rho_{t-1} v_t] (Jiang & Li 2016)."""

    def terms(self, logged: Logged) -> Terms:
        """The sum over her offers for every learner."""
        s = self.steps(logged, modelled=True)
        gained = s.rho * (s.reward - s.expected) + s.before * s.value
        return averaged((s.discount * gained).sum(axis=1), np.arange(logged.learners))


@dataclass(frozen=True)
class WDR(PerDecision):
    """Weighted DR: rho_t / m_t and rho_{t-1} / m_{t-1} in DR (Thomas & Brunskill 2016, section on WDR)."""

    def terms(self, logged: Logged) -> Terms:
        """Two parts a step: the corrections, then the model."""
        s = self.steps(logged, modelled=True)
        corrections, model = s.discount * s.rho * (s.reward - s.expected), s.discount * s.before * s.value
        return Terms(
            np.concatenate([corrections, model], axis=1),
            np.concatenate([s.rho, s.before], axis=1),
            np.arange(logged.learners),
        )
