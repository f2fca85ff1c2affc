"""How BKT is fitted: answers grouped by skill and learner, and expectation-maximisation over all skills at once."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from lernpfad.core import FloatArray, IntArray, Sequences
from lernpfad.tracing.bkt_kernels import FORGET, expected_counts

LOWEST = np.array([0.001, 0.0001, 0.01, 0.01, 0.0001])
HIGHEST = np.array([0.999, 0.999, 0.5, 0.5, 0.5])
"""Bounds of prior, learn, guess, slip, forget. A guess or a slip above .5 would make mastery lower success."""

FIRST_GUESS = np.array([[0.4, 0.1, 0.25, 0.15, 0.02]])
HIGHEST_DRAW = np.array([0.9, 0.4, 0.5, 0.4, 0.1])
WARM_UP = 12
"""EM steps that each start gets before the likeliest one per skill goes on."""


class Practice(NamedTuple):
    """Answers grouped into one history per learner and skill, oldest first.

    bounds: `[S+1]`, history s owns `outcome[bounds[s]:bounds[s+1]]`. skill, learner: `[S]`. skills: how many there are.
    item: of each answer, and which of its item's skills it is grouped under, `place`; both as long as `outcome`.
    """

    bounds: IntArray
    skill: IntArray
    learner: IntArray
    outcome: IntArray
    item: IntArray
    place: IntArray
    skills: int

    @classmethod
    def of(cls, histories: Sequences) -> "Practice":
        """What each learner did on each skill; an item with several skills counts once for each."""
        done = histories.accepted & (histories.item >= 0)
        tagged = histories.catalog.item_skills[histories.item[done]]
        row, place = np.nonzero(tagged >= 0)
        skill = tagged[row, place].astype(np.int64)
        group = skill * len(histories.learners) + histories.owner[done][row]
        order = np.argsort(group, kind="stable")
        first = np.flatnonzero(np.diff(group[order], prepend=-1))
        return cls(
            bounds=np.append(first, len(order)),
            skill=skill[order][first],
            learner=histories.owner[done][row[order][first]],
            outcome=histories.outcome[done][row][order],
            item=histories.item[done][row][order],
            place=place[order],
            skills=len(histories.catalog.skills),
        )

    def pooled(self) -> "Practice":
        """The same histories as if there were only one skill."""
        return self._replace(skill=np.zeros_like(self.skill), skills=1)


class Found(NamedTuple):
    """Where EM arrived: parameters `[K, 5]` and the penalised log-likelihood of each skill, `[K]`."""

    parameters: FloatArray
    objective: FloatArray


class Expectation(NamedTuple):
    """The settings of an EM run.

    forgets: whether forget is free, or 0. `heard` is called with (log-likelihood, answers) after every step.
    """

    forgets: bool
    shrinkage: float
    tolerance: float
    heard: Callable[[float, int], None]

    def run(self, practice: Practice, start: FloatArray, *, towards: FloatArray | None, steps: int) -> Found:
        """EM from `start`, each skill until none of its parameters moves by more than the tolerance.

        With `towards` `[1, 5]`, every parameter gets a Beta prior that is worth `shrinkage` observations.
        """
        weight = 0.0 if towards is None else self.shrinkage
        centre = start if towards is None else towards
        parameters, objective = self._within_bounds(start), np.full(practice.skills, -np.inf)
        active = np.ones(practice.skills, dtype=bool)
        for _ in range(steps):
            happened, possible, likelihood = expected_counts(
                practice.bounds, practice.skill, practice.outcome, active, parameters
            )
            objective[active] = (likelihood + weight * self._log_prior(parameters, centre))[active]
            observed = possible + weight
            share = (happened + weight * centre) / np.where(observed > 0, observed, 1.0)
            new = self._within_bounds(np.where(observed > 0, share, parameters))
            moved = np.abs(new - parameters).max(axis=1)
            parameters[active] = new[active]
            active &= moved > self.tolerance
            self.heard(float(objective.sum()), len(practice.outcome))
            if not active.any():
                break
        return Found(parameters, objective)

    def _within_bounds(self, parameters: FloatArray) -> FloatArray:
        bounded: FloatArray = np.clip(parameters, LOWEST, HIGHEST)
        if not self.forgets:
            bounded[:, FORGET] = 0.0
        return bounded

    def _log_prior(self, parameters: FloatArray, centre: FloatArray) -> FloatArray:
        free = slice(None) if self.forgets else slice(0, FORGET)
        p, c = parameters[:, free], centre[:, free]
        log_prior: FloatArray = (c * np.log(p) + (1 - c) * np.log1p(-p)).sum(axis=1)
        return log_prior


def fitted(practice: Practice, expectation: Expectation, *, starts: int, steps: int, seed: int) -> tuple[Found, Found]:
    """Parameters of every skill, and those pooled over all of them (a single row)."""
    pooled = expectation.run(practice.pooled(), FIRST_GUESS, towards=None, steps=steps)
    rng = np.random.default_rng(seed)
    begin = [np.tile(pooled.parameters, (practice.skills, 1))]
    begin += [rng.uniform(LOWEST, HIGHEST_DRAW, size=(practice.skills, 5)) for _ in range(starts - 1)]
    tried = [expectation.run(practice, one, towards=pooled.parameters, steps=WARM_UP) for one in begin]
    likeliest = np.argmax([one.objective for one in tried], axis=0)
    start = np.stack([one.parameters for one in tried])[likeliest, np.arange(practice.skills)]
    return expectation.run(practice, start, towards=pooled.parameters, steps=steps), pooled
