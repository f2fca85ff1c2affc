"""The learning path: the next items of a policy, one after the other, with the learning debt expected after each.

The rule. At every step the policy is asked in the situation that the steps before are expected to lead to, and its
best item is planned. Then the learner's state moves to the mean of the two states that a correct and a wrong answer
would leave behind, weighed by P(correct): numbers are averaged, whatever else is in a state is that of the likelier
answer. The debt after a step is `D - sum_o P(o) [D - D after o]` in that state. So the first step is exact for the
tracer, and later ones follow the mean state instead of every branch (2^k of them). The clock runs through the minutes
of the items and from sitting to sitting, so that what a tracer expects to be forgotten is in the curve. She is taken
to accept every item, and affinity stays what it is now.

A path is a plan and no promise: once an answer has come in, ask again from the new state.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lernpfad.core.arrays import Array, BoolArray, FloatArray, IntArray
from lernpfad.core.errors import ConfigError
from lernpfad.core.next_best import MAX_REPEATS
from lernpfad.core.protocols import Policy
from lernpfad.core.recommend import DAY, Recommendation, asked, explained
from lernpfad.core.sequences import COLUMNS, NOT_ASSESSED, Interactions, Sequences
from lernpfad.core.situation import Situation
from lernpfad.core.state import map_state


@dataclass(frozen=True)
class Sittings:
    """When she will sit down again: minutes each time, and seconds from the start of one sitting to the next."""

    minutes: float
    every: float = 2.5 * DAY

    def __post_init__(self) -> None:
        if not (self.minutes > 0 and self.every > 0):
            raise ConfigError(
                f"Sittings: minutes={self.minutes}, every={self.every} seconds; expected both above 0, "
                "such as minutes=12, every=216000"
            )


@dataclass(frozen=True)
class Step:
    """One item of a path. sitting: 0 is now. at: when it begins, seconds. spent: minutes of the path with it.

    debt: learning debt expected after it; NaN where nothing is required.
    """

    item: Recommendation
    sitting: int
    at: float
    spent: float
    debt: float


@dataclass(frozen=True)
class Path:
    """What lies ahead of one learner. debt: estimated learning debt now. steps: at most k, fewer where nothing fits."""

    debt: float
    steps: tuple[Step, ...]


def path(
    policy: Policy,
    situation: Situation,
    k: int = 5,
    *,
    sittings: Sittings | None = None,
    max_repeats: int = MAX_REPEATS,
    language: str = "en",
) -> list[Path]:
    """The next k items of each learner by the policy's own order, no item twice.

    The first step is what `recommend` puts first. situation: its `minutes_left` are those of the sitting now. What does
    not fit waits for a later sitting; without `sittings` the path ends there. max_repeats: as in `NextBest`.
    """
    steps: list[list[Step]] = [[] for _ in range(len(situation))]
    stand = _Stand.at_first(situation, max_repeats)
    for _ in range(k):
        stand = stand.seated(situation.at, sittings)
        if not len(stand.who):
            break
        order, propensities = asked(policy, stand.now)
        column = _best(order, stand.now.eligible)
        told = explained(policy, stand.now, column[:, None], propensities, language=language)
        for row in np.flatnonzero(column >= 0):
            steps[stand.who[row]].append(stand.step(int(row), told[row][0]))
        stand = stand.after(column)
    return [Path(float(debt), tuple(mine)) for debt, mine in zip(situation.debt, steps, strict=True)]


def _best(order: FloatArray, eligible: BoolArray) -> IntArray:
    """The best eligible column of each learner, ties to the first, -1 where there is none."""
    order = np.where(eligible, order, -np.inf)
    return np.where(np.isfinite(order).any(axis=1), order.argmax(axis=1), -1)


@dataclass(frozen=True, eq=False)
class _Stand:
    """Some learners on their way. who: which, `[n]`. now: where they stand. open: what their path may still hold.

    open: `[n, C]`, eligible but for the minutes. sitting: the number of it. spent: minutes so far.
    """

    who: IntArray
    now: Situation
    open: BoolArray
    sitting: IntArray
    spent: FloatArray

    @classmethod
    def at_first(cls, situation: Situation, max_repeats: int) -> "_Stand":
        learners = len(situation)
        long = situation.minutes[None, :] > situation.minutes_left[:, None]
        seldom = np.True_ if situation.taken is None else situation.taken < max_repeats
        kept = replace(situation, given=dict(situation.given) | {"affinity": situation.affinity})
        nowhere = np.zeros(learners, dtype=np.int64)
        return cls(np.arange(learners), kept, situation.eligible | (long & seldom), nowhere, np.zeros(learners))

    def select(self, rows: Array) -> "_Stand":
        return _Stand(self.who[rows], self.now.select(rows), self.open[rows], self.sitting[rows], self.spent[rows])

    def seated(self, start: FloatArray, sittings: Sittings | None) -> "_Stand":
        """Those who may be offered something: now, or else in a sitting of their own later on."""
        waits: BoolArray = ~np.any(self.now.eligible, axis=1, keepdims=True)[:, 0]
        if sittings is None or not waits.any():
            return self.select(np.flatnonzero(~waits)) if waits.any() else self
        later = self.open & (self.now.minutes[None, :] <= sittings.minutes)
        sitting = self.sitting + waits
        then = np.maximum(self.now.at, start[self.who] + sitting * sittings.every)
        now = replace(
            self.now,
            at=np.where(waits, then, self.now.at),
            minutes_left=np.where(waits, sittings.minutes, self.now.minutes_left),
            eligible=np.where(waits[:, None], later, self.now.eligible),
            given=self._lasting(),
        )
        there = replace(self, now=now, sitting=sitting)
        return there.select(np.flatnonzero(now.eligible.any(axis=1)))

    def step(self, row: int, item: Recommendation) -> Step:
        """The planned step of one of the learners."""
        return Step(
            item=item,
            sitting=int(self.sitting[row]),
            at=float(self.now.at[row]),
            spent=float(self.spent[row]) + item.minutes,
            debt=float(self.now.debt[row]) - item.debt_reduction,
        )

    def after(self, column: IntArray) -> "_Stand":
        """Where those who were planned something are expected to stand after it, `column` `[n]`, -1 for nothing."""
        going = self.select(column >= 0)
        column, now, row = column[column >= 0], going.now, np.arange(len(going.who))
        seen = _expected(now, column)
        open_, taken = going.open.copy(), None if now.taken is None else now.taken.copy()
        open_[row, column] = False
        if taken is not None:
            taken[row, column] += 1
        left = now.minutes_left - seen.minutes
        ahead = replace(
            now,
            eligible=open_ & (now.minutes[None, :] <= left[:, None]),
            at=now.at + 60.0 * seen.minutes,
            minutes_left=left,
            state=_mean_state(now, seen, now.success[row, column]),
            histories=None if now.histories is None else _with_one_more(now.histories, seen),
            taken=taken,
            last_item=seen.item,
            given=going._lasting(),
        )
        return _Stand(going.who, ahead, open_, going.sitting, going.spent + seen.minutes)

    def _lasting(self) -> dict[str, FloatArray]:
        """Estimates that stay as they are: affinity, and everything where no tracer makes new ones."""
        return {name: one for name, one in self.now.given.items() if name == "affinity" or self.now.tracer is None}


def _expected(now: Situation, column: IntArray) -> Interactions:
    """Each learner's planned item, taken, with the likelier outcome."""
    item = now.items[column]
    likely = now.success[np.arange(len(column)), column] >= 0.5
    return Interactions(
        item=item,
        outcome=np.where(now.catalog.assessed[item], likely, NOT_ASSESSED).astype(np.int8),
        accepted=np.ones(len(item), dtype=bool),
        minutes=now.catalog.minutes[item],
        time=now.at,
    )


def _mean_state(now: Situation, seen: Interactions, success: FloatArray) -> Any:
    """The mean of the states after a correct and after a wrong answer."""
    if now.tracer is None or now.state is None:
        return now.state
    graded = seen.outcome >= 0
    right, wrong = (
        now.tracer.update(now.state, replace(seen, outcome=np.where(graded, outcome, seen.outcome).astype(np.int8)))
        for outcome in (1, 0)
    )

    def mean(one: Array, other: Array) -> Array:
        share = success.reshape(-1, *[1] * (one.ndim - 1))
        if not np.issubdtype(one.dtype, np.floating):
            return np.where(share >= 0.5, one, other)
        same: Array = one == other  # also keeps infinities, of which a mean is no number
        return np.where(same, one, other + share * (np.where(same, other, one) - other)).astype(one.dtype)

    with np.errstate(invalid="ignore"):
        return map_state(mean, right, wrong)


def _with_one_more(histories: Sequences, seen: Interactions) -> Sequences:
    """Each learner's history with one more row at its end."""
    ends = histories.offsets[1:]
    columns: dict[str, Any] = {name: np.insert(getattr(histories, name), ends, getattr(seen, name)) for name in COLUMNS}
    return replace(histories, offsets=histories.offsets + np.arange(len(histories.offsets)), extra={}, **columns)
