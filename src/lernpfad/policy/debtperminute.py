"""Expected debt reduction per minute: what the tracer imagines, times what the learner is likely to take up."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray, at_columns
from lernpfad.core.catalog import mean_over_skills
from lernpfad.core.roles import Requirement
from lernpfad.core.situation import READY, Situation
from lernpfad.policy.distribution import require_positive, require_share, standardised
from lernpfad.policy.greedy import Greedy

_LEAST = 1e-9
"""Debt that even a hopeless item is taken to pay off, so that a geometric mean keeps an order among them."""

_NO = -1e3
"""Instead of the logarithm of 0."""

UPKEEP = 1e-3
"""Gap that a skill of the role has at least: who misses nothing is kept fresh in what weighs most."""


class Look(NamedTuple):
    """A look ahead.

    Of all candidates, `[learners, C]`: cost, the minutes for one accepted offer; ready, how well prerequisites are met;
    effect; guess. Of the shortlist, `[learners, n]`: short, its columns; closed, the debt that each is imagined to
    close; owed, the debt that it could.
    """

    cost: FloatArray
    ready: FloatArray
    effect: FloatArray
    guess: FloatArray
    short: IntArray
    closed: FloatArray
    owed: FloatArray

    def of(self, candidates: FloatArray) -> FloatArray:
        """`[learners, C]` at the shortlist, `[learners, n]`."""
        return at_columns(candidates, self.short)

    def placed(self, part: FloatArray, *, shape: tuple[int, ...]) -> FloatArray:
        """The reverse, NaN elsewhere."""
        whole = np.full(shape, np.nan)
        np.put_along_axis(whole, self.short, part, axis=1)
        return whole


@dataclass(frozen=True, kw_only=True)
class DebtPerMinute(Greedy):
    """Offers what is expected to pay off most learning debt per minute.

    `P(accept) * effect * sum over outcomes o of P(o) [D(m) - D(m after o)] / cost`, with
    `cost = P(accept) minutes + (1 - P(accept)) declined_minutes`. A cheap guess (weighted gap, effect, minutes)
    chooses whom to look ahead for; the tracer's what-ifs rank that shortlist.

    shortlist: candidates that are looked ahead for. aim: how far above the requirement the debt is reckoned, since
    what is learned fades and estimates err. trust: in the what-ifs against the bare gap, as exponents of a geometric
    mean; learning rates per skill are estimated badly, and the best of many guesses is mostly a lucky one.
    slope, bias: P(accept) = sigmoid(slope z + bias), z the affinity in deviations over the learner's eligible items.
    declined_minutes: what a declined offer costs. The effect is what few tracers know of learning, 1 for none of it:
    unready: share left when a prerequisite is wholly missing. target, width, unsuited: predicted success at which
    practice teaches most, how fast that falls off, and the share left far from it. crowding: the effect on each of
    n skills of an item falls as `n^-crowding`.
    """

    shortlist: int = 24
    aim: float = 0.1
    trust: float = 0.5
    slope: float = 0.5
    bias: float = 0.8
    declined_minutes: float = 0.3
    unready: float = 0.2
    target: float = 0.78
    width: float = 0.2
    unsuited: float = 0.4
    crowding: float = 0.5
    foundation: float = 0.2
    held: float = 0.8
    silent: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, shortlist=self.shortlist, width=self.width)
        require_share(self, aim=self.aim, trust=self.trust, target=self.target)
        require_share(self, unready=self.unready, unsuited=self.unsuited)

    def score(self, situation: Situation) -> FloatArray:
        """Debt per minute of the shortlisted candidates, the others below them, `[learners, C]`."""
        seen = self.looked(situation)
        value = np.where(seen.owed > 0, seen.closed**self.trust * seen.owed ** (1.0 - self.trust), 0.0)
        return shortlisted(value * seen.of(seen.effect / seen.cost), seen.short, seen.guess)

    def looked(self, situation: Situation) -> "Look":
        """What was looked ahead for, and why just that; once for a situation."""
        return situation.once((self, "look"), lambda: self._look(situation))

    def _look(self, situation: Situation) -> "Look":
        aimed, cost = self.aimed(situation), self.minutes_per_taken(situation)
        ready = readiness(situation, floor=self.unready)
        effect = self.effect(situation, ready)
        missing = promise(aimed)
        by_item = 1e-12 * situation.items  # equal guesses are shortlisted in catalog order, in whatever order they came
        guess = np.where(situation.eligible, missing * (effect / cost) - by_item, -np.inf)
        short = best(guess, self.shortlist)
        owed = at_columns(missing, short)
        closed = aimed.debt_reduction(situation.items[short])
        if self.silent:
            closed = spoken_for(closed, owed, situation.catalog.assessed[situation.items[short]], share=self.silent)
        return Look(cost, ready, effect, guess, short, np.maximum(closed, _LEAST), owed)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """Logs of the factors of the score, by what they stand for; NaN for what was not looked ahead for.

        The gain is the imagined fall of debt, the gap what the item's skills lack (shared among them), affinity the
        minutes that declined offers cost. Where nothing is owed the score is 0 whatever the other factors are.
        """
        seen = self.looked(situation)
        count = np.maximum(situation.breadth[seen.short], 1.0)
        minutes, owing = situation.minutes[seen.short], seen.owed > 0
        owed = (1 - self.trust) * np.log(np.maximum(seen.owed, _LEAST))
        made = {
            "gap": np.where(owing, owed - self.crowding * np.log(count), _NO),
            "success": np.log(self.zone(seen.of(situation.success))),
            "prerequisite": np.log(np.maximum(seen.of(seen.ready), _LEAST)),
            "minutes": -np.log(minutes),
            "affinity": np.log(minutes / seen.of(seen.cost)),
            "gain": self.trust * np.log(seen.closed),
        }
        return {
            code: seen.placed(part if code == "gap" else np.where(owing, part, 0.0), shape=situation.eligible.shape)
            for code, part in made.items()
        }

    def aimed(self, situation: Situation) -> Situation:
        """The same moment with what this policy requires: more than the role does, and what that builds on."""
        return founded(aiming(situation, above=self.aim), share=self.foundation, held=self.held)

    def effect(self, situation: Situation, ready: FloatArray | None = None) -> FloatArray:
        """Share of the imagined gain to be expected: readiness, zone, number of skills; `[learners, C]`.

        ready: the readiness, if it is known already.
        """
        ready = readiness(situation, floor=self.unready) if ready is None else ready
        skills = np.maximum(situation.breadth, 1.0)
        effect: FloatArray = skills**-self.crowding * self.zone(situation.success)
        return effect * ready

    def zone(self, success: FloatArray) -> FloatArray:
        """How much a practice teaches by its difficulty: a hump over predicted success, in (0, 1]."""
        hump: FloatArray = np.exp(-(((success - self.target) / self.width) ** 2) / 2)
        return self.unsuited + (1 - self.unsuited) * hump

    def acceptance(self, situation: Situation) -> FloatArray:
        """P(accept) of each candidate, `[learners, C]`."""
        z = standardised(situation.affinity, situation.eligible)
        probability: FloatArray = 1.0 / (1.0 + np.exp(-(self.slope * z + self.bias)))
        return probability

    def minutes_per_taken(self, situation: Situation) -> FloatArray:
        """Minutes spent for one accepted offer, the declined ones before it included, `[learners, C]`."""
        accept = self.acceptance(situation)
        minutes: FloatArray = situation.minutes + (1 - accept) / accept * self.declined_minutes
        return minutes


def aiming(situation: Situation, *, above: float) -> Situation:
    """The same moment with requirements raised by `above`, at most to 1; estimates made already are kept."""
    asked = situation.requirement
    level = np.where(asked.level > 0, np.minimum(1.0, asked.level + above), 0.0)
    known = {"mastery": situation.mastery, "success": situation.success}
    return replace(situation, requirement=Requirement(level, asked.weight), given=dict(situation.given) | known)


def founded(situation: Situation, *, share: float, held: float) -> Situation:
    """The same moment with requirements on what the wanted skills build on, of which the role may say nothing.

    A believed prerequisite is wanted at level `held` at least, with `share` of the weight of each skill that builds on
    it, as far as that one's level is missing; and so on down the graph.
    """
    asked, catalog = situation.requirement, situation.catalog
    if not share or not len(catalog.prerequisites):
        return situation
    missing = asked.weight * situation.gap / np.maximum(asked.level, _LEAST)
    pulled = np.zeros_like(missing)
    for edges in catalog.upstream:
        passed = share * (missing[:, edges.after] + pulled[:, edges.after])
        pulled[:, edges.skill] += np.add.reduceat(passed, edges.first, axis=1)
    level = np.where(pulled > 0, np.maximum(asked.level, held), asked.level)
    known = dict(situation.given) | {"mastery": situation.mastery, "success": situation.success}
    return replace(situation, requirement=Requirement(level, asked.weight + pulled), given=known)


def spoken_for(closed: FloatArray, owed: FloatArray, assessed: BoolArray, *, share: float) -> FloatArray:
    """The debt closed, `[learners, n]`, items without an answer closing `share` of what others do for the debt owed.

    A tracer that learns from answers alone imagines nothing of a text; that is silence, and no reason to think that it
    teaches nothing.
    """
    heard = np.where(assessed, closed, 0.0).sum(axis=1, keepdims=True)
    of = np.where(assessed, owed, 0.0).sum(axis=1, keepdims=True)
    usual = share * heard / np.where(of > 0, of, 1.0)
    return np.where(assessed, closed, np.maximum(closed, usual * owed))


def promise(situation: Situation) -> FloatArray:
    """The debt that an item could pay off at best, that of all its skills, `[learners, C]`."""
    asked = situation.requirement
    total = (asked.weight * asked.level).sum(axis=1, keepdims=True)
    owed = asked.weight * np.maximum(situation.gap, UPKEEP) / np.where(total > 0, total, 1.0)
    of_all: FloatArray = mean_over_skills(owed, situation.skills[None], default=0.0) * situation.breadth
    return of_all


def readiness(situation: Situation, *, floor: float) -> FloatArray:
    """How well the believed prerequisites of each candidate are met, `[learners, C]` in [floor, 1].

    Each prerequisite counts `min(1, mastery / READY)`, those of one skill are multiplied and the skills of an
    item averaged: the soft form of `Situation.ready`.
    """
    return floor + (1 - floor) * mean_over_skills(met_in(situation), situation.skills[None], default=1.0)


def met_in(situation: Situation) -> FloatArray:
    """How well the believed prerequisites of each skill are met, `[learners, K]` in [0, 1]; 1 where there is none."""
    met, needs = np.ones(situation.mastery.shape), situation.catalog.needs
    if len(needs.skill):
        each = np.minimum(1.0, situation.mastery[:, needs.before] / READY)
        met[:, needs.skill] = np.multiply.reduceat(each, needs.first, axis=1)
    return met


def best(scores: FloatArray, count: int) -> IntArray:
    """Columns of the `count` highest scores of each row, in no order, `[learners, min(count, C)]`."""
    candidates = scores.shape[1]
    if count >= candidates:
        return np.broadcast_to(np.arange(candidates), scores.shape)
    return np.argpartition(-scores, count - 1, axis=1)[:, :count]


def shortlisted(value: FloatArray, short: IntArray, guess: FloatArray) -> FloatArray:
    """The values of the shortlist, and below them all the guesses of the others, `[learners, C]`.

    value, short: `[learners, n]`, `short` the columns. guess: `[learners, C]`, -inf where not eligible.
    """
    listed = np.isfinite(at_columns(guess, short))
    lowest = np.where(listed, value, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    lowest = np.where(np.isfinite(lowest), lowest, 0.0)
    score: FloatArray = guess + (lowest - 1.0 - guess.max(axis=1, keepdims=True, initial=0.0))
    np.put_along_axis(score, short, np.where(listed, value, -np.inf), axis=1)
    return score
