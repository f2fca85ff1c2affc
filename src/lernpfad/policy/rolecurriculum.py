"""The role curriculum: everybody of a role gets the same course."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import by_list, main_skill
from lernpfad.policy.distribution import require_positive
from lernpfad.policy.greedy import Greedy


@dataclass(frozen=True, kw_only=True)
class RoleCurriculum(Greedy):
    """The watering can's list cut down to the skills that the role gives weight; the rest only when that is done.

    visits: items of each skill in one pass through the role's skills.
    """

    visits: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, visits=self.visits)

    def score(self, situation: Situation) -> FloatArray:
        """Minus the place in the role's list, `[learners, C]`; -inf where not eligible."""
        listed = by_list(situation, visits=self.visits)
        outside = np.where(wanted(situation), 0.0, 1e3 * len(situation.catalog))
        return np.where(situation.eligible, listed - outside, -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The place in the list alone."""
        return {"curriculum": self.score(situation)}


def wanted(situation: Situation) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Candidates whose main skill has weight in the learner's role, `[learners, C]`."""
    main = main_skill(situation.catalog)[situation.items]
    weight = situation.requirement.weight[:, np.where(main >= 0, main, 0)]
    return (weight > 0) & (main >= 0)
