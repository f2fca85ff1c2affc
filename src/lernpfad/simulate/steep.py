"""World S4: KSS on the corporate catalog, with luck in the answers and a price on what is out of reach."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Final

import numpy as np

from lernpfad.core import BoolArray, Catalog, FloatArray, IntArray, Interactions
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.knowledge import at_skills, ease, sigmoid
from lernpfad.simulate.kss import CEILING, STEEPNESS, increment, spread
from lernpfad.simulate.population import BASELINE_MEAN, BASELINE_SD, People

HARDEST: Final = 4.0
"""Difficulty of the last skill of a cluster; the first one has 0, as in KSS."""

_UNKNOWN_ITEM: Final = 0.5
_FAR: Final = 40.0
"""Logits beyond which a chance is 0 or 1 in float32 anyway, and an exponential would overflow."""


@dataclass(frozen=True, eq=False)
class Steep:
    """KSS (Liu et al. 2019) as a world, a `Psychology`; see `lernpfad.simulate.kss` for the original.

    Ability a runs up to 5, skills are harder the later they come in their cluster (0 to 4).
    `P(correct) = guess + (1 - guess) sigmoid(8.5 (a - b) - (b_i - c_i))`, the ability and difficulty averaged over the
    item's skills, b_i - c_i the item's own difficulty; answers are sampled. A practice adds
    `.5 (5 - a) exp(- sum over prerequisites (5 - a_j))`, halved at every edge to all that follows; nothing fades.

    A practice is legal where every prerequisite of every skill of the item is held (P >= .5 on it): the outer fringe
    of what is known. An illegal one costs its minutes and teaches nothing. (KSS itself allows the neighbourhood of the
    last item, which in a catalog of many graphs would forbid to leave a graph for ever.) initial, initial_sd: ability
    at first, KSS has -3.9 to 0; the same people are able as in the main world. Mind: `ability` `[L, K]`.
    """

    learned: ClassVar[tuple[str, ...]] = ("mind",)

    catalog: Catalog
    traits: Traits
    guess: float = 0.25
    initial: float = -0.5
    initial_sd: float = 2.0

    def begun(self, people: People) -> People:
        """Abilities at first: the baseline on another scale."""
        able = self.initial + self.initial_sd * (people.baseline - BASELINE_MEAN) / BASELINE_SD
        return replace(people, mind={"ability": np.minimum(able, CEILING).astype(np.float32)})

    def effective(self, people: People, at: FloatArray) -> FloatArray:
        """Ability, `[L, K]`; nothing is forgotten."""
        return people.mind["ability"]

    def mastery_of(self, effective: FloatArray) -> FloatArray:
        """P(correct) on an average item of each skill, `[L, K]`."""
        return self._chance(STEEPNESS * (effective - self._level))

    def success(self, effective: FloatArray, form: FloatArray, items: IntArray) -> FloatArray:
        """P(correct), `[L, n]`; .5 for an unknown item."""
        skills = self.catalog.skills_of(items)
        there = skills >= 0
        above = at_skills(effective - self._level, skills) * there
        mean = above.sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)
        chance = self._chance(STEEPNESS * mean + form[:, None] + ease(self.catalog, self.traits)[items])
        return np.where(items >= 0, chance, _UNKNOWN_ITEM)

    def legal(self, effective: FloatArray, items: IntArray) -> BoolArray:
        """Whether the prerequisites of each item are held, `[L, n]`."""
        held = effective >= self._level - np.log(2.0) / STEEPNESS
        before = self.traits.before
        lacking: FloatArray = (~held[:, before] & (before >= 0)).sum(axis=-1).astype(np.float32)
        skills = self.catalog.skills_of(items)
        allowed: BoolArray = (at_skills(lacking, skills) * (skills >= 0)).sum(axis=-1) == 0
        return allowed

    def what_if(self, people: People, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills, the same after either outcome, `[L, n, 2, M]`."""
        skills, able = self.catalog.skills_of(items), people.mind["ability"]
        gain = at_skills(increment(able, self.traits.before), skills)
        gain *= self.legal(able, items)[..., None] * (skills >= 0)
        levels = self._level[np.where(skills >= 0, skills, 0)]
        # an item of several skills reaches one of them through another as well
        after = at_skills(able, skills) + (gain[..., None, :] @ self._within(skills))[..., 0, :]
        known = self._chance(STEEPNESS * (np.minimum(after, CEILING) - levels))
        both = np.where(skills >= 0, known, np.nan)[:, :, None]
        return np.broadcast_to(both, (*both.shape[:2], 2, both.shape[-1])).copy()

    def learn(self, people: People, seen: Interactions) -> People:
        """What was in reach is practised, and spreads to what follows; the outcome does not matter."""
        able, skills = people.mind["ability"], self.catalog.skills_of(seen.item)
        row, place = np.nonzero((skills >= 0) & self.legal(able, seen.item[:, None]))
        gain = np.zeros_like(able)
        gain[row, skills[row, place]] = increment(able, self.traits.before)[row, skills[row, place]]
        return replace(people, mind={"ability": np.minimum(able + gain @ self._spread, np.float32(CEILING))})

    def expect(self, people: People, seen: Interactions) -> People:
        """What is learned is no matter of luck here."""
        return self.learn(people, seen)

    def used_at_work(self, people: People, uses: IntArray, last: FloatArray) -> People:
        """Nothing: KSS knows no work, and nothing needs to be kept fresh."""
        return people

    def _chance(self, logit: FloatArray) -> FloatArray:
        right = sigmoid(np.clip(logit, -_FAR, _FAR))
        chance: FloatArray = self.guess + (1.0 - self.guess) * right
        return chance

    @cached_property
    def _level(self) -> FloatArray:
        place = np.zeros(len(self.traits.cluster), dtype=np.float32)
        for one in np.unique(self.traits.cluster):
            members = np.flatnonzero(self.traits.cluster == one)
            place[members] = np.linspace(0.0, HARDEST, len(members)) if len(members) > 1 else 0.0
        return place

    @cached_property
    def _spread(self) -> FloatArray:
        return spread(self.catalog.prerequisites, len(self.catalog.skills)).astype(np.float32)

    def _within(self, skills: IntArray) -> FloatArray:
        """How a gain on one skill of an item reaches another one, `[L or 1, n, M, M]`."""
        known = np.where(skills >= 0, skills, 0)
        reached: FloatArray = self._spread[known[..., :, None], known[..., None, :]]
        return reached
