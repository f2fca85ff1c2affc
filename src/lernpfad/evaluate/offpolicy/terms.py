"""An estimate as a sum of ratios of sums, so that one piece of code resamples and linearises every estimator."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Terms:
    """What each unit (a row, or a learner's sequence) adds: value = sum_p (sum_i above_ip / sum_i below_ip).

    above, below: `[M, P]`. owner: the learner of each unit, `[M]`. A plain mean has one part and below = 1; a
    self-normalised estimator has its weights below.
    """

    above: FloatArray
    below: FloatArray
    owner: IntArray

    @property
    def value(self) -> float:
        """The estimate; NaN where a part has nothing below."""
        return float(combined(self.above.sum(axis=0), self.below.sum(axis=0)))

    @property
    def influence(self) -> FloatArray:
        """How far each unit pulls the estimate, `[M]`, mean 0: its delta-method linearisation.

        `sum_p (above_ip - R_p below_ip) / mean_p(below)`, R_p the ratio of part p; for a plain mean x_i - mean x.
        """
        below = self.below.mean(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            pull: FloatArray = ((self.above - self.below * (self.above.mean(axis=0) / below)) / below).sum(axis=1)
        return pull

    def by_learner(self) -> tuple[FloatArray, FloatArray]:
        """`above` and `below` summed over the units of each learner that has any, both `[learners, P]`."""
        ids, owner = np.unique(self.owner, return_inverse=True)
        sums = np.zeros((2, len(ids), self.above.shape[1]))
        np.add.at(sums[0], owner, self.above)
        np.add.at(sums[1], owner, self.below)
        return sums[0], sums[1]


def combined(above: FloatArray, below: FloatArray) -> FloatArray:
    """`sum_p above_p / below_p` over the last axis; NaN where a part has nothing below."""
    quotient = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=np.asarray(below) != 0)
    total: FloatArray = np.asarray(quotient.sum(axis=-1))
    return total


def averaged(values: FloatArray, owner: IntArray) -> Terms:
    """The plain mean of values `[M]`."""
    return Terms(values[:, None], np.ones((len(values), 1)), owner)
