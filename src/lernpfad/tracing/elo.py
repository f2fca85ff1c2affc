"""Elo ratings: every answer is a match between learner and item, and both ratings move by how surprising it was."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Self

import numpy as np

from lernpfad.core import ConfigError, FloatArray, IntArray, Interactions, Listener, Sequences, fold, mean_over_skills
from lernpfad.core.persist import require_fitted


@dataclass(frozen=True)
class Ratings:
    """Ability in all `[L]` and its offset on each skill `[L, K]`, each with the number of answers behind it."""

    ability: FloatArray
    answers: IntArray
    offset: FloatArray
    skill_answers: IntArray


class Elo:
    """P = sigmoid(ability + mean offset on the item's skills - difficulty) (Pelánek, Computers & Education 2016).

    After an answer each of them moves by k(n) (outcome - P), where k(n) = step / (1 + fading n) falls with the number n
    of answers behind it: the uncertainty of a rating. step, fading: of ability and offsets; item_step, item_fading: of
    difficulties. passes: over the training answers, in the order of their time, to find the difficulties.

    Difficulties are frozen after `fit`, so that no learner's answers flow into another's prediction. An unknown item is
    of mean difficulty. An answer that is not assessed tells nothing.
    """

    difficulty_: FloatArray
    common_: FloatArray
    typical_: FloatArray
    item_skills_: IntArray

    def __init__(
        self,
        *,
        step: float = 0.4,
        fading: float = 0.05,
        item_step: float = 0.4,
        item_fading: float = 0.05,
        passes: int = 2,
    ) -> None:
        if min(step, item_step) <= 0 or min(fading, item_fading) < 0 or passes < 1:
            raise ConfigError(
                f"Elo: step={step}, item_step={item_step}, fading={fading}, item_fading={item_fading}, "
                f"passes={passes}; expected steps above 0, fadings of at least 0 and at least one pass"
            )
        self.step = step
        self.fading = fading
        self.item_step = item_step
        self.item_fading = item_fading
        self.passes = passes
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Rate the items; `valid` is not used. Listeners hear `train/loss` (nats per answer) after every pass."""
        from lernpfad.tracing.elo_kernels import rate

        table, skills = train.catalog.item_skills, len(train.catalog.skills)
        scored = train.assessed & (train.item >= 0)
        rows = np.flatnonzero(scored)
        rows = rows[np.argsort(train.time[rows], kind="stable")]
        share = float(np.clip((train.outcome[rows] == 1).mean(), 0.02, 0.98)) if len(rows) else 0.5
        difficulty = np.full(len(table), -np.log(share / (1 - share)))
        settings = (self.step, self.fading, self.item_step, self.item_fading)
        answers = np.zeros(len(table), dtype=np.int64)
        for one in range(self.passes):
            loss = rate(
                train.owner[rows], train.item[rows], train.outcome[rows], table, difficulty, answers, settings,
                learners=len(train.learners), skills=skills,
            )  # fmt: skip
            for listener in self.listeners:
                listener(one, {"train/loss": loss / max(len(rows), 1)})
        count = np.bincount(train.item[rows], minlength=len(table)) if len(rows) else np.zeros(len(table))
        mean = float((difficulty * count).sum() / count.sum()) if count.sum() else float(difficulty.mean())
        self.difficulty_, self.common_, self.item_skills_ = difficulty, np.array([mean]), table
        item, place = np.nonzero(table >= 0)
        weight = np.bincount(table[item, place], count[item], minlength=skills)
        sums = np.bincount(table[item, place], (count * difficulty)[item], minlength=skills)
        self.typical_ = np.where(weight > 0, sums / np.maximum(weight, 1), mean)
        return self

    def start(self, learners: int) -> Ratings:
        """Everybody at zero."""
        require_fitted(self)
        skills = len(self.typical_)
        return Ratings(
            np.zeros(learners),
            np.zeros(learners, dtype=np.int64),
            np.zeros((learners, skills)),
            np.zeros((learners, skills), dtype=np.int64),
        )

    def update(self, state: Ratings, seen: Interactions) -> Ratings:
        """Move ability and the offsets of the item's skills by the surprise."""
        graded = seen.outcome >= 0
        surprise = np.where(graded, (seen.outcome == 1) - self.predict(state, seen.item[:, None], seen.time)[:, 0], 0.0)
        skills = self._skills_of(seen.item)
        learner, place = np.nonzero((skills >= 0) & graded[:, None])
        skill = skills[learner, place]
        offset, skill_answers = state.offset.copy(), state.skill_answers.copy()
        offset[learner, skill] += self._k(state.skill_answers[learner, skill]) * surprise[learner]
        skill_answers[learner, skill] += 1
        ability = state.ability + self._k(state.answers) * surprise
        return Ratings(ability, state.answers + graded, offset, skill_answers)

    def predict(self, state: Ratings, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct), `[learners, items]`."""
        offset = mean_over_skills(state.offset, self._skills_of(items), default=0.0)
        difficulty = np.append(self.difficulty_, self.common_)[items]
        return _sigmoid(state.ability[:, None] + offset - difficulty)

    def mastery(self, state: Ratings, at: FloatArray) -> FloatArray:
        """P(success) at the mean difficulty of each skill's answers, `[learners, K]`."""
        return _sigmoid(state.ability[:, None] + state.offset - self.typical_)

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row from earlier rows, `[N]`: compiled where numba is installed, else the fold."""
        require_fitted(self)
        if find_spec("numba") is None:  # a production machine: slower, the same numbers
            return fold(self, histories)[1]
        from lernpfad.tracing.elo_kernels import trace_rows

        columns = (histories.item, histories.outcome, histories.accepted)
        difficulty = np.append(self.difficulty_, self.common_)
        settings = (self.step, self.fading)
        predicted: FloatArray = trace_rows(
            histories.offsets, *columns, self.item_skills_, difficulty, settings, skills=len(self.typical_)
        )
        return predicted

    def spread(self, state: Ratings) -> FloatArray:
        """How far the next answer on each skill can move its rating, `[learners, K]`: wide where little is known."""
        return self._k(state.answers)[:, None] + self._k(state.skill_answers)

    def _k(self, answers: IntArray) -> FloatArray:
        moved: FloatArray = self.step / (1 + self.fading * answers)
        return moved

    def _skills_of(self, items: IntArray) -> IntArray:
        if not len(self.item_skills_):
            return np.full((*items.shape, 1), -1)
        return np.where((items >= 0)[..., None], self.item_skills_[np.where(items >= 0, items, 0)], -1)


def _sigmoid(logit: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))
