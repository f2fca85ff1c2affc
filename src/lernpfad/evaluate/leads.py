"""Recommenders beside a reference on the same learners: paired intervals, and p values for all of them together."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.intervals import Estimate, holm, p_value, percentiles, resampled_sums


@dataclass(frozen=True)
class Lead:
    """How far a model is ahead of the reference, per learner in the mean. p: two-sided, adjusted (Holm 1979)."""

    estimate: Estimate
    p: float


def over(reference: FloatArray, others: Mapping[str, FloatArray], *, resamples: int, seed: int = 0) -> dict[str, Lead]:
    """The lead of each model over the reference, all `[learners]` of one metric and in one order.

    Every model sees the same resamples of the learners (paired bootstrap).
    """
    if not others:
        return {}
    ahead = np.stack([values - reference for values in others.values()], axis=1)
    drawn = resampled_sums(ahead, resamples=resamples, seed=seed) / len(reference)
    p = holm(np.array([p_value(column) for column in drawn.T]))
    return {
        name: Lead(Estimate(float(ahead[:, n].mean()), *percentiles(drawn[:, n])), float(p[n]))
        for n, name in enumerate(others)
    }
