"""Who knows the world and not its people: about as much as any tracer can know of the main world's answers."""

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np

from lernpfad.core import FloatArray, IntArray, Interactions, Sequences
from lernpfad.core.state import put, take
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.knowledge import Knowledge
from lernpfad.simulate.population import People

MEAN: Final = 0.6
OWN, OF_CLUSTER, OF_SKILL = 0.8, 0.4, 1.0
"""Mean and deviations of the baselines in `population.drawn`, which this observer is told."""

BREAK: Final = 6 * 3600.0
"""Seconds without an answer after which another sitting, with another form, has begun."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, eq=False)
class Belief:
    """people: means of baseline and form, what was gained if they are right. spread: covariance of the two, form last,
    `[L, K + 1, K + 1]`. last: seconds of the last answer, `[L]`.
    """

    people: People
    spread: FloatArray
    last: FloatArray


class Observer:
    """A `KnowledgeTracer` that is told every parameter of a corporate world and infers the people from their answers.

    Baselines and the form of the day are Gaussian and updated by assumed-density filtering: the one direction that an
    answer tells of is integrated by quadrature (Opper 1998; for IRT, Bock & Mislevy 1982). Learning and forgetting
    follow the world's own laws at the means. Unknown to it, and not inferred: everybody's learning rate (taken as 1)
    and the use of skills at work. What the choice of an item tells about its learner is not used either.
    """

    def __init__(self, world: Corporate) -> None:
        self.world = world

    @staticmethod
    def understands(world: object) -> bool:
        """Whether the laws of a world are those that the observer reasons with: `Knowledge` in a `Corporate`."""
        return isinstance(world, Corporate) and any(isinstance(part, Knowledge) for part in vars(world).values())

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Nothing to learn: it is told."""
        return self

    def start(self, learners: int) -> Belief:
        """Everybody is average."""
        fresh = self.world.reset(learners, stream(0, 0, Purpose.POPULATION))
        cluster = self.world.traits.cluster
        skills = len(cluster)
        spread = np.zeros((skills + 1, skills + 1), dtype=np.float32)
        alike = OWN**2 + OF_CLUSTER**2 * (cluster[:, None] == cluster) + OF_SKILL**2 * np.eye(skills)
        spread[:skills, :skills] = alike
        spread[skills, skills] = self.world.form_sd**2
        average = replace(
            fresh,
            baseline=np.full((learners, skills), MEAN, dtype=np.float32),
            rate=np.ones(learners, dtype=np.float32),
            form=np.zeros(learners, dtype=np.float32),
        )
        return Belief(average, np.tile(spread, (learners, 1, 1)), np.full(learners, -np.inf))

    def update(self, state: Belief, seen: Interactions) -> Belief:
        """Bayes' rule along what the item asks for, then the world's law of learning."""
        now = self._sat_down(state, seen.time)
        graded = np.flatnonzero(seen.outcome >= 0)
        if len(graded):
            now = put(now, graded, self._told(take(now, graded), seen[graded]))
        return replace(now, people=self.world.learn(now.people, seen), last=np.asarray(seen.time, dtype=np.float64))

    def predict(self, state: Belief, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct) averaged over what the people may be like, `[learners, n]`; .5 for an unknown item."""
        now = self._sat_down(state, at)
        columns = [self._asked(now, items[:, n], at) for n in range(items.shape[1])]
        chance = np.stack([self._chance(items[:, n], *columns[n][:2])[0] for n in range(items.shape[1])], axis=1)
        return np.where(items >= 0, chance, 0.5)

    def _told(self, now: Belief, seen: Interactions) -> Belief:
        """After the answers; every row is graded."""
        mean, variance, towards = self._asked(now, seen.item, seen.time)
        _, at_nodes, nodes = self._chance(seen.item, mean, variance)
        told = np.where((seen.outcome == 1)[:, None], at_nodes, 1.0 - at_nodes) * _WEIGHTS
        told /= told.sum(axis=1, keepdims=True)
        after = (told * nodes).sum(axis=1)
        narrower = (told * (nodes - after[:, None]) ** 2).sum(axis=1)
        gain = (towards / variance[:, None]).astype(np.float32)
        move = gain * (after - mean)[:, None].astype(np.float32)
        shrink = np.maximum(variance - narrower, 0.0).astype(np.float32)
        people = replace(now.people, baseline=now.people.baseline + move[:, :-1], form=now.people.form + move[:, -1])
        return replace(now, people=people, spread=now.spread - shrink[:, None, None] * gain[:, :, None] * gain[:, None])

    def _asked(self, now: Belief, items: IntArray, at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean and variance of what the item asks for, ability and form, `[L]`, and its covariance with all else."""
        traits = self.world.traits
        mastery = np.clip(self.world.mastery(now.people, at).astype(np.float64), 1e-6, 1 - 1e-6)
        able = np.log(mastery / (1.0 - mastery)) + traits.skill_level
        skills = self.world.catalog.skills_of(items)
        row, place = np.nonzero(skills >= 0)
        weight = np.zeros((len(items), able.shape[1] + 1), dtype=np.float32)
        weight[row, skills[row, place]] = 1.0 / (skills >= 0).sum(axis=1)[row]
        mean = (weight[:, :-1] * able).sum(axis=1) + now.people.form
        weight[:, -1] = 1.0
        towards: FloatArray = (now.spread @ weight[:, :, None])[..., 0]
        return mean, np.maximum((towards * weight).sum(axis=1).astype(np.float64), 1e-9), towards

    def _chance(
        self, items: IntArray, mean: FloatArray, variance: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """P(correct), `[L]`, the same at each node of the quadrature, and the nodes, `[L, 15]`."""
        traits, known = self.world.traits, np.maximum(items, 0)
        nodes = mean[:, None] + np.sqrt(variance)[:, None] * _NODES
        logit = traits.discrimination[known][:, None] * (nodes - traits.difficulty[known][:, None])
        guess, slip = traits.guess[known][:, None], traits.slip[known][:, None]
        at_nodes = guess + (1.0 - slip - guess) / (1.0 + np.exp(-logit))
        return at_nodes @ _WEIGHTS, at_nodes, nodes

    def _sat_down(self, state: Belief, at: FloatArray) -> Belief:
        """Forms are new where a sitting began since the last answer."""
        anew = np.asarray(at) - state.last > BREAK
        if not anew.any():
            return state
        spread = np.where(anew[:, None, None], 0.0, state.spread).astype(np.float32)
        spread[:, :-1, :-1] = state.spread[:, :-1, :-1]
        spread[anew, -1, -1] = self.world.form_sd**2
        people = replace(state.people, form=np.where(anew, 0.0, state.people.form).astype(np.float32))
        return replace(state, people=people, spread=spread)
