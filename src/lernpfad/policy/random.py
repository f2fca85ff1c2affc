"""Anything that fits the minutes, with equal chance."""

from dataclasses import dataclass

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.distribution import uniform


@dataclass(frozen=True)
class Random:
    """Uniform over the eligible candidates; `Legal(Random())` is the legal random walk."""

    def propensities(self, situation: Situation) -> FloatArray:
        """`1 / eligible`, `[learners, C]`."""
        return uniform(situation.eligible)
