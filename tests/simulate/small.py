"""Small worlds and plain policies for the tests of the simulator."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lernpfad.core import FloatArray, Rollout, Situation
from lernpfad.simulate import Corporate, rollout
from lernpfad.simulate.calendar import START
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.population import People


def world(**changes: Any) -> Corporate:
    sizes = {"skills": 8, "items": 40, "roles": 3, "cluster_size": 4, "skills_per_role": 5, "minutes": 60.0}
    return Corporate(**(sizes | changes))


def people(of: Corporate, learners: int = 30, *, seed: int = 0, at: float = START) -> People:
    """A workforce in its first sitting."""
    fresh = of.reset(learners, stream(seed, 0, Purpose.POPULATION))
    week = of.open_week(fresh, at, stream(seed, 1, Purpose.WEEK))
    return of.open_sitting(week, at, stream(seed, 1, Purpose.SITTING))


@dataclass
class Uniform:
    """Anything eligible; remembers what it said."""

    said: list[FloatArray] = field(default_factory=list)

    def propensities(self, situation: Situation) -> FloatArray:
        rows = situation.eligible / np.maximum(situation.eligible.sum(axis=1, keepdims=True), 1)
        self.said.append(rows)
        return rows


@dataclass
class Leaning(Uniform):
    """Leans towards items of high index and, with a tracer, towards those that will go well."""

    def propensities(self, situation: Situation) -> FloatArray:
        mass = situation.eligible * (1.0 + np.arange(situation.eligible.shape[1])) * situation.success
        rows = mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)
        self.said.append(rows)
        return rows


def lived(of: Corporate | None = None, policy: Any = None, **changes: Any) -> Rollout:
    settings = {"learners": 25, "weeks": 3, "seed": 4, "name": "uniform"} | changes
    return rollout(policy or Uniform(), of or world(), **settings)
