"""LinUCB: what pays by the log, and a bonus for what the log says little about."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.errors import ConfigError
from lernpfad.core.situation import Situation
from lernpfad.policy.bandit import Bandit
from lernpfad.policy.distribution import greedy


@dataclass(kw_only=True)
class LinUCB(Bandit):
    """`theta.x + alpha sqrt(x' A^-1 x)` on the features of debt per minute (Li, Chu, Langford & Schapire 2010, alg. 1).

    One theta for all items, so that new ones are judged by what they are; A is in units of the noise. alpha: deviations
    of optimism. See `Bandit` for the rest. It learns when it is fitted again, not between two offers.
    """

    alpha: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()

        if self.alpha < 0:
            raise ConfigError(f"LinUCB: alpha is {self.alpha}, expected 0 or more; set it to 0.5 or so")

    def of_features(self, features: FloatArray) -> FloatArray:
        """Mean plus bonus, `[learners, n]`."""
        theta, spread = self.belief
        bonus: FloatArray = self.alpha * np.sqrt(((features @ spread) ** 2).sum(axis=-1))
        return features @ theta + bonus

    def propensities(self, situation: Situation) -> FloatArray:
        """`(1 - epsilon) [argmax] + epsilon / eligible`, ties shared evenly, `[learners, C]`."""
        return self.drawn(self.score(situation), situation)

    def drawn(self, score: FloatArray, situation: Situation) -> FloatArray:
        """The propensities that follow from the score, both `[learners, C]`."""
        return greedy(score, situation.eligible, epsilon=self.epsilon)
