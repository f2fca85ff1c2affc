"""The watering can: everybody gets the same course."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import by_list
from lernpfad.policy.distribution import require_positive
from lernpfad.policy.greedy import Greedy


@dataclass(frozen=True, kw_only=True)
class WateringCan(Greedy):
    """One list of items in the order of prerequisites for everybody, whatever her role: the reference.

    Offers the first item of the list that she has not taken and that fits the minutes left.
    visits: items of each skill in one pass through the skills.
    """

    visits: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, visits=self.visits)

    def score(self, situation: Situation) -> FloatArray:
        """Minus the place in the list, `[learners, C]`; -inf where not eligible."""
        return np.where(situation.eligible, by_list(situation, visits=self.visits), -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The place in the list alone."""
        return {"curriculum": self.score(situation)}
