"""Short sequences of items, imagined by the tracer: a beam search over all learners at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.protocols import KnowledgeTracer, Opinions
from lernpfad.core.roles import Requirement
from lernpfad.core.sequences import NOT_ASSESSED, Interactions
from lernpfad.core.situation import Situation
from lernpfad.core.state import take

Gain: TypeAlias = Callable[[Situation, IntArray, FloatArray], FloatArray]
"""What items `[rows, n]` with predicted success `[rows, n]` are worth to imagined learners, `[rows, n]`."""


@dataclass(frozen=True, eq=False)
class Futures:
    """Where one tracer believes learners to be after each of B sequences, in each of S cases that it may come to.

    state: of the tracer, `L B S` rows, the cases innermost. chance: of each case, `[L, B, S]`, rows summing to 1.
    """

    tracer: KnowledgeTracer[Any]
    state: Any
    chance: FloatArray

    def situation(self, now: Situation) -> Situation:
        """All these cases as learners of their own, without candidates."""
        who = np.repeat(np.arange(len(now)), self.chance[0].size)
        asked = now.requirement
        return Situation(
            catalog=now.catalog,
            items=np.empty(0, dtype=np.int64),
            eligible=np.empty((len(who), 0), dtype=bool),
            at=now.at[who],
            minutes_left=now.minutes_left[who],
            requirement=Requirement(asked.level[who], asked.weight[who]),
            tracer=self.tracer,
            state=self.state,
        )

    def gains(self, now: Situation, items: IntArray, gain: Gain) -> FloatArray:
        """The expected worth of each item after each sequence, `[L, B, n]`. items: `[L, n]`."""
        cases = self.situation(now)
        asked = np.repeat(items, self.chance[0].size, axis=0)
        worth = gain(cases, asked, self.tracer.predict(self.state, asked, cases.at))
        expected: FloatArray = (worth.reshape(*self.chance.shape, -1) * self.chance[..., None]).sum(axis=2)
        return expected

    def after(self, now: Situation, parent: IntArray, items: IntArray) -> "Futures":
        """After one more item for each of B' sequences, right or wrong: twice as many cases.

        parent: sequence that is continued, `[L, B']`. items: catalog indices, `[L, B']`.
        """
        learners, sequences, cases = self.chance.shape
        row = (np.arange(learners)[:, None] * sequences + parent)[:, :, None] * cases + np.arange(cases)
        chance = np.take_along_axis(self.chance, parent[:, :, None], axis=1)
        item = np.broadcast_to(items[:, :, None], row.shape).reshape(-1)
        at = np.repeat(now.at, row[0].size)
        state = take(self.state, row.reshape(-1))
        right = self.tracer.predict(state, item[:, None], at)[:, 0].reshape(chance.shape)
        likely = np.stack([chance * (1.0 - right), chance * right], axis=-1).reshape(*chance.shape[:2], -1)
        twice = np.repeat(np.arange(row.size), 2)
        seen = imagined(item[twice], np.tile([0, 1], row.size), at[twice], catalog=now.catalog)
        return Futures(self.tracer, self.tracer.update(take(state, twice), seen), likely)


def futures(situation: Situation) -> list[Futures]:
    """Before anything is imagined: one for each opinion that the tracer holds."""
    assert situation.tracer is not None
    tracer, state = situation.tracer, situation.state
    held = tracer.opinions(state) if isinstance(tracer, Opinions) else [(tracer, state)]
    return [Futures(one, part, np.ones((len(situation), 1, 1))) for one, part in held]


def imagined(items: IntArray, outcome: IntArray, at: FloatArray, *, catalog: Catalog) -> Interactions:
    """One accepted interaction each, of catalog minutes; what is never graded is not assessed."""
    return Interactions(
        item=items,
        outcome=np.where(catalog.assessed[items], outcome, NOT_ASSESSED).astype(np.int8),
        accepted=np.ones(len(items), dtype=bool),
        minutes=catalog.minutes[items],
        time=at,
    )


@dataclass(frozen=True, kw_only=True)
class Beam:
    """How sequences are searched. See `Planner` for what the numbers mean."""

    horizon: int
    width: int
    caution: float
    discount: float

    def search(self, now: Situation, items: IntArray, cost: FloatArray, gain: Gain) -> FloatArray:
        """Worth per minute of the best sequence found that begins with each item, `[L, n]`; -inf if none is left.

        items: `[L, n]`. cost: minutes of each, `[L, n]`, inf for what may not be taken.
        """
        held = futures(now)
        learners, n = items.shape
        each = np.arange(learners)[:, None]
        used = np.zeros((learners, 1, n), dtype=bool)
        total, spent = np.zeros((learners, 1)), np.zeros((learners, 1))
        first = np.full((learners, 1), -1)
        found = np.full((learners, n), -np.inf)
        for depth in range(min(self.horizon, n)):
            fade = self.discount**depth
            worth = self.cautious([one.gains(now, items, gain) for one in held])
            totals = total[:, :, None] + fade * np.where(used, 0.0, worth)
            minutes = spent[:, :, None] + fade * cost[:, None, :]
            rate = np.where(used | ~np.isfinite(minutes), -np.inf, totals / minutes).reshape(learners, -1)
            kept = np.argsort(-rate, axis=1, kind="stable")[:, : self.width]
            parent, column = kept // n, kept % n
            total, spent = totals[each, parent, column], minutes[each, parent, column]
            first = column if depth == 0 else first[each, parent]
            found = best_by_first(rate[each, kept], first, n)
            if depth + 1 < min(self.horizon, n):
                used = used[each, parent] | (np.arange(n) == column[:, :, None])
                held = [one.after(now, parent, items[each, column]) for one in held]
        return found

    def cautious(self, gains: Sequence[FloatArray]) -> FloatArray:
        """Mean over the opinions less `caution` deviations, but no worth below 0; the shape of each."""
        if len(gains) == 1:
            return gains[0]
        all_of_them = np.stack(gains)
        low: FloatArray = np.maximum(0.0, all_of_them.mean(axis=0) - self.caution * all_of_them.std(axis=0))
        return low


def best_by_first(rate: FloatArray, first: IntArray, items: int) -> FloatArray:
    """The best rate among sequences `[L, B]` that begin with each item, `[L, items]`; -inf where none does."""
    found = np.full((len(rate), items), -np.inf)
    row = np.broadcast_to(np.arange(len(rate))[:, None], first.shape)
    np.maximum.at(found, (row, first), rate)
    return found
