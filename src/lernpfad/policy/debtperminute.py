"""Expected debt reduction per minute: what the tracer imagines, times what the learner is likely to take up."""

from dataclasses import dataclass, replace

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.catalog import mean_over_skills
from lernpfad.core.roles import Requirement
from lernpfad.core.situation import READY, Situation
from lernpfad.policy.distribution import require_positive, require_share, standardised
from lernpfad.policy.greedy import Greedy

_LEAST = 1e-9
"""Debt that even a hopeless item is taken to pay off, so that a geometric mean keeps an order among them."""

UPKEEP = 1e-3
"""Gap that a skill of the role has at least: who misses nothing is kept fresh in what weighs most."""


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

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, shortlist=self.shortlist, width=self.width)
        require_share(self, aim=self.aim, trust=self.trust, target=self.target)
        require_share(self, unready=self.unready, unsuited=self.unsuited)

    def score(self, situation: Situation) -> FloatArray:
        """Debt per minute of the shortlisted candidates, the others below them, `[learners, C]`."""
        rate = self.effect(situation) / self.minutes_per_taken(situation)
        aimed = aiming(situation, above=self.aim)
        missing = promise(aimed)
        by_item = 1e-12 * situation.items  # equal guesses are shortlisted in catalog order, in whatever order they came
        guess = np.where(situation.eligible, missing * rate - by_item, -np.inf)
        short = best(guess, self.shortlist)
        closed = np.maximum(aimed.debt_reduction(situation.items[short]), _LEAST)
        owed = np.take_along_axis(missing, short, axis=1)
        value = np.where(owed > 0, closed**self.trust * owed ** (1.0 - self.trust), 0.0)
        return shortlisted(value * np.take_along_axis(rate, short, axis=1), short, guess)

    def effect(self, situation: Situation) -> FloatArray:
        """Share of the imagined gain to be expected: readiness, zone, number of skills; `[learners, C]`."""
        skills = np.maximum((situation.skills >= 0).sum(axis=-1), 1.0)
        effect: FloatArray = skills**-self.crowding * self.zone(situation.success)
        return effect * readiness(situation, floor=self.unready)

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


def promise(situation: Situation) -> FloatArray:
    """The debt that an item could pay off at best, that of all its skills, `[learners, C]`."""
    asked = situation.requirement
    total = (asked.weight * asked.level).sum(axis=1, keepdims=True)
    owed = asked.weight * np.maximum(situation.gap, UPKEEP) / np.where(total > 0, total, 1.0)
    count = (situation.skills >= 0).sum(axis=-1)
    of_all: FloatArray = mean_over_skills(owed, situation.skills[None], default=0.0) * count
    return of_all


def readiness(situation: Situation, *, floor: float) -> FloatArray:
    """How well the believed prerequisites of each candidate are met, `[learners, C]` in [floor, 1].

    Each prerequisite counts `min(1, mastery / READY)`, those of one skill are multiplied and the skills of an
    item averaged: the soft form of `Situation.ready`.
    """
    met = np.ones(situation.mastery.shape)
    for before, after in situation.catalog.prerequisites:
        met[:, after] *= np.minimum(1.0, situation.mastery[:, before] / READY)
    return floor + (1 - floor) * mean_over_skills(met, situation.skills[None], default=1.0)


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
    listed = np.take_along_axis(np.isfinite(guess), short, axis=1)
    lowest = np.where(listed, value, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    lowest = np.where(np.isfinite(lowest), lowest, 0.0)
    score: FloatArray = guess + (lowest - 1.0 - guess.max(axis=1, keepdims=True, initial=0.0))
    np.put_along_axis(score, short, np.where(listed, value, -np.inf), axis=1)
    return score
