"""Mastery learning: one skill of the role after the other, each until it is mastered."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import main_skill, times_taken
from lernpfad.policy.distribution import require_share
from lernpfad.policy.greedy import Greedy
from lernpfad.policy.rolecurriculum import wanted


@dataclass(frozen=True, kw_only=True)
class MasteryThreshold(Greedy):
    """The next item of the first skill of the role, in the order of prerequisites, that is not yet mastered.

    Items of a skill come in catalog order, those taken less often first. Where every skill of the role is
    mastered the order starts again, and what the role does not ask for comes last.
    threshold: estimated mastery from which on a skill counts as mastered. Mastery is a probability of success, which
    slips keep well below the .95 that is usual for P(known).
    """

    threshold: float = 0.7

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share(self, threshold=self.threshold)

    def score(self, situation: Situation) -> FloatArray:
        """Later skills, mastered skills and taken items lower, `[learners, C]`; -inf where not eligible."""
        catalog = situation.catalog
        main = main_skill(catalog)[situation.items]
        known = np.where(main >= 0, main, 0)
        # digits of one number, the most important first: in the role, mastered, skill, taken, place
        later = np.argsort(catalog.skill_order)[known][None, :]
        order = np.where(wanted(situation), 0.0, 2.0) + (situation.mastery[:, known] >= self.threshold)
        order = order * len(catalog.skills) + later
        order = (order * 1e3 + np.minimum(times_taken(situation), 999)) * len(catalog) + situation.items[None, :]
        return np.where(situation.eligible, -order, -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The place in the list alone."""
        return {"curriculum": self.score(situation)}
