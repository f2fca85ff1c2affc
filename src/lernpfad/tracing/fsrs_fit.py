"""How FSRS is fitted: the likelihood of the scored answers with its gradient, and L-BFGS."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from lernpfad.core import BoolArray, FloatArray, IntArray, memory
from lernpfad.tracing.fsrs import MIDDLE, SPAN
from lernpfad.tracing.fsrs_slopes import Walk, pulled_back, recall_slopes, walked
from lernpfad.tracing.memory import Pairs

FREE: Final = np.array([i for i in range(21) if i not in (1, 3, 15, 16)])
"""Weights that answers which are only right or wrong tell something about."""

DEFAULT: Final = np.array(memory.W)
SPREAD: Final = np.maximum(0.5 * np.abs(DEFAULT), 0.05)
"""Standard deviation of each weight around its default, for the penalty."""

LOWEST: Final = np.array(
    [0.001, 0.001, 0.001, 0.001, 1, 0.001, 0.001, 0.001, 0, 0, 0.001, 0.001, 0.001, 0.001, 0, 0, 1, 0, 0, 0, 0.1]
)
HIGHEST: Final = np.array([100, 100, 100, 100, 10, 4, 4, 0.75, 4.5, 0.8, 3.5, 5, 0.25, 0.9, 4, 1, 6, 2, 2, 0.8, 0.8])
"""Bounds of the weights, those of py-fsrs."""


class Objective:
    """Summed cross-entropy of the scored answers, a penalty, and their gradient, of a vector of parameters."""

    def __init__(
        self, pairs: Pairs, item: IntArray, outcome: IntArray, scored: BoolArray, fitted: bool, penalty: float
    ) -> None:
        self.pairs, self.turns, self.item, self.penalty, self.fitted = pairs, pairs.turns(), item, penalty, fitted
        self.outcome, self.scored = outcome == 1, scored
        self.answers = int(self._wanted().sum())
        units = np.bincount(pairs.row, minlength=len(item))
        self.share = 1.0 / np.maximum(units, 1)[pairs.row]

    def _wanted(self) -> BoolArray:
        return self.scored

    def start(self) -> FloatArray:
        """The defaults."""
        begin: FloatArray = DEFAULT[FREE]
        return begin

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """Of every parameter."""
        low, high = (LOWEST, HIGHEST) if self.fitted else (DEFAULT, DEFAULT)
        return list(zip(low[FREE].tolist(), high[FREE].tolist(), strict=True))

    def weights(self, free: FloatArray) -> FloatArray:
        """All 21 of them, `[21]`."""
        w: FloatArray = DEFAULT.copy()
        w[FREE] = free
        return w

    def result(self, found: FloatArray) -> FloatArray:
        """What the fit gives back."""
        return found

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Loss and gradient."""
        raise NotImplementedError

    def _by_weights(self, w: FloatArray, walk: Walk, by_s: FloatArray, by_d: FloatArray) -> FloatArray:
        """by_s, by_d: derivatives by the memory before each pair that has one, `[P]`; gives `[21]`."""
        met = self.pairs.earlier >= 0
        size, earlier = len(self.pairs.answers), self.pairs.earlier[met]
        s, d = np.zeros(size), np.zeros(size)
        np.add.at(s, earlier, by_s[met])  # a row that is not assessed shares the memory of the next answer
        np.add.at(d, earlier, by_d[met])
        return pulled_back(self.pairs, self.turns, w, walk, stability=s, difficulty=d)

    def _drawn(self, w: FloatArray) -> tuple[float, FloatArray]:
        """The penalty on the weights, and its gradient."""
        away = (w - DEFAULT) / SPREAD
        return 0.5 * self.penalty * float(away @ away), self.penalty * away / SPREAD


class Recall(Objective):
    """P(correct) = mean R over the units; scored are answers a day or more after the last one on every unit."""

    def _wanted(self) -> BoolArray:
        late = np.bincount(self.pairs.row, (self.pairs.earlier < 0) | (self.pairs.days < 1.0), minlength=len(self.item))
        there = np.bincount(self.pairs.row, minlength=len(self.item)) > 0
        wanted: BoolArray = self.scored & there & (late == 0)
        return wanted

    def result(self, found: FloatArray) -> FloatArray:
        """The weights, `[21]`."""
        return self.weights(found)

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Loss and gradient."""
        w, pairs, wanted = self.weights(x), self.pairs, self._wanted()
        walk = walked(pairs, self.turns, w)
        earlier = np.maximum(pairs.earlier, 0)
        left, by_s, by_w = recall_slopes(pairs.days, walk.stability[earlier], w)
        said = np.bincount(pairs.row, left * self.share, minlength=len(wanted))
        p = np.clip(said, 1e-6, 1 - 1e-6)
        loss = -np.where(self.outcome, np.log(p), np.log1p(-p))[wanted].sum()
        slope = wanted * (p - self.outcome) / (p * (1 - p)) * (said == p)
        per_pair = slope[pairs.row] * self.share
        gradient = self._by_weights(w, walk, per_pair * by_s, np.zeros(len(pairs.row)))
        gradient[20] += (per_pair * by_w)[pairs.earlier >= 0].sum()
        penalty, drawn = self._drawn(w)
        return float(loss + penalty), (gradient + drawn)[FREE]


class Found(NamedTuple):
    """What the fit learned. w: `[21]`. effect: of time, log stability and difficulty. unit: `[U]`. item: `[I]`.

    met, fresh: the constants of a memory with and without an answer.
    """

    w: FloatArray
    effect: FloatArray
    met: float
    fresh: float
    unit: FloatArray
    item: FloatArray


class Logistic(Objective):
    """log P / (1 - P) = item + mean over units of (unit + effects of its memory); see `FSRS`."""

    def __init__(self, *common: Any, units: int, items: int, free_units: bool) -> None:
        super().__init__(*common)
        self.units, self.items, self.free_units = units, items, free_units
        self.known = self.item >= 0
        self.alone = np.bincount(self.pairs.row, minlength=len(self.item)) == 0

    def start(self) -> FloatArray:
        """Default weights, and the base rate for everybody."""
        share = float(np.clip(self.outcome[self.scored].mean(), 0.01, 0.99)) if self.answers else 0.5
        rate = np.log(share / (1.0 - share))
        effects = np.array([-0.3, 0.2, -0.2, rate, rate])
        return np.concatenate([DEFAULT[FREE], effects, np.zeros(self.units + self.items)])

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """Time never helps; units are free where they are not the items."""
        free: list[tuple[float | None, float | None]] = [(None, None)]
        units = free if self.free_units else [(0.0, 0.0)]
        return super().bounds() + [(None, 0.0)] + free * 4 + units * self.units + free * self.items

    def parts(self, x: FloatArray) -> Found:
        """The vector of parameters, named."""
        w, effect, constants, unit, item = np.split(x, np.cumsum([len(FREE), 3, 2, self.units]))
        return Found(self.weights(w), effect, float(constants[0]), float(constants[1]), unit, item)

    def __call__(self, x: FloatArray) -> tuple[float, FloatArray]:
        """Loss and gradient."""
        found, pairs = self.parts(x), self.pairs
        met, earlier = pairs.earlier >= 0, np.maximum(pairs.earlier, 0)
        walk = walked(pairs, self.turns, found.w)
        if not len(walk.stability):  # nothing was assessed
            return 0.0, np.zeros(len(x))
        s, d = walk.stability[earlier], walk.difficulty[earlier]
        factor = memory.factor(found.w)
        ratio = factor * pairs.days / s
        features = np.stack([np.log1p(ratio), np.log(s), (d - MIDDLE) / SPAN])
        told = found.unit[pairs.unit] + np.where(met, found.met + found.effect @ features, found.fresh)
        logit = np.bincount(pairs.row, told * self.share, minlength=len(self.item)) + self.alone * found.fresh
        logit[self.known] += found.item[self.item[self.known]]
        loss = np.sum((np.logaddexp(0.0, logit) - self.outcome * logit)[self.scored])
        residual = self.scored * (1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))) - self.outcome)
        per_pair = residual[pairs.row] * self.share
        of_met = per_pair * met
        by_s = per_pair * (found.effect[1] - found.effect[0] * ratio / (1.0 + ratio)) / s
        gradient = self._by_weights(found.w, walk, by_s, per_pair * found.effect[2] / SPAN)
        gradient[20] += found.effect[0] * np.sum(of_met * ratio / (1.0 + ratio)) * _log_slope(found.w)
        penalty, drawn = self._drawn(found.w)
        far = found.unit @ found.unit + found.item @ found.item + found.effect @ found.effect
        constants = np.array([of_met.sum(), (per_pair * ~met).sum() + residual[self.alone].sum()])
        by_unit = np.bincount(pairs.unit, per_pair, minlength=self.units) + self.penalty * found.unit
        by_item = np.bincount(self.item[self.known], residual[self.known], minlength=self.items)
        return float(loss + penalty + 0.5 * self.penalty * far), np.concatenate(
            [
                (gradient + drawn)[FREE],
                features @ of_met + self.penalty * found.effect,
                constants,
                by_unit,
                by_item + self.penalty * found.item,
            ]
        )


def _log_slope(w: FloatArray) -> float:
    """Derivative of log F by w20."""
    slope: float = 0.9 ** (-1.0 / w[20]) * np.log(0.9) / w[20] ** 2 / memory.factor(w)
    return slope


def minimised(objective: Objective, max_iterations: int, heard: Callable[[float], None]) -> FloatArray:
    """What L-BFGS finds within the bounds."""
    from scipy.optimize import minimize

    if not objective.answers:
        return objective.result(objective.start())

    def told(intermediate_result: Any) -> None:
        heard(float(intermediate_result.fun) / objective.answers)

    found = minimize(
        objective,
        objective.start(),
        jac=True,
        bounds=objective.bounds(),
        method="L-BFGS-B",
        callback=told,
        options={"maxiter": max_iterations, "maxfun": 2 * max_iterations, "ftol": 1e-8, "maxcor": 20},
    )
    return objective.result(found.x)
