"""A log walked offer by offer: what a policy could see at each of them is built again from what came before."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.errors import DataError
from lernpfad.core.next_best import MAX_REPEATS
from lernpfad.core.protocols import KnowledgeTracer, Recommender
from lernpfad.core.roles import Requirement, Roles
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation
from lernpfad.core.state import put, take
from lernpfad.core.trace import mastery, observe


class Walk:
    """All learners in step through their logged offers; it changes while it goes, so one walk for one pass.

    roles, role: requirements, and the role of each learner, `[J]`. tracer, recommender: fitted.
    """

    def __init__(
        self,
        log: Sequences,
        *,
        roles: Roles | None,
        role: IntArray | None,
        tracer: KnowledgeTracer[Any] | None,
        recommender: Recommender | None,
        max_repeats: int,
    ) -> None:
        learners = len(log.learners)
        self.log, self.roles, self.role = log, roles, role
        self.tracer, self.recommender, self.max_repeats = tracer, recommender, max_repeats
        self._position = log.position
        self._state = () if tracer is None else tracer.start(learners)
        self._taken = np.zeros((learners, len(log.catalog)), dtype=np.int64)
        self._last = np.full(learners, -1)

    def situations(self, judged: BoolArray) -> Iterator[tuple[IntArray, Situation]]:
        """The rows that are judged, `[N]`, a batch a step, each with the situation that its offers were made in."""
        for step, there, rows in self._steps():
            asked = judged[rows]
            if asked.any():
                yield rows[asked], self._situation(there[asked], rows[asked], step)
            self._see(there, rows)

    def lived(self, judged: BoolArray) -> Iterator[tuple[IntArray, Situation, FloatArray]]:
        """The same, with the mastery that the tracer believes in right after what came of each offer, `[n, K]`."""
        for step, there, rows in self._steps():
            asked = judged[rows]
            before = self._situation(there[asked], rows[asked], step) if asked.any() else None
            self._see(there, rows)
            if before is not None:
                yield rows[asked], before, self._believed(there[asked], before)

    def _steps(self) -> Iterator[tuple[int, IntArray, IntArray]]:
        for step in range(int(self.log.lengths.max(initial=0))):
            there = np.flatnonzero(self.log.lengths > step)
            yield step, there, self.log.offsets[there] + step

    def _believed(self, who: IntArray, before: Situation) -> FloatArray:
        if self.tracer is None:
            return before.mastery
        return mastery(self.tracer, take(self._state, who), before.at, catalog=self.log.catalog)

    def _situation(self, who: IntArray, rows: IntArray, step: int) -> Situation:
        log = self.log
        may, left = eligible_of(self._taken[who], log, rows, max_repeats=self.max_repeats)
        known = log.where(self._position < step).select(who)
        return Situation(
            catalog=log.catalog,
            items=np.arange(len(log.catalog)),
            eligible=may,
            at=self._moment(rows),
            minutes_left=left,
            requirement=self._requirement(who, rows),
            tracer=self.tracer,
            state=take(self._state, who),
            recommender=self.recommender,
            histories=known,
            role=None if self.role is None else self.role[who],
            taken=self._taken[who],
            last_item=self._last[who],
        )

    def _requirement(self, who: IntArray, rows: IntArray) -> Requirement:
        if self.roles is not None and self.role is not None:
            return self.roles.at(self.role[who], self._moment(rows))
        everything = np.ones((len(who), len(self.log.catalog.skills)))
        return Requirement(everything, everything)

    def _moment(self, rows: IntArray) -> FloatArray:
        """When the offers were made: "offered" in `extra` where it is known, else when the rows say."""
        time = self.log.time[rows]
        offered = self.log.extra.get("offered")
        return time if offered is None else np.where(np.isnan(offered[rows]), time, offered[rows])

    def _see(self, who: IntArray, rows: IntArray) -> None:
        seen = self.log.rows(rows)
        if self.tracer is not None:
            self._state = put(self._state, who, observe(self.tracer, take(self._state, who), seen))
        took = seen.accepted & (seen.item >= 0)
        self._taken[who[took], seen.item[took]] += 1
        self._last[who[took]] = seen.item[took]


def eligible_of(
    taken: IntArray, log: Sequences, rows: IntArray, *, max_repeats: int = MAX_REPEATS
) -> tuple[BoolArray, FloatArray]:
    """What could be offered in each row, `[n, I]`, and the fewest minutes that were left if so, `[n]`.

    The log says how many candidates were eligible, and eligible are those that were not taken too often and fit the
    minutes left: so it was the shortest ones. "minutes_left" in `extra` is used where it is there.
    taken: how often each item was taken before, `[n, I]`. Raises DataError, with the row, where count and history
    disagree or the offered item was not eligible.
    """
    minutes = np.where(taken < max_repeats, log.catalog.minutes[None, :], np.inf)
    count = log.extra["eligible"][rows].astype(np.int64)
    each = np.arange(len(rows))
    left = np.sort(minutes, axis=1)[each, np.clip(count - 1, 0, minutes.shape[1] - 1)]
    may = np.isfinite(minutes) & (minutes <= left[:, None])
    offered = may[each, log.item[rows]] & (log.item[rows] >= 0)
    wrong = (may.sum(axis=1) != count) | ~offered
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"log: row {rows[row]} was logged with {count[row]} eligible items, its history allows "
            f"{may[row].sum()}{'' if offered[row] else ' and not the one that was offered'}; pass the whole history "
            "of each learner, and the max_repeats of the platform"
        )
    return may, log.extra["minutes_left"][rows].astype(np.float64) if "minutes_left" in log.extra else left
