"""Half-life regression: a memory halves in a time that grows with the answers behind it."""

from typing import Any, Final

import numpy as np

from lernpfad.core import BoolArray, ConfigError, FloatArray, IntArray, Sequences
from lernpfad.tracing.memory import DAY, MemoryTracer, Of, Pairs, inside, scored_answers, smoothed_share

RIGHT, WRONG = 0, 1
SHORTEST: Final = np.log2(15 * 60.0 / DAY)
LONGEST: Final = np.log2(274.0)
"""Bounds of log2 of a half-life in days: 15 minutes and 9 months."""


class HLR(MemoryTracer):
    """Half-life regression (Settles & Meeder, ACL 2016): recall = 2^(-days / h), h = 2^(theta f).

    f are the roots of 1 + right and of 1 + wrong answers, a bias and the unit; h lies within 15 minutes and 274 days.
    P(correct) = floor + (ceiling - floor) recall, both learned, since an answer may be guessed and a known one missed;
    at a first answer it is the unit's share of first answers that were correct. Fitted by cross-entropy: the paper's
    squared loss on half-lives needs a share of recalls per session, here every answer counts for itself.

    of: what a memory is of, "skills" or "items". penalty: of the squared unit weights. max_iterations: of L-BFGS.
    State: right and wrong answers of each memory.
    """

    numbers = 2

    theta_: FloatArray
    unit_: FloatArray
    range_: FloatArray

    def __init__(self, *, of: Of = "skills", penalty: float = 1.0, max_iterations: int = 100) -> None:
        super().__init__(of)
        if penalty <= 0 or max_iterations < 1:
            raise ConfigError(f"HLR: penalty={penalty}, max_iterations={max_iterations}; expected both above 0")
        self.penalty = penalty
        self.max_iterations = max_iterations

    def half_life(self, memory: FloatArray, unit: IntArray) -> FloatArray:
        """Days until half of a memory `[..., 2]` of that unit is left."""
        log = _features(memory) @ self.theta_ + self.unit_[unit]
        days: FloatArray = 2.0 ** np.clip(log, SHORTEST, LONGEST)
        return days

    def _first(self, outcome: IntArray) -> FloatArray:
        return np.stack([outcome == 1, outcome != 1], axis=-1).astype(np.float64)

    def _next(self, memory: FloatArray, days: FloatArray, outcome: IntArray) -> FloatArray:
        return memory + self._first(outcome)

    def _said(self, memory: FloatArray, days: FloatArray, unit: IntArray) -> FloatArray:
        floor, ceiling = self.range_
        said: FloatArray = floor + (ceiling - floor) * 2.0 ** (-days / self.half_life(memory, unit))
        return said

    def _fit(self, train: Sequences, pairs: Pairs) -> None:
        firsts = pairs.answers[pairs.turn == 0]
        outcome = train.outcome[pairs.row[firsts]]
        overall = (outcome.sum() + 1.0) / (len(outcome) + 2.0)
        self.unknown_ = np.array(overall)
        self.fresh_ = smoothed_share(outcome, pairs.unit[firsts], count=self._count, overall=overall)
        self._climb(train, pairs, scored_answers(train))

    def _climb(self, train: Sequences, pairs: Pairs, scored: BoolArray) -> None:
        """L-BFGS on theta, units, floor and ceiling, over the scored answers on memories that have one."""
        from scipy.optimize import minimize

        wanted = (pairs.earlier >= 0) & scored[pairs.row]
        memory = self._walked(pairs)[pairs.earlier[wanted]]
        features, days, unit = _features(memory), pairs.days[wanted], pairs.unit[wanted]
        right = train.outcome[pairs.row[wanted]] == 1
        # an item with several units is one answer: its units share it
        weight = 1.0 / np.bincount(pairs.row, minlength=len(train))[pairs.row[wanted]]

        def objective(x: FloatArray) -> tuple[float, FloatArray]:
            theta, ends, units = np.split(x, [3, 5])
            log = features @ theta + units[unit]
            within = (log > SHORTEST) & (log < LONGEST)
            ratio = days / 2.0 ** np.clip(log, SHORTEST, LONGEST)
            recall = 2.0**-ratio
            floor, share = 1.0 / (1.0 + np.exp(-ends))
            ceiling = floor + (1.0 - floor) * share
            p = inside(floor + (ceiling - floor) * recall)
            loss = -(weight * np.where(right, np.log(p), np.log1p(-p))).sum()
            slope = weight * (p - right) / (p * (1.0 - p))
            # with y = recall: dy/dlog2(h) = y ratio ln(2)^2
            by_log = slope * (ceiling - floor) * recall * ratio * np.log(2.0) ** 2 * within
            by_ceiling, by_floor = (slope * recall).sum(), (slope * (1.0 - recall)).sum()
            by_ends = [(by_floor + by_ceiling * (1.0 - share)) * floor * (1.0 - floor),
                       by_ceiling * (1.0 - floor) * share * (1.0 - share)]  # fmt: skip
            by_unit = np.bincount(unit, by_log, minlength=self._count) + self.penalty * units
            penalty = 0.5 * self.penalty * (units @ units + theta @ theta)
            return float(loss + penalty), np.concatenate([features.T @ by_log + self.penalty * theta, by_ends, by_unit])

        step = iter(range(10**9))

        def told(intermediate_result: Any) -> None:
            epoch = next(step)
            for listener in self.listeners:
                listener(epoch, {"train/loss": float(intermediate_result.fun) / max(len(days), 1)})

        found = minimize(
            objective,
            np.concatenate([[0.0, 0.0, 0.0, -1.0, 2.0], np.zeros(self._count)]),
            jac=True,
            method="L-BFGS-B",
            callback=told,
            options={"maxiter": self.max_iterations, "ftol": 1e-9},
        ).x
        floor, share = 1.0 / (1.0 + np.exp(-found[3:5]))
        self.theta_, self.range_ = found[:3].copy(), np.array([floor, floor + (1.0 - floor) * share])
        self.unit_ = found[5:].copy()


def _features(memory: FloatArray) -> FloatArray:
    """Roots of 1 + right and of 1 + wrong, and a one: `[..., 3]`."""
    roots = np.sqrt(1.0 + memory)
    return np.concatenate([roots, np.ones((*memory.shape[:-1], 1))], axis=-1)
