"""What a learner's history says of each skill without any tracer: her last answers, and how often she took it."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import Array, BoolArray, FloatArray, IntArray
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation


@dataclass(frozen=True)
class Answers:
    """Graded answers on skills, by learner and skill, oldest first; an item of n skills gives n rows.

    owner, skill, row: `[N]`, row of the history. correct: `[N]`. from_end: `[N]`, 0 for the latest answer of that
    learner on that skill. shape: (learners, K).
    """

    owner: IntArray
    skill: IntArray
    row: IntArray
    correct: FloatArray
    from_end: IntArray
    shape: tuple[int, int]

    def summed(self, values: Array) -> FloatArray:
        """The sum of a value of each row, `[learners, K]`."""
        key = self.owner * self.shape[1] + self.skill
        size = self.shape[0] * self.shape[1]
        total = np.zeros(size) + np.bincount(key, weights=values.astype(np.float64), minlength=size)
        return total.reshape(self.shape)


def answers(histories: Sequences) -> Answers:
    """Every graded answer on every skill of a known item."""
    return _of(histories, histories.assessed & (histories.item >= 0))


def takes(histories: Sequences) -> Answers:
    """Everything that was taken, graded or not (`correct` is 0 where it was not), of known items."""
    return _of(histories, histories.accepted & (histories.item >= 0))


def _of(histories: Sequences, rows: BoolArray) -> Answers:
    row = np.flatnonzero(rows)
    skills = histories.catalog.item_skills[histories.item[row]]
    which, place = np.nonzero(skills >= 0)
    owner, skill, row = histories.owner[row[which]], skills[which, place], row[which]
    shape = (len(histories.learners), len(histories.catalog.skills))
    order = np.argsort(owner * shape[1] + skill, kind="stable")
    owner, skill, row = owner[order], skill[order], row[order]
    key = owner * shape[1] + skill
    number = np.bincount(key, minlength=shape[0] * shape[1])
    from_end = np.cumsum(number)[key] - 1 - np.arange(len(key))
    return Answers(owner, skill, row, (histories.outcome[row] == 1).astype(np.float64), from_end, shape)


@dataclass(frozen=True)
class Windows:
    """The last few answers of each learner on each skill, `[learners, K]`: how many, share correct, progress.

    success: 0 without an answer. progress: share correct in the newer half minus that in the older half, 0 with
    fewer than two answers.
    """

    count: FloatArray
    success: FloatArray
    progress: FloatArray


def windows(situation: Situation, length: int) -> Windows:
    """The last `length` answers on each skill, from the histories; all zero where these are not known."""
    shape = (len(situation), len(situation.catalog.skills))
    if situation.histories is None:
        nothing = np.zeros(shape)
        return Windows(nothing, nothing, nothing)
    given = answers(situation.histories)
    inside = given.from_end < length
    count = given.summed(inside)
    newer = inside & (given.from_end < np.ceil(count / 2)[given.owner, given.skill])
    right, right_newer = given.summed(inside * given.correct), given.summed(newer * given.correct)
    half = np.ceil(count / 2)
    older = np.maximum(count - half, 1)
    progress = right_newer / np.maximum(half, 1) - (right - right_newer) / older
    return Windows(count, right / np.maximum(count, 1), np.where(count >= 2, progress, 0.0))
