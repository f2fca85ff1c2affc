"""World S1: a skill is known or it is not, learned in one go and never forgotten (BKT), and items differ (1PL)."""

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import ClassVar, Final

import numpy as np

from lernpfad.core import Catalog, ConfigError, FloatArray, IntArray, Interactions
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.knowledge import at_skills, ease, sigmoid
from lernpfad.simulate.population import BASELINE_MEAN, BASELINE_SD, Fate, People, fate

_UNKNOWN_ITEM: Final = 0.5


@dataclass(frozen=True, eq=False)
class TwoState:
    """Bayesian knowledge tracing (Corbett & Anderson 1995) as a world, a `Psychology`.

    initial: P(L0). transition: P(T), of every accepted item on every skill of it. guess, slip: on an item of average
    difficulty. `logit P(correct) = logit(guess) + known (logit(1 - slip) - logit(guess)) + form - (b_i - c_i)`, where
    known is the share of the item's skills that are known, and b_i - c_i the item's difficulty above the mean level of
    its skills. Mastery is P(correct) on an average item: 1 - slip or guess.

    The same people know a lot at the beginning as in the main world: those whose baseline lies above its quantile
    1 - P(L0). When a skill will click is settled beforehand (`patience`, exponential; it clicks once exposure, in
    -log(1 - P(T)) per item, has reached it), which gives independent transitions with P(T) under any policy. Nobody
    knows it: `expect` and `what_if` average over it. Mind: `known` `[L, K]`, 0 or 1 (in between when expected).
    """

    learned: ClassVar[tuple[str, ...]] = ("mind",)

    catalog: Catalog
    traits: Traits
    initial: float = 0.35
    transition: float = 0.12
    guess: float = 0.2
    slip: float = 0.1

    def __post_init__(self) -> None:
        for name in ("initial", "transition", "guess", "slip"):
            if not 0 < getattr(self, name) < 1:
                raise ConfigError(f"two-state world: {name} is {getattr(self, name)}, expected between 0 and 1")

    def begun(self, people: People) -> People:
        """Who knows what before anything is taught, and when what is not known would click."""
        top = BASELINE_MEAN + BASELINE_SD * NormalDist().inv_cdf(1.0 - self.initial)
        patience = -np.log1p(-fate(people, Fate.PATIENCE, len(self.catalog.skills)))
        known = (people.baseline > top).astype(np.float32)
        return replace(people, mind={"known": known, "patience": patience.astype(np.float32)})

    def effective(self, people: People, at: FloatArray) -> FloatArray:
        """What is known, `[L, K]` in [0, 1]; nothing is forgotten."""
        return people.mind["known"]

    def mastery_of(self, effective: FloatArray) -> FloatArray:
        """1 - slip where known, guess where not, `[L, K]`."""
        known: FloatArray = self.guess + (1.0 - self.slip - self.guess) * effective
        return known

    def success(self, effective: FloatArray, form: FloatArray, items: IntArray) -> FloatArray:
        """P(correct), `[L, n]`; .5 for an unknown item."""
        low, high = _logit(self.guess), _logit(1.0 - self.slip)
        skills = self.catalog.skills_of(items)
        there = skills >= 0
        share = (at_skills(effective, skills) * there).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
        chance = sigmoid(low + (high - low) * share + form[:, None] + ease(self.catalog, self.traits)[items])
        return np.where(items >= 0, chance, _UNKNOWN_ITEM)

    def what_if(self, people: People, items: IntArray, at: FloatArray) -> FloatArray:
        """Expected mastery of the touched skills, the same after either outcome, `[L, n, 2, M]`."""
        skills = self.catalog.skills_of(items)
        known = at_skills(people.mind["known"], skills)
        after = self.mastery_of(known + (1.0 - known) * self.transition)
        both = np.where(skills >= 0, after, np.nan)[:, :, None]
        return np.broadcast_to(both, (*both.shape[:2], 2, both.shape[-1])).copy()

    def learn(self, people: People, seen: Interactions) -> People:
        """Patience shrinks by the exposure; where it is used up, the skill has clicked."""
        row, skill = self._touched(seen)
        known, patience = (people.mind[name].copy() for name in ("known", "patience"))
        patience[row, skill] += np.log1p(-self.transition)
        known[row, skill] = np.maximum(known[row, skill], patience[row, skill] <= 0)
        return replace(people, mind={"known": known, "patience": patience})

    def expect(self, people: People, seen: Interactions) -> People:
        """What is not known is known with P(T) more; the patience is left alone."""
        row, skill = self._touched(seen)
        known = people.mind["known"].copy()
        known[row, skill] += (1.0 - known[row, skill]) * np.float32(self.transition)
        return replace(people, mind={**people.mind, "known": known})

    def used_at_work(self, people: People, uses: IntArray, last: FloatArray) -> People:
        """Nothing: what is known stays known."""
        return people

    def _touched(self, seen: Interactions) -> tuple[IntArray, IntArray]:
        row, place = np.nonzero(self.catalog.skills_of(seen.item) >= 0)
        return row, self.catalog.item_skills[seen.item[row], place]


def _logit(chance: float) -> float:
    return float(np.log(chance / (1.0 - chance)))
