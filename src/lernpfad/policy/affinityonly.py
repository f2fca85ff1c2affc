"""The recommender alone: offer what people like her take up, whatever they learn from it."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.distribution import require_positive, softmax, standardised


@dataclass(frozen=True)
class AffinityOnly:
    """Softmax of the recommender's score.

    Scores are standardised over each learner's eligible items first, so that a temperature means the same for
    counts, cosines and factors: with 0.5, two deviations above the mean is e^4 times as likely as the mean.
    """

    temperature: float = 0.5

    def __post_init__(self) -> None:
        require_positive(self, temperature=self.temperature)

    def score(self, situation: Situation) -> FloatArray:
        """The affinity, `[learners, C]`; -inf where not eligible."""
        return np.where(situation.eligible, situation.affinity, -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The affinity alone, in deviations over the eligible candidates."""
        return {"affinity": standardised(situation.affinity, situation.eligible)}

    def propensities(self, situation: Situation) -> FloatArray:
        """`softmax(z(affinity) / temperature)` over the eligible candidates, `[learners, C]`."""
        scores = standardised(situation.affinity, situation.eligible)
        return softmax(scores, situation.eligible, temperature=self.temperature)
