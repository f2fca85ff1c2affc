"""KSS, the usual benchmark of learning paths (Liu et al., KDD 2019; EduSim), as it is: no noise, nothing forgotten.

It is no world of ours and cannot rank policies (see experiments/kss): most steps of a policy that ignores the graph are
silently ignored, so an untrained walk along the graph beats most of what was published on it.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.random import Generator

from lernpfad.core import BoolArray, FloatArray, IntArray

EDGES: Final = ((0, 1), (0, 2), (1, 3), (2, 4), (2, 8), (3, 4), (4, 8), (5, 4), (5, 9), (6, 7), (7, 8), (8, 9))
ORDER: Final = (0, 5, 6, 1, 2, 7, 3, 4, 8, 9)
"""The topological order that KSS uses."""
EASIEST_FIRST: Final = (5, 0, 1, 2, 3, 4, 6, 7, 8, 9)
"""The order in which sorted difficulties are given to skills."""
USUAL: Final = (0, 1, 2, 3, 3, 0, 3, 3, 4, 4)
"""The difficulties of the usual seed, skill 0 first."""

CEILING: Final = 5.0
STEEPNESS: Final = 8.5
WARM_UP: Final = 20

_GUESS: Final = 0.25
_SKILLS: Final = 10
_REPEATS_WRONG, _FOLLOWS_ORDER, _UNSURE = 0.7, 0.9, 0.6


def spread(edges: IntArray, skills: int) -> FloatArray:
    """Share of a gain on one skill that reaches another, `[K, K]`: half an edge, over every path."""
    follows = np.zeros((skills, skills))
    follows[edges[:, 0], edges[:, 1]] = 0.5
    every: FloatArray = np.linalg.inv(np.eye(skills) - follows)
    return every


def increment(ability: FloatArray, before: IntArray) -> FloatArray:
    """What a practice of each skill would add to it, `[L, K]`: `.5 (5 - a) exp(- sum over prerequisites (5 - a_j))`.

    before: prerequisites of each skill, `[K, P]`, padded with -1.
    """
    missing = CEILING - ability
    blocked = np.where(before >= 0, missing[:, before], 0).sum(axis=-1)
    added: FloatArray = 0.5 * missing * np.exp(-blocked)
    return added


@dataclass(frozen=True, eq=False)
class Learners:
    """Where learners of KSS stand. ability: `[L, 10]`. last: skill practised last, -1 if none, `[L]`.

    targets: skills that they are to master, `[L, 10]`.
    """

    ability: FloatArray
    last: IntArray
    targets: BoolArray

    def __len__(self) -> int:
        return len(self.last)


@dataclass(frozen=True, eq=False)
class WarmUp:
    """What learners did before the benchmark begins: skill and answer, `[L, 20]`, skill -1 where they stopped."""

    skill: IntArray
    correct: BoolArray


@dataclass(frozen=True, eq=False)
class KSS:
    """The benchmark. difficulty: of each skill, the usual one by default; see `drawn`."""

    difficulty: FloatArray = field(default_factory=lambda: np.asarray(USUAL, dtype=np.float64))

    @classmethod
    def drawn(cls, rng: Generator) -> "KSS":
        """With ten draws of 0..5, sorted and given to the skills in the order `EASIEST_FIRST`."""
        difficulty = np.empty(_SKILLS)
        difficulty[list(EASIEST_FIRST)] = np.sort(rng.integers(0, 6, _SKILLS))
        return cls(difficulty)

    def success(self, ability: FloatArray) -> FloatArray:
        """P of each skill, `.25 + .75 / (1 + exp(-8.5 (a - b)))`; an answer is right iff P >= .5, without any luck."""
        chance: FloatArray = _GUESS + (1 - _GUESS) / (1 + np.exp(-STEEPNESS * (ability - self.difficulty)))
        return chance

    def passes(self, ability: FloatArray) -> BoolArray:
        """Who would be right on what, `[L, 10]`."""
        right: BoolArray = self.success(ability) >= 0.5
        return right

    def begun(self, rng: Generator, learners: int) -> tuple[Learners, WarmUp]:
        """Learners after their warm-up who miss at least one target; those who miss none are drawn again."""
        parts: list[tuple[Learners, WarmUp]] = []
        while sum(len(one) for one, _ in parts) < learners:
            some, past = self.warmed_up(self.fresh(rng, learners), rng)
            missing = (some.targets & ~self.passes(some.ability)).any(axis=1)
            kept = Learners(some.ability[missing], some.last[missing], some.targets[missing])
            parts.append((kept, WarmUp(past.skill[missing], past.correct[missing])))

        def first(name: str, which: int) -> np.ndarray:
            return np.concatenate([getattr(one[which], name) for one in parts])[:learners]

        joined = Learners(first("ability", 0), first("last", 0), first("targets", 0))
        return joined, WarmUp(first("skill", 1), first("correct", 1))

    def fresh(self, rng: Generator, learners: int) -> Learners:
        """Learners before the warm-up: `a_i = randint(-3, 0) - .1 i`, and 3 to 10 targets at random."""
        ability = rng.integers(-3, 1, (learners, _SKILLS)) - 0.1 * np.arange(_SKILLS)
        rank = rng.random((learners, _SKILLS)).argsort(axis=1).argsort(axis=1)
        targets = rank < rng.integers(3, _SKILLS + 1, learners)[:, None]
        return Learners(ability, np.full(learners, -1), targets)

    def practise(self, state: Learners, skill: IntArray) -> Learners:
        """Each learner practises a skill (-1: none); one out of the last one's neighbourhood is ignored, silently."""
        row = np.arange(len(state))
        moves = (skill >= 0) & ((state.last < 0) | self.near[state.last, skill])
        gain = np.zeros_like(state.ability)
        gain[row, skill] = np.where(moves, increment(state.ability, self.before)[row, skill], 0.0)
        ability = np.minimum(CEILING, state.ability + gain @ self.spread)
        return replace(state, ability=ability, last=np.where(moves, skill, state.last))

    def warmed_up(self, state: Learners, rng: Generator) -> tuple[Learners, WarmUp]:
        """Twenty practices by KSS's own rule, an exam after each; who has no skill left with P < .6 stops."""
        skill = np.full((len(state), WARM_UP), -1)
        correct = np.zeros((len(state), WARM_UP), dtype=bool)
        again, there = np.zeros(len(state), dtype=bool), np.ones(len(state), dtype=bool)
        for step in range(WARM_UP):
            chosen, again, there = self._chosen(state, skill[:, :step], correct[:, :step], again, there, rng)
            state = self.practise(state, chosen)
            skill[:, step] = chosen
            correct[:, step] = self.passes(state.ability)[np.arange(len(state)), chosen] & there
        return state, WarmUp(skill, correct)

    def _chosen(
        self, state: Learners, skill: IntArray, correct: BoolArray, again: BoolArray, there: BoolArray, rng: Generator
    ) -> tuple[IntArray, BoolArray, BoolArray]:
        """The next skill of each learner, whether it is then repeated once more, and who goes on."""
        luck = rng.random((3, len(state)))
        unsure = self.success(state.ability)[:, list(ORDER)] < _UNSURE
        by_order = np.asarray(ORDER)[unsure.argmax(axis=1)]
        follows = luck[1] < _FOLLOWS_ORDER
        new = np.where(follows, by_order, (luck[2] * _SKILLS).astype(np.int64))
        if not skill.shape[1]:
            return new, again, there
        last, right = skill[:, -1], correct[:, -1]
        varied = (skill[:, -3:] != last[:, None]).any(axis=1)
        review = ~again & right & varied
        repeat = again | review | (~right & (luck[0] < _REPEATS_WRONG))
        there = there & (repeat | ~follows | unsure.any(axis=1))
        return np.where(there, np.where(repeat, last, new), -1), review, there

    def score(self, before: Learners, after: Learners) -> FloatArray:
        """E_p of each learner: `(passed after - passed before) / (targets - passed before)`, over the targets."""
        passed_before, passed_after = (
            (self.passes(one.ability) & before.targets).sum(axis=1) for one in (before, after)
        )
        gained: FloatArray = (passed_after - passed_before) / (before.targets.sum(axis=1) - passed_before)
        return gained

    @property
    def edges(self) -> IntArray:
        """Prerequisites, rows (before, after), `[12, 2]`."""
        return np.asarray(EDGES)

    @cached_property
    def spread(self) -> FloatArray:
        """See the function `spread`."""
        return spread(self.edges, _SKILLS)

    @cached_property
    def before(self) -> IntArray:
        """Prerequisites of each skill, `[10, 3]`, padded with -1."""
        rows = [[a for a, b in EDGES if b == skill] for skill in range(_SKILLS)]
        width = max(len(row) for row in rows)
        return np.asarray([row + [-1] * (width - len(row)) for row in rows])

    @cached_property
    def near(self) -> BoolArray:
        """N(p), the skills that may follow p: `[10, 10]`.

        p, its successors, and each predecessor of p with that one's own predecessors and successors.
        """
        follows = np.zeros((_SKILLS, _SKILLS), dtype=bool)
        follows[self.edges[:, 0], self.edges[:, 1]] = True
        beside = follows | follows.T | np.eye(_SKILLS, dtype=bool)
        own = np.eye(_SKILLS, dtype=bool) | follows
        through: BoolArray = (follows.T.astype(int) @ beside.astype(int)) > 0
        return own | through
