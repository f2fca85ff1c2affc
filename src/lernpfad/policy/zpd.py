"""The zone of proximal development: what is neither too hard nor too easy, of what is missing."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.errors import ConfigError
from lernpfad.core.situation import Situation
from lernpfad.policy.greedy import Greedy


@dataclass(frozen=True, kw_only=True)
class ZPD(Greedy):
    """Offers the item with a predicted success nearest the middle of [low, high], of those that serve a gap.

    An item serves a gap if one of its skills falls short of what the role asks for. What serves none comes after
    all that do. The idea is Vygotsky's (1978); that practice pays most around .85 of success is argued by Wilson,
    Shenhav, Straccia & Cohen 2019.
    """

    low: float = 0.70
    high: float = 0.85

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.low <= self.high <= 1.0:
            raise ConfigError(f"ZPD: [{self.low}, {self.high}] is no range of probabilities; set low <= high in [0, 1]")

    def score(self, situation: Situation) -> FloatArray:
        """Minus the distance to the middle, less 1 for what serves no gap, `[learners, C]`; -inf if not eligible."""
        return np.where(situation.eligible, np.add.reduce(list(self.parts(situation).values())), -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """Whether a gap is served, and how suitable the item is: the score is their sum."""
        away = np.abs(situation.success - (self.low + self.high) / 2)
        return {"gap": -(~serves_a_gap(situation)).astype(np.float64), "success": -away}


def serves_a_gap(situation: Situation) -> BoolArray:
    """Candidates with a skill in which the role's requirement is missed, `[learners, C]`."""
    missed = (situation.requirement.weight * situation.gap > 0).astype(np.float32)
    trains = situation.catalog.incidence[situation.items].astype(np.float32)
    serves: BoolArray = missed @ trains.T > 0
    return serves
