"""What people know, how they answer, what they learn and forget: the laws of the corporate world, without luck."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal

import numpy as np

from lernpfad.core import CORRECT, KINDS, WRONG, BoolArray, Catalog, FloatArray, IntArray, Interactions, memory
from lernpfad.simulate.calendar import DAY
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.population import People

Rule = Literal["mean", "min"]
Mode = Literal["both", "doing", "watching"]

KIND_FACTOR: Final = {"exercise": 1.0, "read": 0.6, "video": 0.8, "task": 1.2}
"""How much an item of each kind teaches."""

WATCHED: Final = ("read", "video")
"""Kinds that one takes in; the others one does."""

WRONG_FACTOR: Final = 0.8
"""A wrong answer comes with feedback and teaches nearly as much as a right one."""

CEILING: Final = 4.0
"""Logits that can be gained on a skill."""

_UNKNOWN_ITEM: Final = 0.5


@dataclass(frozen=True, eq=False)
class Knowledge:
    """The psychology of the corporate world, a `Psychology`.

    kappa: skills fade this much more slowly than flash cards. rule: a skill item needs the mean or the weakest of
    its skills. mode: what teaches. growth: logits of a perfect lesson. transfer: share of what is learned that
    reaches direct successors. job: logits gained by one use at work.
    """

    learned: ClassVar[tuple[str, ...]] = ("gained", "stability", "difficulty", "contact")

    catalog: Catalog
    traits: Traits
    kappa: float = 3.0
    rule: Rule = "mean"
    mode: Mode = "both"
    growth: float = 0.3
    transfer: float = 0.0
    job: float = 0.02

    def begun(self, people: People) -> People:
        """Nobody has gained anything yet."""
        return people

    def effective(self, people: People, at: FloatArray) -> FloatArray:
        """Ability that can be called on now, `[L, K]`, logits: baseline + R * gained. Only what was gained fades."""
        days = ((np.asarray(at)[:, None] - people.contact) / DAY).astype(np.float32)
        left = memory.retrievability(days, np.float32(self.kappa) * people.stability)
        able: FloatArray = people.baseline + left * people.gained
        return able

    def mastery_of(self, effective: FloatArray) -> FloatArray:
        """Probability of success on a skill at its own level, `[L, K]`."""
        return sigmoid(effective - self.traits.skill_level)

    def success(self, effective: FloatArray, form: FloatArray, items: IntArray) -> FloatArray:
        """P(correct) = g + (1 - s - g) sigmoid(a (ability + form - b)), `[L, n]`; .5 for an unknown item.

        items: `[L, n]`, or `[1, n]` where everybody is asked for the same.
        """
        traits, known = self.traits, np.where(items >= 0, items, 0)
        logit = self._ability(effective, known)
        logit += form[:, None]
        logit -= traits.difficulty[known]
        logit *= traits.discrimination[known]
        chance = sigmoid(logit)
        chance *= 1.0 - traits.slip[known] - traits.guess[known]
        chance += traits.guess[known]
        return chance if (items >= 0).all() else np.where(items >= 0, chance, np.float32(_UNKNOWN_ITEM))

    def gains(self, people: People, effective: FloatArray, items: IntArray) -> FloatArray:
        """Logits gained on each skill of each item by a right answer, `[L, n, M]`; 0 where there is no skill.

        growth * rate * skill * kind * readiness * zpd(P) * room to grow / sqrt(number of skills). items as above.
        """
        known = np.where(items >= 0, items, 0)
        skills = self.catalog.skills_of(items)
        chance = self.success(effective, people.form, items)
        zone = 0.3 + 0.7 * np.exp(-(((chance - 0.8) / 0.25) ** 2) / 2)
        breadth = np.sqrt(np.maximum((skills >= 0).sum(axis=-1), 1)).astype(np.float32)
        lesson = np.float32(self.growth) * self._kind[known] * zone / breadth
        room = np.maximum(0.0, 1.0 - people.gained / np.float32(CEILING))
        able = room * people.rate[:, None] * self.traits.skill_factor * self._ready(effective)
        taught: FloatArray = lesson[..., None] * at_skills(able, skills)
        taught *= skills >= 0
        return taught

    def what_if(self, people: People, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each item and outcome, `[L, n, 2, M]`, NaN where there is none."""
        skills = self.catalog.skills_of(items)
        gain = self.gains(people, self.effective(people, at), items)
        graded = self.catalog.assessed[np.where(items >= 0, items, 0)]
        fresh = at_skills(people.baseline + people.gained - self.traits.skill_level, skills)
        after = np.empty((*gain.shape[:2], 2, gain.shape[2]), dtype=np.float32)
        after[:, :, CORRECT] = fresh + gain
        after[:, :, WRONG] = fresh + np.where(graded, np.float32(WRONG_FACTOR), np.float32(1.0))[..., None] * gain
        return np.where((skills >= 0)[:, :, None], sigmoid(after), np.float32(np.nan))

    def learn(self, people: People, seen: Interactions) -> People:
        """Everybody took her item with this outcome: ability grows and memories are refreshed."""
        items = seen.item[:, None]
        gain = self.gains(people, self.effective(people, seen.time), items)[:, 0]
        gain = np.where((seen.outcome == WRONG)[:, None], np.float32(WRONG_FACTOR) * gain, gain)
        row, place = np.nonzero(self.catalog.skills_of(seen.item) >= 0)
        skill = self.catalog.item_skills[seen.item[row], place]
        gained = people.gained.copy()
        gained[row, skill] += gain[row, place]
        rating = np.where(seen.outcome == WRONG, memory.AGAIN, memory.GOOD)
        learned = _contacted(replace(people, gained=gained), row, skill, at=seen.time[row], rating=rating[row])
        return self._transferred(learned, row, skill, gain=gain[row, place], at=seen.time) if self.transfer else learned

    def expect(self, people: People, seen: Interactions) -> People:
        """What is learned is no matter of luck here."""
        return self.learn(people, seen)

    def used_at_work(self, people: People, uses: IntArray, last: FloatArray) -> People:
        """Skills used on the job: `uses` times in the week, `[L, K]`, the last time at `last`, seconds.

        A use brings the skill back to mind and adds a little; it does not lengthen its stability.
        """
        gained = people.gained + np.float32(self.job) * people.rate[:, None] * uses
        row, skill = np.nonzero((uses > 0) & (people.stability > 0))
        contact = people.contact.copy()
        contact[row, skill] = np.maximum(contact[row, skill], last[row, skill])
        used = replace(people, gained=gained.astype(np.float32), contact=contact)
        row, skill = np.nonzero((uses > 0) & (people.stability == 0))
        return _contacted(used, row, skill, at=last[row, skill], rating=np.full(len(row), memory.GOOD))

    @property
    def _kind(self) -> FloatArray:
        watched = self.mode == "watching"
        factor = [KIND_FACTOR[kind] if self.mode == "both" or (kind in WATCHED) == watched else 0.0 for kind in KINDS]
        return np.asarray(factor, dtype=np.float32)[self.catalog.kind]

    def _ability(self, effective: FloatArray, items: IntArray) -> FloatArray:
        skills = self.catalog.item_skills[items]
        able, there = at_skills(effective, skills), skills >= 0
        if self.rule == "min":
            weakest: FloatArray = np.where(there, able, np.float32(np.inf)).min(axis=-1)
            return weakest
        able *= there / there.sum(axis=-1, keepdims=True, dtype=np.float32)
        mean: FloatArray = able[..., 0].copy()
        for place in range(1, skills.shape[-1]):
            mean += able[..., place]
        return mean

    def _ready(self, effective: FloatArray) -> FloatArray:
        """How well the true prerequisites of each skill are held, `[L, K]` in [.15, 1]."""
        held = sigmoid(1.5 * (effective - self.traits.skill_level + 1.0))
        before = self.traits.before
        ready = np.where(before >= 0, held[:, before], np.float32(1.0)).prod(axis=-1)
        held_enough: FloatArray = np.maximum(np.float32(0.15), ready)
        return held_enough

    def _transferred(
        self, people: People, row: IntArray, skill: IntArray, *, gain: FloatArray, at: FloatArray
    ) -> People:
        """A share of what was learned reaches the successors that the item did not touch itself."""
        follows = np.zeros((len(self.traits.cluster),) * 2, dtype=np.float32)
        follows[self.catalog.prerequisites[:, 0], self.catalog.prerequisites[:, 1]] = self.transfer
        spill = np.zeros_like(people.gained)
        np.add.at(spill, row, gain[:, None] * follows[skill])
        spill[row, skill] = 0.0
        known = replace(people, gained=people.gained + spill)
        new_row, new_skill = np.nonzero((spill > 0) & (people.stability == 0))
        return _contacted(known, new_row, new_skill, at=at[new_row], rating=np.full(len(new_row), memory.GOOD))


def sigmoid(logit: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), in the precision of `logit`."""
    odds_against = np.exp(-logit)
    odds_against += 1.0
    chance: FloatArray = 1.0 / odds_against
    return chance


def ease(catalog: Catalog, traits: Traits) -> FloatArray:
    """By how much each item is easier than the mean level of its skills, `[I]`, logits."""
    there = catalog.item_skills >= 0
    level = np.where(there, traits.skill_level[catalog.item_skills], 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    easier: FloatArray = (level - traits.difficulty).astype(np.float32)
    return easier


def at_skills(per_skill: FloatArray, skills: IntArray) -> FloatArray:
    """Values `[L, K]` at the skills `[L or 1, n, M]` of items, `[L, n, M]`; anything where there is no skill."""
    shape = (len(per_skill), *skills.shape[1:])
    flat = np.where(skills >= 0, skills, 0).reshape(len(skills), shape[1] * shape[2])
    if len(skills) == 1:
        return per_skill[:, flat[0]].reshape(shape)
    picked: FloatArray = np.take_along_axis(per_skill, flat, axis=1).reshape(shape)
    return picked


def _contacted(people: People, row: IntArray, skill: IntArray, *, at: FloatArray, rating: IntArray) -> People:
    """The memory of (learner, skill) pairs, each named once, after a contact with this FSRS rating."""
    old, hard = people.stability[row, skill], people.difficulty[row, skill]
    new: BoolArray = old == 0
    days = (at - people.contact[row, skill]) / DAY
    later = memory.next_stability(np.where(new, 1.0, old), np.where(new, 5.0, hard), days=days, rating=rating)
    stability, difficulty, contact = people.stability.copy(), people.difficulty.copy(), people.contact.copy()
    stability[row, skill] = np.where(new, memory.first_stability(rating), later)
    difficulty[row, skill] = np.where(
        new, memory.first_difficulty(rating), memory.next_difficulty(np.where(new, 5.0, hard), rating)
    )
    contact[row, skill] = at
    return replace(people, stability=stability, difficulty=difficulty, contact=contact)
