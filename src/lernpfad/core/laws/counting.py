"""The smallest honest tracer: it stands behind the situations of the policy laws, and keeps every tracer law."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from lernpfad.core.arrays import Array, FloatArray, IntArray
from lernpfad.core.persist import require_fitted
from lernpfad.core.sequences import Interactions, Sequences


@dataclass(frozen=True)
class Counts:
    """Graded answers so far, and how many of them were correct: both `[learners, K]`."""

    answers: FloatArray
    correct: FloatArray


class Counting:
    """Success on a skill is the learner's own rate, drawn towards the rate of each item by `strength` answers."""

    def __init__(self, strength: float = 4.0) -> None:
        self.strength = strength

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Learn the rate of each item, smoothed by ten answers at the base rate."""
        rows = train.assessed
        correct = train.outcome[rows] == 1
        self.base_ = np.array((correct.sum() + 1) / (len(correct) + 2))
        known = train.item[rows] >= 0
        items = train.item[rows][known]
        size = len(train.catalog)
        right = np.bincount(items, weights=correct[known], minlength=size)
        self.item_rate_ = (right + 10 * self.base_) / (np.bincount(items, minlength=size) + 10)
        self.item_skills_ = train.catalog.item_skills
        self.skills_ = np.array(len(train.catalog.skills))
        return self

    def start(self, learners: int) -> Counts:
        """Nobody has answered anything."""
        require_fitted(self)
        return Counts(np.zeros((learners, int(self.skills_))), np.zeros((learners, int(self.skills_))))

    def update(self, state: Counts, seen: Interactions) -> Counts:
        """One more answer on each skill of the item, if it was graded."""
        touched = self._touched(seen.item) * (seen.outcome >= 0)[:, None]
        return replace(
            state,
            answers=state.answers + touched,
            correct=state.correct + touched * (seen.outcome == 1)[:, None],
        )

    def predict(self, state: Counts, items: IntArray, at: FloatArray) -> FloatArray:
        """The item's rate, moved on the logit scale by what the learner did on its skills."""
        rate = np.where(items >= 0, self.item_rate_[np.where(items >= 0, items, 0)], self.base_)
        drawn = (state.correct + self.strength * self.base_) / (state.answers + self.strength)
        lift = _logit(drawn) - _logit(self.base_)
        skills = np.where(items[..., None] >= 0, self.item_skills_[np.where(items >= 0, items, 0)], -1)
        there = skills >= 0
        rows = np.arange(len(items))[:, None, None]
        total = np.where(there, lift[rows, np.where(there, skills, 0)], 0.0).sum(axis=-1)
        probability: FloatArray = 1 / (1 + np.exp(-_logit(rate) - total / np.maximum(there.sum(axis=-1), 1)))
        return probability

    def _touched(self, items: IntArray) -> Array:
        table = np.zeros((len(items), int(self.skills_)))
        skills = np.where(items[:, None] >= 0, self.item_skills_[np.where(items >= 0, items, 0)], -1)
        row, column = np.nonzero(skills >= 0)
        table[row, skills[row, column]] = 1.0
        return table


def _logit(probability: Array) -> Array:
    value: Array = np.log(probability / (1 - probability))
    return value
