"""Logistic regression on what a learner has answered so far: what PFA and Best-LR share."""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from lernpfad.core import BoolArray, ConfigError, FloatArray, IntArray, Interactions, Listener, Sequences
from lernpfad.core.persist import require_fitted

ATTEMPTS, WINS = 0, 1


@dataclass(frozen=True)
class Counts:
    """Answers and right ones: by skill `[L, K, 2]`, by item `[L, I, 2]` (`[L, 0, 2]` if unused), in all `[L, 2]`."""

    skill: IntArray
    item: IntArray
    total: IntArray


class Before(NamedTuple):
    """What counted before each row: for every pair of a row and one of its skills, and for every row.

    row, skill: `[P]`. of_skill: `[P, 2]`. of_item, total: `[N, 2]`.
    """

    row: IntArray
    skill: IntArray
    of_skill: IntArray
    of_item: IntArray
    total: IntArray

    @classmethod
    def of(cls, histories: Sequences, item_skills: IntArray) -> "Before":
        """Counts before each row of the histories."""
        owner, graded = histories.owner, histories.assessed
        added = np.stack([graded, graded & (histories.outcome == 1)], axis=1).astype(np.int64)
        row, skill = _pairs(histories.item, item_skills)
        items, skills = len(item_skills) + 1, int(item_skills.max(initial=0)) + 1
        known = histories.item >= 0
        of_item = _running(owner * items + histories.item, np.where(known[:, None], added, 0))
        return cls(row, skill, _running(owner[row] * skills + skill, added[row]), of_item, _running(owner, added))


class CountRegression:
    """log-odds = bias + item + sum over its skills of (skill + attempts and wins on it) + attempts and wins in all.

    A count n enters as log(1 + n), an answer counts from the next one on. penalty: of the squared weights, 1 / C of
    scikit-learn. An answer that is not assessed counts nothing. Several skills: their terms are summed.
    with_items: item weights, counts by item and in all (Best-LR); without, skills alone (PFA).
    """

    with_items: ClassVar[bool]

    bias_: FloatArray
    item_weight_: FloatArray
    skill_weight_: FloatArray
    count_weight_: FloatArray
    shared_weight_: FloatArray
    typical_item_: FloatArray
    item_skills_: IntArray
    assessed_: BoolArray

    def __init__(self, *, penalty: float = 1.0, max_iterations: int = 1000) -> None:
        if penalty <= 0 or max_iterations < 1:
            raise ConfigError(
                f"{type(self).__name__}: penalty={penalty}, max_iterations={max_iterations}; expected both above 0"
            )
        self.penalty = penalty
        self.max_iterations = max_iterations
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """L-BFGS to convergence; `valid` is not used. Listeners hear `train/loss` after every iteration."""
        from lernpfad.tracing.logistic import fitted

        table = train.catalog.item_skills
        items, skills = len(table) if self.with_items else 0, len(train.catalog.skills)
        before = Before.of(train, table)
        scored = train.assessed & train.extra.get("scored", np.ones(len(train), dtype=bool))
        step = iter(range(10**9))

        def heard(loss: float) -> None:
            epoch = next(step)
            for listener in self.listeners:
                listener(epoch, {"train/loss": loss})

        bias, weights = fitted(
            _design(train.item, before, items=items, skills=skills)[scored],
            (train.outcome[scored] == 1).astype(np.float64),
            strength=self.penalty,
            max_iterations=self.max_iterations,
            heard=heard,
        )
        cuts = np.cumsum([items, skills, 2 * skills])
        of_item, of_skill, of_counts, shared = np.split(weights, cuts)
        self.bias_, self.item_weight_, self.skill_weight_ = np.array([bias]), of_item, of_skill
        self.count_weight_, self.shared_weight_ = of_counts.reshape(2, skills).T.copy(), shared
        self.item_skills_, self.assessed_ = table, train.catalog.assessed
        self.typical_item_ = self._typical(train, skills)
        return self

    def start(self, learners: int) -> Counts:
        """Nothing counted."""
        require_fitted(self)
        items, skills = len(self.item_weight_), len(self.skill_weight_)
        return Counts(
            np.zeros((learners, skills, 2), dtype=np.int32),
            np.zeros((learners, items, 2), dtype=np.int16),
            np.zeros((learners, 2), dtype=np.int32),
        )

    def update(self, state: Counts, seen: Interactions) -> Counts:
        """Count an answer on its item and on each of its skills."""
        graded = seen.outcome >= 0
        added = np.stack([graded, seen.outcome == 1], axis=1)
        table = self._skills_of(seen.item)
        learner, place = np.nonzero((table >= 0) & graded[:, None])
        skill, item = state.skill.copy(), state.item.copy()
        skill[learner, table[learner, place]] += added[learner]
        if item.shape[1]:
            known = np.flatnonzero(graded & (seen.item >= 0))
            item[known, seen.item[known]] += added[known]
        return Counts(skill, item, state.total + added)

    def predict(self, state: Counts, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct), `[learners, items]`."""
        learner = np.arange(len(items))[:, None]
        skills = self._skills_of(items)
        touched = np.where(skills >= 0, skills, 0)
        terms = self._of_skills(state.skill)[learner[..., None], touched]
        logit = self._of_all(state.total)[:, None] + (terms * (skills >= 0)).sum(axis=-1)
        if len(self.item_weight_):
            index = np.where(items >= 0, items, 0)
            of_item = self.item_weight_[index] + np.log1p(state.item[learner, index]) @ self.shared_weight_[:2]
            logit = logit + np.where(items >= 0, of_item, 0.0)
        return _success(logit)

    def mastery(self, state: Counts, at: FloatArray) -> FloatArray:
        """P(success) at the typical item of each skill, met for the first time, `[learners, K]`."""
        return _success(self._of_all(state.total)[:, None] + self._of_skills(state.skill) + self.typical_item_)

    def what_if(self, state: Counts, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate, wrong or correct: `[learners, items, 2, M]`.

        Only the candidate's own skills and the totals move, so no state is copied.
        """
        skills = self._skills_of(items)
        touched = np.where(skills >= 0, skills, 0)
        counted = state.skill[np.arange(len(items))[:, None, None], touched]
        graded = self.assessed_[np.where(items >= 0, items, 0)] | (items < 0)
        after = []
        for outcome in (0, 1):
            added = graded[..., None] * np.array([1, outcome])
            terms = np.log1p(counted + added[:, :, None]) * self.count_weight_[touched]
            logit = self._of_all(state.total[:, None] + added)[..., None] + terms.sum(axis=-1)
            after.append(_success(logit + self.skill_weight_[touched] + self.typical_item_[touched]))
        return np.where((skills >= 0)[:, :, None], np.stack(after, axis=2), np.nan)

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row from earlier rows, `[N]`, all at once."""
        require_fitted(self)
        before = Before.of(histories, self.item_skills_)
        terms = self.skill_weight_[before.skill]
        terms = terms + (np.log1p(before.of_skill) * self.count_weight_[before.skill]).sum(axis=1)
        logit = self._of_all(before.total) + np.bincount(before.row, terms, minlength=len(histories))
        if len(self.item_weight_):
            of_item = self.item_weight_[histories.item] + np.log1p(before.of_item) @ self.shared_weight_[:2]
            logit = logit + np.where(histories.item >= 0, of_item, 0.0)
        return _success(logit)

    def _of_all(self, total: IntArray) -> FloatArray:
        """Bias and what the totals `[..., 2]` add."""
        if not len(self.shared_weight_):
            return np.broadcast_to(self.bias_[0], total.shape[:-1])
        shared: FloatArray = self.bias_[0] + np.log1p(total) @ self.shared_weight_[2:]
        return shared

    def _of_skills(self, counted: IntArray) -> FloatArray:
        """What each skill adds, `[L, K]`."""
        terms: FloatArray = self.skill_weight_ + (np.log1p(counted) * self.count_weight_).sum(axis=-1)
        return terms

    def _skills_of(self, items: IntArray) -> IntArray:
        if not len(self.item_skills_):
            return np.full((*items.shape, 1), -1)
        return np.where((items >= 0)[..., None], self.item_skills_[np.where(items >= 0, items, 0)], -1)

    def _typical(self, train: Sequences, skills: int) -> FloatArray:
        """Mean item weight over the answers on each skill, `[K]`."""
        if not self.with_items:
            return np.zeros(skills)
        row, skill = _pairs(np.where(train.assessed, train.item, -1), self.item_skills_)
        sums = np.bincount(skill, self.item_weight_[train.item[row]], minlength=skills)
        typical: FloatArray = sums / np.maximum(np.bincount(skill, minlength=skills), 1)
        return typical


def _pairs(item: IntArray, item_skills: IntArray) -> tuple[IntArray, IntArray]:
    """Every row with each of its item's skills, both `[P]`, in order of the rows."""
    if not len(item_skills):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    table = np.where((item >= 0)[:, None], item_skills[np.where(item >= 0, item, 0)], -1)
    row, place = np.nonzero(table >= 0)
    return row, table[row, place]


def _running(key: IntArray, added: IntArray) -> IntArray:
    """For each entry, the sum of `added` `[P, 2]` over earlier entries with the same key."""
    order = np.argsort(key, kind="stable")
    ahead = np.cumsum(added[order], axis=0) - added[order]
    sorted_key = key[order]
    first = np.searchsorted(sorted_key, sorted_key, side="left")
    running = np.empty_like(ahead)
    running[order] = ahead - ahead[first]
    return running


def _design(item: IntArray, before: Before, *, items: int, skills: int) -> Any:
    """The sparse design matrix; columns: items, skills, attempts by skill, wins by skill, and with items four more."""
    from scipy.sparse import coo_array

    rows, pairs = np.arange(len(item)), np.log1p(before.of_skill)
    blocks = [
        (before.row, items + before.skill, np.ones(len(before.row))),
        (before.row, items + skills + before.skill, pairs[:, ATTEMPTS]),
        (before.row, items + 2 * skills + before.skill, pairs[:, WINS]),
    ]
    if items:
        known = item >= 0
        blocks.append((rows[known], item[known], np.ones(int(known.sum()))))
        shared = np.log1p(np.concatenate([before.of_item * known[:, None], before.total], axis=1))
        blocks += [(rows, np.full(len(item), items + 3 * skills + n), shared[:, n]) for n in range(4)]
    row, column, value = (np.concatenate(part) for part in zip(*blocks, strict=True))
    wide = items + 3 * skills + (4 if items else 0)
    return coo_array((value, (row, column)), shape=(len(item), wide)).tocsr()


def _success(logit: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))
