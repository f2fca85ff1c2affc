"""The books of a real log: nobody knows the truth there, so a tracer's belief stands in for it."""

from typing import Any, Final

import numpy as np

from lernpfad.core import (
    DataError,
    FloatArray,
    IntArray,
    KnowledgeTracer,
    Roles,
    Sequences,
    mastery,
    observe,
    put,
    take,
)
from lernpfad.evaluate.books import Bookkeeper, Books
from lernpfad.evaluate.waste import WEEK

_DAY: Final = 86_400.0
_MONDAY: Final = 4 * _DAY
"""The first Monday of the epoch, which began on a Thursday."""


def believed_books(
    tracer: KnowledgeTracer[Any],
    log: Sequences,
    roles: Roles,
    role: IntArray,
    *,
    start: float,
    weeks: int,
    target: IntArray | None = None,
) -> Books:
    """`Books` over the weeks from `start` on, with the mastery that the tracer believes in.

    tracer: fitted; it is shown every row before `start` first. role: of each learner, `[L]`, -1 without one, or on
    every Monday, `[weeks + 1, L]`. target: the role that each one aims at, `[L]`, -1 for none. What a tracer that knows
    no forgetting cannot see is never called forgotten, and what it learns about somebody it counts as learned by her:
    the decomposition is as good as the tracer.
    """
    held = np.broadcast_to(role, (weeks + 1, len(log.learners)))
    edges = _edges(log, start + WEEK * np.arange(weeks + 1))
    state = _advanced(tracer, tracer.start(len(log.learners)), log, log.offsets[:-1], edges[0])
    keeper = Bookkeeper(roles, log.catalog)

    def known(state: Any, at: float) -> FloatArray:
        return mastery(tracer, state, np.full(len(log.learners), at), catalog=log.catalog)

    for week in range(weeks):
        at = start + week * WEEK
        after = _advanced(tracer, state, log, edges[week], edges[week + 1])
        before, decayed, then = known(state, at), known(state, at + WEEK), known(after, at + WEEK)
        both = (held[week], held[week + 1])
        aims = None if target is None else (target, target)
        keeper.enter(at, both, before=before, decayed=decayed, after=then, target=aims)
        state = after
    return keeper.books()


def calendar(log: Sequences, *, weeks: int | None = None) -> tuple[float, int]:
    """The Monday (00:00 UTC, seconds) on which the books open, and how many weeks they cover.

    All weeks that the log touches, or the last `weeks` of them. DataError where the log has no clock.
    """
    if not len(log) or float(np.ptp(log.time)) < WEEK:
        raise DataError(
            f"return on learning: the {len(log)} rows of this log lie within a week or carry no clock; "
            "give a log with times in seconds over several weeks"
        )
    first = float(log.time.min() - (log.time.min() - _MONDAY) % WEEK)
    there = int((log.time.max() - first) // WEEK) + 1
    kept = there if weeks is None else min(weeks, there)
    return first + (there - kept) * WEEK, kept


def hours_by_week(log: Sequences, *, start: float, weeks: int) -> FloatArray:
    """Hours that each learner spent in each week from `start` on, on declined offers too, `[weeks, L]`."""
    week = ((log.time - start) // WEEK).astype(np.int64)
    there = (week >= 0) & (week < weeks)
    cell = week[there] * len(log.learners) + log.owner[there]
    minutes = np.bincount(cell, weights=log.minutes[there], minlength=weeks * len(log.learners))
    return minutes.reshape(weeks, -1) / 60.0


def _edges(log: Sequences, moments: FloatArray) -> IntArray:
    """The first row of each learner at or after each moment, `[moments, L]`."""
    earlier = np.stack([np.bincount(log.owner[log.time < at], minlength=len(log.learners)) for at in moments])
    edges: IntArray = log.offsets[:-1] + earlier
    return edges


def _advanced(tracer: KnowledgeTracer[Any], state: Any, log: Sequences, first: IntArray, end: IntArray) -> Any:
    """The state of each learner after her rows `first[j]:end[j]`."""
    for step in range(int((end - first).max(initial=0))):
        who = np.flatnonzero(first + step < end)
        state = put(state, who, observe(tracer, take(state, who), log.rows(first[who] + step)))
    return state
