"""How BKT with items and classes of learners is fitted: EM from where plain BKT arrives."""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from lernpfad.core import FloatArray, IntArray
from lernpfad.tracing.bkt_em import HIGHEST, LOWEST, Found, Practice
from lernpfad.tracing.bkt_kernels import FORGET as FORGETS
from lernpfad.tracing.bkt_kernels import GUESS, SLIP
from lernpfad.tracing.individualbkt_kernels import FORGET, LEARN, PRIOR, expected_counts, likelihoods

MOVES: Final = [0, 1, FORGETS]
"""Columns of prior, learn and forget in a table of plain BKT."""

TELLS: Final = [GUESS, SLIP]
APART: Final = np.array([1.5, 0.75])
"""Log-odds of prior and learning by which the highest class begins above the middle, and the lowest below it.

Classes that begin with the same learning keep it in a world of one skill: EM has a saddle there.
"""


class Individual(NamedTuple):
    """The parameters. moves: prior, learn, forget, `[C, K, 3]`. skill_told, told: guess and slip of each skill
    `[K, 2]` and of each slot `[T, 2]`. share: of each class, `[C]`.
    """

    moves: FloatArray
    skill_told: FloatArray
    told: FloatArray
    share: FloatArray


class Climb(NamedTuple):
    """One EM run. slot: guess and slip of each answer, `[R]`. skill_of: skill of each slot, `[T]`. pooled: `[5]`.

    counts_for: of each answer, in the class of its learner, 1 over the skills of its item, `[R]`.
    item_shrinkage: answers that the skill's guess and slip count for in a slot; None if slots are skills.
    learning: whether classes differ in learning and forgetting too. cap: highest guess and slip of an item.
    """

    practice: Practice
    slot: IntArray
    skill_of: IntArray
    counts_for: FloatArray
    pooled: FloatArray
    forgets: bool
    shrinkage: float
    item_shrinkage: float | None
    learning: bool
    cap: float
    heard: Callable[[float, int], None]

    def run(self, plain: Found, *, classes: int, steps: int, tolerance: float) -> Individual:
        """EM until no parameter moves by more than the tolerance."""
        now = self._begin(plain, classes)
        answers = int((self.practice.outcome >= 0).sum())
        for _ in range(steps):
            p = self.practice
            columns = (p.bounds, p.skill, p.outcome, self.slot)
            by_history = likelihoods(*columns, self.counts_for, now.moves, now.told)
            by_learner = np.zeros((int(p.learner.max(initial=-1)) + 1, classes))
            np.add.at(by_learner, p.learner, by_history)
            joint = by_learner + np.log(now.share)
            top = joint.max(axis=1, initial=-np.inf, keepdims=True)
            whole = top[:, 0] + np.log(np.exp(joint - top).sum(axis=1))
            belongs = np.exp(joint - whole[:, None])
            there = np.unique(p.learner)
            counts = expected_counts(*columns, belongs[p.learner], now.moves, now.told)
            new = self._better(counts, belongs[there].mean(axis=0) if len(there) else now.share)
            self.heard(float(whole[there].sum()), answers)
            moved = max(float(np.abs(one - other).max(initial=0.0)) for one, other in zip(new, now, strict=True))
            now = new
            if moved < tolerance:
                break
        return now

    def _begin(self, plain: Found, classes: int) -> Individual:
        moves = np.tile(plain.parameters[:, MOVES], (classes, 1, 1))
        ahead = np.linspace(-APART, APART, classes) if classes > 1 else np.zeros((1, 2))
        for column in (PRIOR, LEARN) if self.learning else (PRIOR,):
            odds = np.log(moves[..., column] / (1.0 - moves[..., column]))
            moves[..., column] = 1.0 / (1.0 + np.exp(-odds - ahead[:, None, column]))
        told = plain.parameters[:, TELLS]
        return Individual(self._bounded(moves), told, told[self.skill_of], np.full(classes, 1.0 / classes))

    def _better(self, counts: tuple[FloatArray, ...], share: FloatArray) -> Individual:
        moved, could_move, said, could_say = counts
        free = [PRIOR, LEARN, FORGET] if self.learning else [PRIOR]
        together, possible = (np.broadcast_to(one.sum(axis=0), one.shape).copy() for one in (moved, could_move))
        together[..., free], possible[..., free] = moved[..., free], could_move[..., free]
        # what a class does on the average skill: a skill with few answers in it looks like that
        centre = _ratio(together.sum(axis=1), possible.sum(axis=1), self.pooled[MOVES], weight=self.shrinkage)
        moves = _ratio(together, possible, centre[:, None], weight=self.shrinkage)
        skills = self.practice.skills
        by_skill = np.zeros((2, skills, 2))
        np.add.at(by_skill[0], self.skill_of, said)
        np.add.at(by_skill[1], self.skill_of, could_say)
        skill_told = np.clip(
            _ratio(by_skill[0], by_skill[1], self.pooled[TELLS], weight=self.shrinkage), LOWEST[TELLS], HIGHEST[TELLS]
        )
        told = skill_told[self.skill_of]
        if self.item_shrinkage is not None:
            told = np.clip(_ratio(said, could_say, told, weight=self.item_shrinkage), LOWEST[TELLS], self.cap)
        return Individual(self._bounded(moves), skill_told, told, np.maximum(share, 1e-6))

    def _bounded(self, moves: FloatArray) -> FloatArray:
        bounded: FloatArray = np.clip(moves, LOWEST[MOVES], HIGHEST[MOVES])
        if not self.forgets:
            bounded[..., FORGET] = 0.0
        return bounded


def _ratio(happened: FloatArray, possible: FloatArray, centre: FloatArray, *, weight: float) -> FloatArray:
    """Share of what happened in what could have, with `weight` observations at the centre."""
    observed = possible + weight
    share: FloatArray = (happened + weight * centre) / np.where(observed > 0, observed, 1.0)
    return np.where(observed > 0, share, centre)
