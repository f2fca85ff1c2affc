"""MEMORIZE: review at random, the more often the more is forgotten."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import READY, Situation
from lernpfad.policy.curriculum import main_skill
from lernpfad.policy.memories import recall
from lernpfad.policy.skills import by_skill, first_left, laid, offered


@dataclass(frozen=True, kw_only=True)
class Memorize:
    """Draws a skill with chances in proportion to MEMORIZE's review intensity (Tabibian et al. 2019).

    The intensity that minimises `w (1 - m)^2 / 2 + q u^2 / 2` is `u = (w / q)^(1/2) (1 - m)`, w the weight of the
    skill in the role and m its recall (FSRS-6). Of several such point processes the next event is of skill k with
    probability `u_k / sum u`, in which q cancels. A skill that was never taken has m = 0; it takes part once its
    believed prerequisites have been taken (or are mastered by the tracer). Where no skill of the role takes part
    all of them do, and where there is none, everything.
    """

    def propensities(self, situation: Situation) -> FloatArray:
        """The chance of each skill, shared by those of its items that were taken least often, `[learners, C]`."""
        left = recall(situation)
        there = offered(situation, situation.eligible)
        asked = there & (situation.requirement.weight > 0)
        known = ~np.isnan(left) | (situation.mastery >= READY)
        taking_part = first_left(asked & laid(situation, known), asked, there)
        weight = np.where(situation.requirement.weight > 0, situation.requirement.weight, 1.0)
        intensity = np.sqrt(weight) * np.maximum(1.0 - np.nan_to_num(left, nan=0.0), 1e-6)
        return by_skill(situation, np.where(taking_part, intensity, 0.0), situation.eligible)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The propensity, as due where the main skill was taken before, else as something new."""
        given, main = self.propensities(situation), main_skill(situation.catalog)[situation.items]
        met = ~np.isnan(recall(situation))[:, np.where(main >= 0, main, 0)] & (main >= 0)
        return {"due": np.where(met, given, 0.0), "new": np.where(met, 0.0, given)}
