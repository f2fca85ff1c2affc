"""What memory models share: one memory per learner and unit (skill or item), which fades until the next answer."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple, Self

import numpy as np

from lernpfad.core import (
    BoolArray,
    ConfigError,
    FloatArray,
    IntArray,
    Interactions,
    Listener,
    Sequences,
    mean_over_skills,
)
from lernpfad.core.persist import require_fitted

DAY: Final = 86_400.0
NEVER: Final = -np.inf
"""Time of the last answer where there is none yet."""

Of = Literal["skills", "items"]


@dataclass(frozen=True)
class Memories:
    """What is kept of each memory: numbers `[L, U, D]`, and the time of its last answer `[L, U]` (-inf: none yet)."""

    memory: FloatArray
    last: FloatArray


class Pairs(NamedTuple):
    """Every row with each of its units, grouped by learner and unit, oldest first; the answers among them.

    row, unit: `[P]`. earlier: the last answer on the same memory before it, an index into `answers`, -1 if there is
    none, `[P]`. days: since that answer, 0 if there is none, `[P]`. answers: the pairs that are assessed, `[A]`.
    outcome: theirs, `[A]`. turn: how many answers on the same memory came before, `[A]`.
    """

    row: IntArray
    unit: IntArray
    earlier: IntArray
    days: FloatArray
    answers: IntArray
    outcome: IntArray
    turn: IntArray

    @classmethod
    def of(cls, histories: Sequences, units: IntArray, *, count: int) -> "Pairs":
        """units: of each row, `[N, M]`, padded with -1; numbers below `count`."""
        row, place = np.nonzero(units >= 0)
        unit = units[row, place]
        key = histories.owner[row] * max(count, 1) + unit
        order = np.argsort(key, kind="stable")
        row, unit, key = row[order], unit[order], key[order]
        graded = histories.assessed[row]
        before: IntArray = np.cumsum(graded) - graded  # answers on any memory ahead of this pair
        first = np.searchsorted(key, key, side="left")
        turn: IntArray = before - before[first] if len(key) else before
        answers = np.flatnonzero(graded)
        earlier = np.where(turn > 0, before - 1, -1)
        last = histories.time[row[answers[np.maximum(earlier, 0)]]] if len(answers) else np.zeros(len(row))
        days = np.where(earlier >= 0, np.maximum(histories.time[row] - last, 0.0) / DAY, 0.0)
        return cls(row, unit, earlier, days, answers, histories.outcome[row[answers]], turn[answers])

    def turns(self) -> list[IntArray]:
        """The first answers on every memory, the second ones, and so on: indices into `answers`."""
        order = np.argsort(self.turn, kind="stable")
        bounds = np.cumsum(np.bincount(self.turn)) if len(order) else np.empty(0, dtype=np.int64)
        return np.split(order, bounds[:-1]) if len(order) else []


class MemoryTracer:
    """A memory for each learner and unit; an answer that is not assessed leaves it as it was.

    of: what a memory is of, "skills" or "items". An item's prediction is the mean over its units; a memory without an
    answer says `fresh_`. A subclass says what a memory is (`numbers`, `_first`, `_next`), what it tells (`_said`), how
    that becomes a probability (`_success`), and how it is fitted (`_fit`).
    """

    numbers: ClassVar[int]

    of: Of
    units_: IntArray
    item_skills_: IntArray
    skill_count_: IntArray
    assessed_: BoolArray
    fresh_: FloatArray
    unknown_: FloatArray

    def __init__(self, of: Of) -> None:
        if of not in ("skills", "items"):
            raise ConfigError(f"{type(self).__name__}: of='{of}'; expected 'skills' or 'items'")
        self.of: Of = of
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Maximum likelihood with a penalty; `valid` is not used. Listeners hear `train/loss`, nats per answer."""
        catalog = train.catalog
        self.item_skills_, self.skill_count_ = catalog.item_skills, np.array(len(catalog.skills))
        self.assessed_ = catalog.assessed
        self.units_ = catalog.item_skills if self.of == "skills" else np.arange(len(catalog))[:, None]
        self._fit(train, self._pairs(train))
        return self

    def start(self, learners: int) -> Memories:
        """No memory of anything."""
        require_fitted(self)
        shape = (learners, self._count)
        return Memories(np.zeros((*shape, self.numbers)), np.full(shape, NEVER))

    def update(self, state: Memories, seen: Interactions) -> Memories:
        """Each unit of the item takes in the answer, once."""
        units = self._units_of(seen.item)
        learner, place = np.nonzero((units >= 0) & (seen.outcome >= 0)[:, None])
        unit, outcome = units[learner, place], seen.outcome[learner]
        old, last = state.memory[learner, unit], state.last[learner, unit]
        days = self._days(seen.time[learner], last)
        memory, contact = state.memory.copy(), state.last.copy()
        met = (last > NEVER)[:, None]
        memory[learner, unit] = np.where(met, self._next(np.where(met, old, 1.0), days, outcome), self._first(outcome))
        contact[learner, unit] = np.where(met[:, 0], np.maximum(seen.time[learner], last), seen.time[learner])
        return Memories(memory, contact)

    def predict(self, state: Memories, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct), `[learners, items]`; it falls while nothing is answered."""
        said = mean_over_skills(self._told(state, at), self._units_of(items), default=float(self.unknown_))
        return self._success(said, items)

    def mastery(self, state: Memories, at: FloatArray) -> FloatArray:
        """P(success) on each skill at `at`, `[learners, K]`: of its memory, or the mean over its items."""
        told = self._told(state, at)
        if self.of == "skills":
            return self._success_on_skills(told, np.arange(self._count))
        item, place = np.nonzero(self.item_skills_ >= 0)
        skill, skills = self.item_skills_[item, place], int(self.skill_count_)
        success = self._success(told, np.arange(self._count)[None])
        sums = np.zeros((len(at), skills))
        np.add.at(sums.T, skill, success.T[item])
        items = np.bincount(skill, minlength=skills)
        return np.where(items > 0, sums / np.maximum(items, 1), float(self._success(self.unknown_, np.array(-1))))

    def what_if(self, state: Memories, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate, wrong or correct: `[learners, items, 2, M]`.

        Only the candidate's own memories move, so no state is copied.
        """
        known = np.where(items >= 0, items, 0)
        skills = np.where((items >= 0)[..., None], self.item_skills_[known], -1)
        touched, graded = np.where(skills >= 0, skills, 0), self.assessed_[known][..., None]
        before = np.take_along_axis(self.mastery(state, at)[:, None], touched, axis=2)
        units = self._units_of(items)
        learner, unit = np.arange(len(items))[:, None, None], np.where(units >= 0, units, 0)
        old, last = state.memory[learner, unit], state.last[learner, unit]
        met, days = last > NEVER, self._days(at[:, None, None], last)
        after = []
        for outcome in (0, 1):
            answer = np.full(unit.shape, outcome)
            grown = self._next(np.where(met[..., None], old, 1.0), days, answer)
            told = self._said(np.where(met[..., None], grown, self._first(answer)), np.zeros(unit.shape), unit)
            after.append(np.where(graded, self._imagined(told, touched, before, state, items, at), before))
        return np.where((skills >= 0)[:, :, None], np.stack(after, axis=2), np.nan)

    def _imagined(
        self, told: FloatArray, skills: IntArray, before: FloatArray, state: Memories, items: IntArray, at: FloatArray
    ) -> FloatArray:
        """Mastery of each item's skills, `[L, n, M]`, once its units tell `told`; it was `before`."""
        if self.of == "skills":
            return self._success_on_skills(told, skills)
        counted = np.bincount(self.item_skills_[self.item_skills_ >= 0], minlength=int(self.skill_count_))
        more = self._success(told[..., 0], items) - self.predict(state, items, at)
        return before + more[..., None] / np.maximum(counted, 1)[skills]

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row from earlier rows, `[N]`: all memories at once, one answer of each after another."""
        require_fitted(self)
        pairs = self._pairs(histories)
        told = self._of_pairs(pairs, self._walked(pairs))
        sums, count = (
            np.bincount(pairs.row, values, minlength=len(histories)) for values in (told, np.ones(len(told)))
        )
        said = np.where(count > 0, sums / np.maximum(count, 1), float(self.unknown_))
        return self._success(said, histories.item)

    def _first(self, outcome: IntArray) -> FloatArray:
        """The memory after its first answer, `[n, D]`."""
        raise NotImplementedError

    def _next(self, memory: FloatArray, days: FloatArray, outcome: IntArray) -> FloatArray:
        """The memory after one more answer, `days` after the last, `[n, D]`."""
        raise NotImplementedError

    def _said(self, memory: FloatArray, days: FloatArray, unit: IntArray) -> FloatArray:
        """What a memory `[..., D]` tells `days` after its last answer."""
        raise NotImplementedError

    def _fit(self, train: Sequences, pairs: Pairs) -> None:
        """Set `fresh_`, `unknown_` and what else the model has to learn."""
        raise NotImplementedError

    def _success(self, said: FloatArray, items: IntArray) -> FloatArray:
        """P(correct) from what the units of an item told, on the average."""
        return inside(said)

    def _success_on_skills(self, told: FloatArray, skills: IntArray) -> FloatArray:
        """P(success) on skills from what their memories tell; skills: which they are, any shape that fits `told`."""
        return inside(told)

    def _told(self, state: Memories, at: FloatArray) -> FloatArray:
        """What each memory tells at `at`, `[L, U]`."""
        require_fitted(self)
        met = state.last > NEVER
        memory = np.where(met[..., None], state.memory, 1.0)
        unit = np.broadcast_to(np.arange(self._count), met.shape)
        return np.where(met, self._said(memory, self._days(at[:, None], state.last), unit), self.fresh_)

    def _walked(self, pairs: Pairs) -> FloatArray:
        """The memory after each answer, `[A, D]`."""
        after = np.empty((len(pairs.answers), self.numbers))
        days = self._rounded(pairs.days[pairs.answers])
        for number, some in enumerate(pairs.turns()):
            outcome = pairs.outcome[some]
            after[some] = self._next(after[some - 1], days[some], outcome) if number else self._first(outcome)
        return after

    def _of_pairs(self, pairs: Pairs, after: FloatArray) -> FloatArray:
        """What the memory tells before each pair, `[P]`."""
        met = pairs.earlier >= 0
        told = self.fresh_[pairs.unit]
        told[met] = self._said(after[pairs.earlier[met]], self._rounded(pairs.days[met]), pairs.unit[met])
        return told

    def _pairs(self, histories: Sequences) -> Pairs:
        return Pairs.of(histories, self._units_of(histories.item), count=self._count)

    def _days(self, at: FloatArray, last: FloatArray) -> FloatArray:
        return self._rounded(np.where(last > NEVER, np.maximum(at - np.where(last > NEVER, last, 0.0), 0.0), 0.0) / DAY)

    def _rounded(self, days: FloatArray) -> FloatArray:
        return days

    def _units_of(self, items: IntArray) -> IntArray:
        if not len(self.units_):
            return np.full((*items.shape, 1), -1)
        return np.where((items >= 0)[..., None], self.units_[np.where(items >= 0, items, 0)], -1)

    @property
    def _count(self) -> int:
        return int(self.skill_count_) if self.of == "skills" else len(self.units_)


def smoothed_share(outcome: IntArray, unit: IntArray, *, count: int, overall: float, weight: float = 5.0) -> FloatArray:
    """Share of correct answers of each unit, `[count]`, with `weight` answers at the overall share."""
    right = np.bincount(unit, outcome == 1, minlength=count)
    share: FloatArray = (right + weight * overall) / (np.bincount(unit, minlength=count) + weight)
    return share


def inside(probability: FloatArray, margin: float = 1e-6) -> FloatArray:
    """The probability, kept off 0 and 1."""
    kept: FloatArray = np.clip(probability, margin, 1.0 - margin)
    return kept


def scored_answers(train: Sequences) -> BoolArray:
    """The rows that a fit is told to predict, `[N]`."""
    wanted: BoolArray = train.assessed & train.extra.get("scored", np.ones(len(train), dtype=bool))
    return wanted
