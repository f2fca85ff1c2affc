"""The widest gap by the record alone: what a platform without a tracer can do."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.roles import gap
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import times_taken
from lernpfad.policy.distribution import require_positive, require_share
from lernpfad.policy.greedy import Greedy
from lernpfad.policy.recent import takes

_TIE = 1e-9
"""Of two items that serve the same gap, the one taken less often comes first."""


@dataclass(frozen=True, kw_only=True)
class GapGreedy(Greedy):
    """Offers the item with the largest weight times gap among its skills, the gap read off the record.

    Mastery of a skill is taken to be `(correct + ungraded told) / (answers + ungraded + doubt)`: nothing without
    a record, and near the share of correct answers after many. No tracer is asked; without histories every item
    that was taken counts as ungraded.
    doubt: answers' worth of knowing nothing. told: what an item without an answer is taken to teach.
    """

    doubt: float = 2.0
    told: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, doubt=self.doubt)
        require_share(self, told=self.told)

    def score(self, situation: Situation) -> FloatArray:
        """The largest weight times gap of an item's skills, `[learners, C]`; -inf where not eligible."""
        missed = situation.requirement.weight * gap(situation.requirement, self.believed(situation))
        widest = np.zeros(situation.eligible.shape)
        for place in np.moveaxis(situation.skills, -1, 0):
            widest = np.maximum(widest, np.where(place >= 0, missed[:, np.where(place >= 0, place, 0)], 0.0))
        return np.where(situation.eligible, widest - _TIE * times_taken(situation), -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The gap alone."""
        return {"gap": self.score(situation)}

    def believed(self, situation: Situation) -> FloatArray:
        """Mastery as far as the record shows it, `[learners, K]`."""
        if situation.histories is None:
            ungraded = times_taken(situation) @ situation.catalog.incidence[situation.items]
            return self.told * ungraded / (ungraded + self.doubt)
        taken = takes(situation.histories)
        graded = situation.histories.outcome[taken.row] >= 0
        answered, correct, ungraded = (taken.summed(part) for part in (graded, taken.correct, ~graded))
        believed: FloatArray = (correct + self.told * ungraded) / (answered + ungraded + self.doubt)
        return believed
