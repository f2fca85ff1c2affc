"""The policy that fills the log: a course-like walk with known propensities that leaves overlap for others."""

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import main_skill
from lernpfad.policy.distribution import require_positive, require_share

_TOGETHER = 128
"""Learners worked on at once: few enough for their rows to stay in the cache."""


@dataclass(frozen=True, kw_only=True)
class Logging:
    """`block continue + (1 - block) (.45 role popularity + .30 tracer-greedy + .25 uniform)`.

    Each part is normalised over the open items: eligible, and not all of their skills mastered by the tracer's
    estimate. Role popularity is `popularity_i (weight of the main skill + .02)`; continue is the same on the
    main skill of the item taken last, left out where no such item is open; tracer-greedy is
    `[(need + .001) exp(-((success - target) / width)^2 / 2)]^2`, need the mean of weight times gap.

    block: share of continue; .75 looks like a course, .35 leaves more overlap for off-policy work.
    popular, greedy, uniform: shares of the rest, normalised to one. mastered: where a skill is done with.
    target, width: predicted success that tracer-greedy looks for. item_spread, skill_spread: deviations of the
    log popularity of items and of main skills, drawn once for a catalog and `seed`.
    """

    block: float = 0.75
    popular: float = 0.45
    greedy: float = 0.30
    uniform: float = 0.25
    mastered: float = 0.93
    target: float = 0.75
    width: float = 0.12
    item_spread: float = 0.5
    skill_spread: float = 1.6
    seed: int = 0

    def __post_init__(self) -> None:
        require_share(self, block=self.block, popular=self.popular, greedy=self.greedy, mastered=self.mastered)
        require_positive(self, uniform=self.uniform, width=self.width)

    def propensities(self, situation: Situation) -> FloatArray:
        """The mixture, `[learners, C]`, float32."""
        table = self._table(situation.catalog, situation.items)
        out = np.empty(situation.eligible.shape, dtype=np.float32)
        for first in range(0, len(situation), _TOGETHER):
            rows = slice(first, first + _TOGETHER)
            out[rows] = self._rows(situation, rows, table)
        return out

    def _table(self, catalog: Catalog, items: IntArray) -> "_Tables":
        spreads = (self.item_spread, self.skill_spread, self.seed)
        if np.array_equal(items, np.arange(len(catalog))):
            return _whole(catalog, *spreads)
        return _tables(catalog, items, _popularity(catalog, *spreads))

    def _rows(self, situation: Situation, rows: slice, table: "_Tables") -> FloatArray:
        eligible = self._open(situation, rows, table)
        weight = situation.requirement.weight[rows].astype(np.float32)
        popular = np.take(weight + np.float32(0.02), table.known, axis=1)
        popular *= table.popular
        popular += table.unskilled
        popular *= eligible
        same = popular * (table.main == self._last_skill(situation, rows)[:, None])
        going_on = _per_row(self.block, same)
        left = np.where(going_on > 0, 1.0 - self.block, 1.0) / (self.popular + self.greedy + self.uniform)
        out: FloatArray = same
        out *= going_on
        greedy = self._greedy(situation, rows, table, weight)
        greedy *= eligible
        for share, part in ((self.greedy, greedy), (self.popular, popular), (self.uniform, eligible)):
            part *= _per_row(share, part) * left.astype(np.float32)
            out += part
        out *= _per_row(1.0, out)
        return out

    def _open(self, situation: Situation, rows: slice, table: "_Tables") -> FloatArray:
        """1 where an item may be drawn, else 0; every eligible one where mastery leaves none, `[rows, C]`."""
        eligible = situation.eligible[rows]
        unmastered = situation.mastery[rows] <= self.mastered
        todo = np.take(unmastered, table.known, axis=1)
        todo |= table.unskilled > 0
        for items, skills in table.further:
            todo[:, items] |= np.take(unmastered, skills, axis=1)
        todo &= eligible
        done = ~todo.any(axis=1)
        todo[done] = eligible[done]
        return todo.astype(np.float32)

    def _greedy(self, situation: Situation, rows: slice, table: "_Tables", weight: FloatArray) -> FloatArray:
        owed = weight * situation.gap[rows].astype(np.float32)
        value = np.take(owed, table.known, axis=1)
        for items, skills in table.further:
            value[:, items] += np.take(owed, skills, axis=1)
        value *= table.share
        value += np.float32(0.001)
        if situation.tracer is not None or "success" in situation.given:
            off = situation.success[rows].astype(np.float32)
            off -= np.float32(self.target)
            off *= off
            off *= np.float32(-0.5 / self.width**2)
            value *= np.exp(off, out=off)
        value *= value
        return value

    def _last_skill(self, situation: Situation, rows: slice) -> IntArray:
        """Main skill of the item taken last, `[rows]`, -2 where there is none."""
        if situation.last_item is None:
            return np.full(len(situation.at[rows]), -2)
        last = situation.last_item[rows]
        skill = main_skill(situation.catalog)[np.where(last >= 0, last, 0)]
        return np.where((last >= 0) & (skill >= 0), skill, -2)


def _per_row(share: float, mass: FloatArray) -> FloatArray:
    """The factor that makes each row of `mass` sum to `share`; 0 for an empty row, `[rows, 1]`."""
    total = mass.sum(axis=1, keepdims=True)
    return np.where(total > 0, np.float32(share) / np.where(total > 0, total, 1), np.float32(0)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Tables:
    """What the policy needs of a catalog, item by item, float32. Values of skills are looked up, not multiplied out:
    a matrix product rounds a learner's row by who else is in it, and she must not live another life for that.

    main: main skill, -1 without one, `[C]`. known: the same, 0 without one. share: 1 over the number of skills, 0
    without any. popular: the item's popularity, 0 without a skill. unskilled: a small mass for items without skills.
    further: for the second, third, ... skill, the items that have one, and which it is.
    """

    main: IntArray
    known: IntArray
    share: FloatArray
    popular: FloatArray
    unskilled: FloatArray
    further: tuple[tuple[IntArray, IntArray], ...]


@lru_cache(maxsize=8)
def _whole(catalog: Catalog, item_spread: float, skill_spread: float, seed: int) -> _Tables:
    return _tables(catalog, np.arange(len(catalog)), _popularity(catalog, item_spread, skill_spread, seed))


def _tables(catalog: Catalog, items: IntArray, popularity: FloatArray) -> _Tables:
    skills, main, popularity = catalog.item_skills[items], main_skill(catalog)[items], popularity[items]
    count = (skills >= 0).sum(axis=1)
    having = [(np.flatnonzero(column >= 0), column[column >= 0]) for column in skills.T[1:]]
    return _Tables(
        main=main,
        known=np.where(main >= 0, main, 0),
        share=np.where(count > 0, 1.0 / np.maximum(count, 1), 0.0).astype(np.float32),
        popular=np.where(main >= 0, popularity, 0.0).astype(np.float32),
        unskilled=np.where(main < 0, 0.02 * popularity, 0.0).astype(np.float32),
        further=tuple(having),
    )


def _popularity(catalog: Catalog, item_spread: float, skill_spread: float, seed: int) -> FloatArray:
    """Lognormal popularity of each item, `[I]`; the same catalog and seed have the same."""
    rng = np.random.default_rng([seed, crc32("\n".join(catalog.items).encode())])
    of_skill = skill_spread * rng.standard_normal(len(catalog.skills) + 1)
    return np.exp(of_skill[main_skill(catalog)] + item_spread * rng.standard_normal(len(catalog)))
