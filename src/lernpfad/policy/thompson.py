"""Thompson sampling with known propensities: each candidate is offered as often as it may be the best."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.bandit import Bandit
from lernpfad.policy.distribution import require_positive, uniform


@dataclass(kw_only=True)
class Thompson(Bandit):
    """P(offer) = share of draws of theta in which the candidate is best (Agrawal & Goyal 2013, alg. 1), softened.

    The probability of being the best has no closed form. It is taken over `draws` fixed draws from the belief, in
    pairs of opposite sign, from `seed`: the same for everybody and every time, so propensities are exact, a law like
    any other, and it is `choose` that brings the luck. width: deviations of the belief that are drawn from, 1 as in
    theory, less to explore less. See `Bandit` for the rest.
    """

    draws: int = 64
    width: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, draws=self.draws, width=self.width)

    def of_features(self, features: FloatArray) -> FloatArray:
        """The mean, `[learners, n]`: what is listed by."""
        return features @ self.belief[0]

    def propensities(self, situation: Situation) -> FloatArray:
        """How often each of the shortlist was best, softened, `[learners, C]`."""
        cheap, short, features = self.looked_at(situation)
        listed = np.isfinite(np.take_along_axis(cheap, short, axis=1))
        theta, spread = self.belief
        drawn = theta + self.width * normals(self.draws, len(theta), self.seed) @ spread.T
        share = np.zeros(situation.eligible.shape)
        np.put_along_axis(share, short, best_of(features @ drawn.T, listed), axis=1)
        return self.softened(share, situation.eligible)


def best_of(values: FloatArray, listed: BoolArray) -> FloatArray:
    """Share of the draws in which each listed candidate is best, ties shared evenly, `[learners, n]`.

    values: `[learners, n, draws]`.
    """
    masked = np.where(listed[:, :, None], values, -np.inf)
    top = masked == masked.max(axis=1, keepdims=True, initial=-np.inf)
    share = np.zeros(listed.shape)
    for draw in range(values.shape[2]):
        share += uniform(top[:, :, draw] & listed)
    mean: FloatArray = share / values.shape[2]
    return mean


@lru_cache(maxsize=16)
def normals(draws: int, size: int, seed: int) -> FloatArray:
    """Fixed standard normals in pairs of opposite sign, `[draws, size]`."""
    half = np.random.default_rng(seed).standard_normal(((draws + 1) // 2, size))
    both: FloatArray = np.concatenate([half, -half])[:draws]
    both.flags.writeable = False
    return both
