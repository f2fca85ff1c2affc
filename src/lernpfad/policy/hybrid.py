"""What she takes up, what it brings, what she needs: a weighted geometric mean of the three."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.errors import ConfigError
from lernpfad.core.situation import Situation
from lernpfad.policy.debtperminute import best, promise, shortlisted
from lernpfad.policy.distribution import require_positive, require_share, standardised
from lernpfad.policy.greedy import Greedy

_LEAST = 1e-9
"""Gain and need that even a useless item has, so that the other factors still order what is left."""


@dataclass(frozen=True, kw_only=True)
class Hybrid(Greedy):
    """Offers the highest `affinity^a gain^b need^c diversity`, of everything that is eligible.

    affinity: `sigmoid(z)`, z the recommender's score in deviations over the learner's eligible items. gain: expected
    fall of debt by the tracer's what-ifs, for the `shortlist` that the other factors choose. need: the weighted gap
    of the item's skills. diversity: `1 - change * overlap`, the overlap that of the skills with those of the item
    taken last (Jaccard). The product form lets no factor be bought off by another: who cannot profit is not offered
    what she likes (policies.md, 16).
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 1.0
    change: float = 0.3
    shortlist: int = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share(self, change=self.change)
        require_positive(self, shortlist=self.shortlist)
        if min(self.a, self.b, self.c) < 0:
            raise ConfigError(f"Hybrid: exponents a={self.a}, b={self.b}, c={self.c}; expected none below 0")

    def score(self, situation: Situation) -> FloatArray:
        """Log of the product for the shortlist, the others below it, `[learners, C]`; -inf where not eligible."""
        known = np.add.reduce(list(self.known(situation).values()))
        tie = 1e-12 * situation.items  # equal guesses are shortlisted in catalog order, in whatever order they came
        guess = np.where(situation.eligible, known - tie, -np.inf)
        short = best(guess, self.shortlist)
        value = np.take_along_axis(known, short, axis=1) + self.gain(situation, short)
        return shortlisted(value, short, guess)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """Logs of the factors; NaN for what was not looked ahead for."""
        known = self.known(situation)
        tie = 1e-12 * situation.items
        short = best(np.where(situation.eligible, np.add.reduce(list(known.values())) - tie, -np.inf), self.shortlist)
        gain = np.full(situation.eligible.shape, np.nan)
        np.put_along_axis(gain, short, self.gain(situation, short), axis=1)
        return {"gain": gain} | {code: np.where(np.isnan(gain), np.nan, part) for code, part in known.items()}

    def known(self, situation: Situation) -> dict[str, FloatArray]:
        """Logs of the factors that need no look-ahead, each `[learners, C]`."""
        z = standardised(situation.affinity, situation.eligible)
        return {
            "affinity": -self.a * np.logaddexp(0.0, -z),
            "gap": self.c * np.log(np.maximum(promise(situation), _LEAST)),
            "diversity": np.log(np.maximum(1.0 - self.change * overlap_with_last(situation), _LEAST)),
        }

    def gain(self, situation: Situation, columns: IntArray) -> FloatArray:
        """Log of the last factor for some candidates of each learner, `[learners, n]` like `columns`."""
        gained: FloatArray = np.maximum(situation.debt_reduction(situation.items[columns]), _LEAST)
        return self.b * np.log(gained)


def overlap_with_last(situation: Situation) -> FloatArray:
    """Jaccard overlap of each candidate's skills with those of the item taken last, `[learners, C]`; 0 without one."""
    if situation.last_item is None or not len(situation.items):
        return np.zeros(situation.eligible.shape)
    last = situation.last_item
    trains = situation.catalog.incidence.astype(np.float32)
    before = trains[np.where(last >= 0, last, 0)] * (last >= 0)[:, None]
    shared = (before @ trains[situation.items].T).astype(np.float64)
    either = before.sum(axis=1)[:, None] + trains[situation.items].sum(axis=1)[None, :] - shared
    overlap: FloatArray = shared / np.maximum(either, 1.0)
    return overlap
