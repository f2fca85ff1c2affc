"""What every deterministic policy shares: it ranks by a score and offers the best, softened."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.distribution import greedy, require_share


@dataclass(frozen=True, kw_only=True)
class Greedy(ABC):
    """Offers the candidate with the highest score, and with probability `epsilon` any eligible one.

    epsilon: share of offers drawn uniformly, so that every eligible item keeps a propensity above 0.
    """

    epsilon: float = 0.05

    def __post_init__(self) -> None:
        require_share(self, epsilon=self.epsilon)

    @abstractmethod
    def score(self, situation: Situation) -> FloatArray:
        """Higher is better, `[learners, C]`; -inf where not eligible."""

    def propensities(self, situation: Situation) -> FloatArray:
        """`(1 - epsilon) [argmax] + epsilon / eligible`, ties shared evenly, `[learners, C]`."""
        return self.drawn(self.score(situation), situation)

    def drawn(self, score: FloatArray, situation: Situation) -> FloatArray:
        """The propensities that follow from the score, both `[learners, C]`."""
        return greedy(score, situation.eligible, epsilon=self.epsilon)
