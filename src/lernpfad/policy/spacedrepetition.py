"""Spaced repetition: what is about to be forgotten first, then something new."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import main_skill, times_taken
from lernpfad.policy.distribution import require_share
from lernpfad.policy.greedy import Greedy
from lernpfad.policy.memories import recall


@dataclass(frozen=True, kw_only=True)
class SpacedRepetition(Greedy):
    """Due skills of the role first, the most forgotten one at the front; then new ones in the order of prerequisites.

    A skill is due when its retrievability R by FSRS-6 (open-spaced-repetition, default parameters) is below
    `retention`. After due and new come the skills that are still fresh, by R, and last what the role gives no weight.
    Of the items of a skill those taken less often come first, then catalog order. Without histories all is new.
    """

    retention: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share(self, retention=self.retention)

    def score(self, situation: Situation) -> FloatArray:
        """The skill's turn, then fewer takes, then the place, `[learners, C]`; -inf where not eligible."""
        return np.where(situation.eligible, np.add.reduce(list(self.parts(situation).values())), -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """How much a due skill has faded, and else how early a new one comes: the score is their sum."""
        main = main_skill(situation.catalog)[situation.items]
        turn = np.where(main >= 0, self.turn(situation)[:, np.where(main >= 0, main, 0)], -4.0)
        place = situation.items[None, :] / max(len(situation.catalog), 1)
        later = 1e-6 * (np.minimum(times_taken(situation), 99) + place)
        due = turn > 0
        return {"due": np.where(due, turn + 1.0, 0.0), "new": np.where(due, -1.0, turn) - later}

    def turn(self, situation: Situation) -> FloatArray:
        """The turn of each skill, higher is sooner, `[learners, K]`: due (0, 1), new (-1, 0], fresh to -2, else -3."""
        left = recall(situation)
        rank = np.argsort(situation.catalog.skill_order) / max(len(situation.catalog.skills), 1)
        known = np.nan_to_num(left, nan=1.0)
        met = np.where(known < self.retention, 1.0 - known, -1.0 - known)
        turn = np.where(np.isnan(left), -rank[None, :], met)
        asked: FloatArray = np.where(situation.requirement.weight > 0, turn, -3.0)
        return asked
