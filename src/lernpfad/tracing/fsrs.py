"""FSRS-6: memories with a stability and a difficulty, which fade by a power law of the days."""

from typing import Literal

import numpy as np

from lernpfad.core import ConfigError, FloatArray, IntArray, Sequences, memory
from lernpfad.tracing.memory import MemoryTracer, Of, Pairs, inside, scored_answers, smoothed_share

STABILITY, DIFFICULTY = 0, 1
MIDDLE, SPAN = 5.5, 4.5
"""Of the difficulties 1 to 10: they enter between -1 and 1."""


class FSRS(MemoryTracer):
    """FSRS-6 (open-spaced-repetition; formulas in `lernpfad.core.memory`) on the skills or the items of each learner.

    A correct answer is the rating "good", a wrong one "again". weights: "fitted", w0 to w20 by penalised likelihood
    from the defaults (w1, w3, w15, w16 belong to ratings that do not occur), or "default", those of py-fsrs.

    success "recall": P(correct) is the retrievability R, and at a first answer the unit's share of first answers that
    were correct; for flash cards. Weights are fitted on answers a day or more after the last one, as py-fsrs does; an
    answer on the same day is taken as all but sure.
    success "logistic": log-odds = item + mean over its units of (unit + effects of log(1 + F t / S), log S and D), for
    logs in which knowing is more than remembering; a first answer has a constant instead of effects. The effect of time
    is never positive, so mastery never rises by itself.

    whole_days: count days as py-fsrs does, in whole ones; else by the second. penalty: of squared deviations of units,
    items and weights. max_iterations: of L-BFGS. State: stability (days) and difficulty of each memory.
    """

    numbers = 2

    w_: FloatArray
    effect_: FloatArray
    unit_: FloatArray
    item_: FloatArray
    typical_: FloatArray

    def __init__(
        self,
        *,
        of: Of = "skills",
        weights: Literal["fitted", "default"] = "fitted",
        success: Literal["logistic", "recall"] = "logistic",
        whole_days: bool = False,
        penalty: float = 1.0,
        max_iterations: int = 60,
    ) -> None:
        super().__init__(of)
        for name, value, allowed in (
            ("weights", weights, ("fitted", "default")),
            ("success", success, ("logistic", "recall")),
        ):
            if value not in allowed:
                raise ConfigError(f"FSRS: {name}='{value}'; expected '{allowed[0]}' or '{allowed[1]}'")
        if penalty <= 0 or max_iterations < 1:
            raise ConfigError(f"FSRS: penalty={penalty}, max_iterations={max_iterations}; expected both above 0")
        self.weights: Literal["fitted", "default"] = weights
        self.success: Literal["logistic", "recall"] = success
        self.whole_days = whole_days
        self.penalty = penalty
        self.max_iterations = max_iterations

    def _first(self, outcome: IntArray) -> FloatArray:
        rating = _rating(outcome)
        return np.stack([memory.first_stability(rating, self.w_), memory.first_difficulty(rating, self.w_)], axis=-1)

    def _next(self, memory_: FloatArray, days: FloatArray, outcome: IntArray) -> FloatArray:
        stability, difficulty, rating = memory_[..., STABILITY], memory_[..., DIFFICULTY], _rating(outcome)
        later = memory.next_stability(stability, difficulty, days=days, rating=rating, w=self.w_)
        return np.stack([later, memory.next_difficulty(difficulty, rating, self.w_)], axis=-1)

    def _said(self, memory_: FloatArray, days: FloatArray, unit: IntArray) -> FloatArray:
        stability = memory_[..., STABILITY]
        if self.success == "recall":
            return memory.retrievability(days, stability, self.w_)
        elapsed, lasting, hard = self.effect_
        told: FloatArray = self.unit_[unit] + lasting * np.log(stability)
        told = told + elapsed * np.log1p(memory.factor(self.w_) * days / stability)
        told += hard * (memory_[..., DIFFICULTY] - MIDDLE) / SPAN
        return told

    def _success(self, said: FloatArray, items: IntArray) -> FloatArray:
        if self.success == "recall":
            return inside(said)
        of_item = self.item_[np.where(items >= 0, items, 0)] if len(self.item_) else np.zeros(1)
        return _sigmoid(said + np.where(items >= 0, of_item, 0.0))

    def _success_on_skills(self, told: FloatArray, skills: IntArray) -> FloatArray:
        return inside(told) if self.success == "recall" else _sigmoid(told + self.typical_[skills])

    def _rounded(self, days: FloatArray) -> FloatArray:
        return np.floor(days) if self.whole_days else days

    def _fit(self, train: Sequences, pairs: Pairs) -> None:
        from lernpfad.tracing.fsrs_fit import Logistic, Recall, minimised

        step = iter(range(10**9))

        def heard(loss: float) -> None:
            epoch = next(step)
            for listener in self.listeners:
                listener(epoch, {"train/loss": loss})

        days = self._rounded(pairs.days)
        scored = scored_answers(train)
        common = (pairs._replace(days=days), train.item, train.outcome, scored, self.weights == "fitted", self.penalty)
        if self.success == "recall":
            fitted = self.weights == "fitted"
            self.w_ = minimised(Recall(*common), self.max_iterations, heard) if fitted else np.array(memory.W)
            self.effect_, self.unit_, self.item_, self.typical_ = (np.zeros(0) for _ in range(4))
            firsts = pairs.answers[pairs.turn == 0]
            outcome = train.outcome[pairs.row[firsts]]
            overall = np.mean(outcome) if len(outcome) else 0.5
            self.unknown_ = np.array((outcome.sum() + 1.0) / (len(outcome) + 2.0))
            self.fresh_ = smoothed_share(outcome, pairs.unit[firsts], count=self._count, overall=float(overall))
            return
        model = Logistic(*common, units=self._count, items=len(train.catalog), free_units=self.of == "skills")
        found = model.parts(minimised(model, self.max_iterations, heard))
        self.w_, self.effect_, self.item_ = found.w, found.effect, found.item
        self.unit_, self.fresh_, self.unknown_ = found.met + found.unit, found.fresh + found.unit, np.array(found.fresh)
        self.typical_ = self._typical(train)

    def _typical(self, train: Sequences) -> FloatArray:
        """Mean item deviation over the answers on each skill, `[K]`."""
        asked = train.item[train.assessed & (train.item >= 0)]
        row, place = np.nonzero(self.item_skills_[asked] >= 0)
        skill, skills = self.item_skills_[asked[row], place], int(self.skill_count_)
        sums = np.bincount(skill, self.item_[asked[row]], minlength=skills)
        typical: FloatArray = sums / np.maximum(np.bincount(skill, minlength=skills), 1)
        return typical


def _rating(outcome: IntArray) -> IntArray:
    return np.where(outcome == 1, memory.GOOD, memory.AGAIN)


def _sigmoid(logit: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))
