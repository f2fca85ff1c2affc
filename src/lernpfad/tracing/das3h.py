"""DAS3H: logistic regression on items, skills, and wins and attempts per skill in windows of time."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from lernpfad.core import BoolArray, ConfigError, FloatArray, IntArray, Interactions, Listener, Sequences
from lernpfad.core.persist import require_fitted

HOUR: Final = 3600.0
WINDOWS: Final = (HOUR, 24 * HOUR, 7 * 24 * HOUR, 30 * 24 * HOUR)
"""Lengths of the windows before the one that holds everything, seconds."""

COLUMNS: Final = 2 * (len(WINDOWS) + 1)
"""Counts of a skill: attempts and wins in each window, the longest last."""

NONE: Final = -1


@dataclass(frozen=True)
class Recent:
    """The last answers, newest last, `[L, kept]`: time, item, and right (1), wrong (0) or none (-1).

    total: attempts and wins on each skill, ever, `[L, K, 2]`.
    """

    time: FloatArray
    item: IntArray
    right: IntArray
    total: IntArray


class DAS3H:
    """DAS3H (Choffin, Popineau, Bourda & Vie, EDM 2019) without pairs (d = 0) and without a weight for the learner.

    log-odds = bias + item + sum over its skills of (skill + sum over windows of weights of log(1 + attempts) and of
    log(1 + wins) in it); windows of an hour, a day, 7 days, 30 days, and all. An answer is in a window of
    length w until w seconds after it; one that is not assessed counts nothing. There is no weight for the learner,
    because those who are predicted are new.

    kept: how many of the last answers the windows look at; beyond them an answer is in the longest window alone. That
    bounds the state: 13 bytes an answer, 8 a skill. penalty: of the squared weights, 1 / C of scikit-learn.
    """

    bias_: FloatArray
    item_weight_: FloatArray
    skill_weight_: FloatArray
    count_weight_: FloatArray
    typical_item_: FloatArray
    item_skills_: IntArray
    assessed_: BoolArray

    def __init__(self, *, kept: int = 500, penalty: float = 1.0, max_iterations: int = 1000) -> None:
        if kept < 1 or penalty <= 0 or max_iterations < 1:
            raise ConfigError(
                f"DAS3H: kept={kept}, penalty={penalty}, max_iterations={max_iterations}; expected all above 0"
            )
        self.kept = kept
        self.penalty = penalty
        self.max_iterations = max_iterations
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """L-BFGS to convergence; `valid` is not used. Listeners hear `train/loss` after every iteration."""
        from lernpfad.tracing.logistic import fitted

        self.item_skills_, self.assessed_ = train.catalog.item_skills, train.catalog.assessed
        items, skills = len(self.item_skills_), len(train.catalog.skills)
        row, skill = self._pairs(train.item)
        counts = np.log1p(self._counted(train, row, skill))
        scored = train.assessed & train.extra.get("scored", np.ones(len(train), dtype=bool))
        step = iter(range(10**9))

        def heard(loss: float) -> None:
            epoch = next(step)
            for listener in self.listeners:
                listener(epoch, {"train/loss": loss})

        bias, weights = fitted(
            _design(train.item, row, skill, counts, items=items, skills=skills)[scored],
            (train.outcome[scored] == 1).astype(np.float64),
            strength=self.penalty,
            max_iterations=self.max_iterations,
            heard=heard,
        )
        of_item, of_skill, of_counts = np.split(weights, [items, items + skills])
        self.bias_, self.item_weight_, self.skill_weight_ = np.array([bias]), of_item.copy(), of_skill.copy()
        self.count_weight_ = of_counts.reshape(skills, COLUMNS).copy()
        answered = train.assessed[row]
        sums = np.bincount(skill[answered], of_item[train.item[row[answered]]], minlength=skills)
        self.typical_item_ = sums / np.maximum(np.bincount(skill[answered], minlength=skills), 1)
        return self

    def start(self, learners: int) -> Recent:
        """Nothing answered."""
        require_fitted(self)
        shape = (learners, self.kept)
        return Recent(
            np.zeros(shape),
            np.full(shape, NONE, dtype=np.int32),
            np.full(shape, NONE, dtype=np.int8),
            np.zeros((learners, len(self.skill_weight_), 2), dtype=np.int32),
        )

    def update(self, state: Recent, seen: Interactions) -> Recent:
        """The answer joins the last ones, and counts on each skill of its item."""
        graded = seen.outcome >= 0

        def joined(old: Any, new: Any) -> Any:
            shifted = np.concatenate([old[:, 1:], np.asarray(new, dtype=old.dtype)[:, None]], axis=1)
            return np.where(graded[:, None], shifted, old)

        skills = self._skills_of(seen.item)
        learner, place = np.nonzero((skills >= 0) & graded[:, None])
        total = state.total.copy()
        total[learner, skills[learner, place]] += np.stack([graded, seen.outcome == 1], axis=1)[learner]
        return Recent(
            joined(state.time, seen.time), joined(state.item, seen.item), joined(state.right, seen.outcome), total
        )

    def predict(self, state: Recent, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct), `[learners, items]`; answers leave the windows as time goes by."""
        skills = self._skills_of(items)
        terms = self._of_skills(state, at)
        picked = np.take_along_axis(terms[:, None], np.where(skills >= 0, skills, 0), axis=2) if terms.size else 0.0
        of_item = np.where(items >= 0, self.item_weight_[np.where(items >= 0, items, 0)], 0.0)
        return _success(self.bias_[0] + of_item + (picked * (skills >= 0)).sum(axis=-1))

    def mastery(self, state: Recent, at: FloatArray) -> FloatArray:
        """P(success) at the typical item of each skill at `at`, `[learners, K]`."""
        return _success(self.bias_[0] + self._of_skills(state, at) + self.typical_item_)

    def what_if(self, state: Recent, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate, wrong or correct: `[learners, items, 2, M]`.

        Only the candidate's own skills move, and the oldest answer kept makes room, so no state is copied.
        """
        skills = self._skills_of(items)
        if not len(self.skill_weight_):
            return np.full((*items.shape, 2, skills.shape[-1]), np.nan)
        touched = np.where(skills >= 0, skills, 0)
        graded = (self.assessed_[np.where(items >= 0, items, 0)] | (items < 0))[..., None, None]
        who = np.arange(len(items))[:, None, None]
        idle, later = self._now(state, at)[who, touched], self._now(state, at, forget=1)[who, touched]
        after = []
        for outcome in (0, 1):
            counts = np.where(graded, later + np.tile([1, outcome], COLUMNS // 2), idle)
            terms = (np.log1p(counts) * self.count_weight_[touched]).sum(axis=-1)
            after.append(_success(self.bias_[0] + self.skill_weight_[touched] + terms + self.typical_item_[touched]))
        return np.where((skills >= 0)[:, :, None], np.stack(after, axis=2), np.nan)

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row from earlier rows, `[N]`, all at once."""
        require_fitted(self)
        row, skill = self._pairs(histories.item)
        counts = np.log1p(self._counted(histories, row, skill))
        terms = self.skill_weight_[skill] + (counts * self.count_weight_[skill]).sum(axis=1)
        logit = self.bias_[0] + np.bincount(row, terms, minlength=len(histories))
        known = histories.item >= 0
        logit[known] += self.item_weight_[histories.item[known]]
        return _success(logit)

    def _of_skills(self, state: Recent, at: FloatArray) -> FloatArray:
        """What each skill adds, `[L, K]`."""
        terms: FloatArray = self.skill_weight_ + (np.log1p(self._now(state, at)) * self.count_weight_).sum(axis=-1)
        return terms

    def _now(self, state: Recent, at: FloatArray, *, forget: int = 0) -> IntArray:
        """Counts of each skill in each window at `at`, without the oldest `forget` answers kept: `[L, K, COLUMNS]`."""
        require_fitted(self)
        learners, skills = state.total.shape[:2]
        told, right = self._skills_of(state.item[:, forget:]), state.right[:, forget:]
        who, answer, place = np.nonzero((told >= 0) & (right >= 0)[..., None])
        cell, right = who * skills + told[who, answer, place], right[who, answer]
        time = state.time[:, forget:][who, answer]
        counts = np.empty((learners, skills, COLUMNS), dtype=np.int64)
        for number, window in enumerate(WINDOWS):
            inside = time > (at - window)[who]
            for column, some in ((0, inside), (1, inside & (right == 1))):
                count = np.bincount(cell[some], minlength=learners * skills)
                counts[..., 2 * number + column] = count.reshape(learners, skills)
        counts[..., -2:] = state.total
        return counts

    def _counted(self, histories: Sequences, row: IntArray, skill: IntArray) -> IntArray:
        """Attempts and wins in each window before each pair of a row and a skill, `[P, COLUMNS]`."""
        graded, owner = histories.assessed, histories.owner
        oldest = _oldest(histories, graded, kept=self.kept)
        # answers on the skill, by learner and skill, then by row: a place in this order counts what came before
        key = (owner[row] * (int(skill.max(initial=0)) + 1) + skill) * len(histories) + row
        order = np.argsort(key)
        sorted_key, answered = key[order], graded[row[order]]
        win = answered & (histories.outcome[row[order]] == 1)
        running = np.stack([np.append(0, np.cumsum(answered)), np.append(0, np.cumsum(win))], axis=1)
        now = running[np.searchsorted(sorted_key, key)]
        counts = np.empty((len(row), COLUMNS), dtype=np.int64)
        for number, since in enumerate(oldest):
            # the same memory from the row on at which the window opens
            counts[:, 2 * number : 2 * number + 2] = now - running[np.searchsorted(sorted_key, key - row + since[row])]
        return counts

    def _pairs(self, item: IntArray) -> tuple[IntArray, IntArray]:
        """Every row with each of its item's skills, both `[P]`."""
        table = self._skills_of(item)
        row, place = np.nonzero(table >= 0)
        return row, table[row, place].astype(np.int64)

    def _skills_of(self, items: IntArray) -> IntArray:
        if not len(self.item_skills_):
            return np.full((*items.shape, 1), NONE)
        return np.where((items >= 0)[..., None], self.item_skills_[np.where(items >= 0, items, 0)], NONE)


def _oldest(histories: Sequences, graded: BoolArray, *, kept: int) -> list[IntArray]:
    """The first row that each window holds at each row, `[N]` each; the last window holds the whole history."""
    rows, owner = np.arange(len(histories)), histories.owner
    first = histories.offsets[:-1][owner]
    answers = np.flatnonzero(graded)
    before: IntArray = np.cumsum(graded) - graded  # answers of anybody ahead of this row
    bound = before - kept
    last_kept = np.where(bound >= before[first], answers[np.maximum(bound, 0)] if len(answers) else 0, first)
    found = []
    for window in WINDOWS:
        opened = np.empty(len(rows), dtype=np.int64)
        for begin, end in zip(histories.offsets[:-1], histories.offsets[1:], strict=True):
            time = histories.time[begin:end]
            opened[begin:end] = begin + np.searchsorted(time, time - window, side="right")
        found.append(np.maximum(opened, last_kept))
    return [*found, first]


def _design(item: IntArray, row: IntArray, skill: IntArray, counts: FloatArray, *, items: int, skills: int) -> Any:
    """The sparse design matrix; columns: items, skills, then the counts of each skill."""
    from scipy.sparse import coo_array

    known = np.flatnonzero(item >= 0)
    pair, column = np.nonzero(counts)
    parts = (
        (known, item[known], np.ones(len(known))),
        (row, items + skill, np.ones(len(row))),
        (row[pair], items + skills + skill[pair] * COLUMNS + column, counts[pair, column]),
    )
    rows, columns, values = (np.concatenate(some) for some in zip(*parts, strict=True))
    return coo_array((values, (rows, columns)), shape=(len(item), items + skills * (1 + COLUMNS))).tocsr()


def _success(logit: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))
