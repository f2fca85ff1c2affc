"""Learning progress: practise where success is rising, inside a graph drawn by experts."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.situation import READY, Situation
from lernpfad.policy.curriculum import main_skill
from lernpfad.policy.distribution import normalised, require_positive, require_share
from lernpfad.policy.recent import Windows, windows
from lernpfad.policy.skills import by_skill, first_left, laid, offered


@dataclass(frozen=True, kw_only=True)
class LearningProgress:
    """A bandit over skills whose reward is learning progress (ZPDES: Clement, Roy, Oudeyer & Lopes 2015).

    Reward of a skill: share correct in the newer half of the last `window` answers minus that in the older half.
    The zone holds the skills of the role whose believed prerequisites are mastered, and which are not mastered
    themselves. Of the zone, a skill is drawn with `(1 - explore) quality / sum + explore / skills`; quality is the
    progress where it is positive, at least `least`, and `novelty` for a skill with fewer than two answers. All of
    it follows from the history, so there is no hidden state. Where the zone is empty, every skill of the role is
    in it, then everything. Without histories every skill is as good as any other.

    opened, closed: share correct in the window from which on a skill counts as mastered, for what builds on it (a
    tracer's mastery of READY does as well), and for itself once the window is full.
    """

    window: int = 8
    explore: float = 0.2
    novelty: float = 0.25
    least: float = 0.01
    opened: float = 0.6
    closed: float = 0.95

    def __post_init__(self) -> None:
        require_positive(self, window=self.window, least=self.least)
        require_share(self, explore=self.explore, novelty=self.novelty, opened=self.opened, closed=self.closed)

    def propensities(self, situation: Situation) -> FloatArray:
        """The bandit's draw of a skill, and of that skill any of the items taken least often, `[learners, C]`."""
        seen = windows(situation, self.window)
        there = offered(situation, situation.eligible)
        zone = first_left(there & self.zone(situation, seen), there & (situation.requirement.weight > 0), there)
        drawn = normalised(self.quality(seen), zone)
        chance = (1.0 - self.explore) * drawn + self.explore * normalised(np.ones_like(drawn), zone)
        return by_skill(situation, chance, situation.eligible)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The propensity, as progress where the main skill has been tried, else as something new."""
        given, main = self.propensities(situation), main_skill(situation.catalog)[situation.items]
        tried = (windows(situation, self.window).count >= 2)[:, np.where(main >= 0, main, 0)] & (main >= 0)
        return {"progress": np.where(tried, given, 0.0), "new": np.where(tried, 0.0, given)}

    def quality(self, seen: Windows) -> FloatArray:
        """What a skill promises, `[learners, K]`: positive progress, or the novelty of one that was never tried."""
        return np.where(seen.count < 2, np.maximum(self.novelty, self.least), np.maximum(seen.progress, self.least))

    def zone(self, situation: Situation, seen: Windows) -> BoolArray:
        """Skills of the role that are open and not yet mastered, `[learners, K]`."""
        half = seen.count >= self.window / 2
        known = (half & (seen.success >= self.opened)) | (situation.mastery >= READY)
        mastered = (seen.count >= self.window) & (seen.success >= self.closed)
        return laid(situation, known) & ~mastered & (situation.requirement.weight > 0)
