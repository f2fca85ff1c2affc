"""What follows from any tracer: predict-then-update over histories, mastery, and what-ifs."""

from collections.abc import Callable

import numpy as np

from lernpfad.core.arrays import Array, FloatArray, IntArray, at_columns
from lernpfad.core.catalog import Catalog
from lernpfad.core.protocols import KnowledgeTracer, ParallelState, ParallelTrace, S, SkillHead, WhatIf
from lernpfad.core.sequences import NOT_ASSESSED, Interactions, Sequences
from lernpfad.core.state import copied, join, put, size, take

_TRACED_BYTES = 1 << 28
"""What the states of learners who are traced at once may take."""
_BRANCH_ROWS = 65_536
_BRANCH_BYTES = 1 << 28
"""Imagined futures are looked at in groups of so many, whose states take no more than so much together."""


def observe(tracer: KnowledgeTracer[S], state: S, seen: Interactions) -> S:
    """The state after one interaction of each learner; a declined offer teaches a tracer nothing."""
    if seen.accepted.all():
        return tracer.update(state, seen)
    took = np.flatnonzero(seen.accepted)
    if not len(took):
        return state
    return put(state, took, tracer.update(take(state, took), seen[took]))


def fold(tracer: KnowledgeTracer[S], histories: Sequences) -> tuple[S, FloatArray]:
    """Predict, then update, one interaction at a time: the definition of what a tracer knows.

    Returns the state after each learner's whole history, and P(correct) of every row before it was seen, `[N]`.
    """
    predicted = np.full(len(histories), np.nan)

    def look(state: S, seen: Interactions, rows: IntArray) -> None:
        predicted[rows] = tracer.predict(state, seen.item[:, None], seen.time)[:, 0]

    return _walk(tracer, histories, before=look), predicted


def state_after(tracer: KnowledgeTracer[S], histories: Sequences) -> S:
    """The state of each learner after her whole history, by the tracer's own way where it has one."""
    if not isinstance(tracer, ParallelState):
        return walked(tracer, histories)
    taken = histories if histories.accepted.all() else histories.where(histories.accepted)
    after: S = tracer.after(taken)
    return after


def walked(tracer: KnowledgeTracer[S], histories: Sequences) -> S:
    """`state_after` by its definition: one update after the other."""
    return _walk(tracer, histories, before=lambda state, seen, rows: None)


def _walk(
    tracer: KnowledgeTracer[S], histories: Sequences, *, before: Callable[[S, Interactions, IntArray], None]
) -> S:
    """Take all learners through their histories in step, longest first, calling `before` ahead of each update."""
    lengths = histories.lengths
    longest_first = np.argsort(-lengths, kind="stable")
    starts, ascending = histories.offsets[:-1][longest_first], np.sort(lengths)
    state, active = tracer.start(len(lengths)), len(lengths)
    done: list[S] = []  # states of learners whose history has ended, shortest first
    for step in range(int(lengths.max(initial=0))):
        before_step, active = active, len(lengths) - int(np.searchsorted(ascending, step, side="right"))
        if active < before_step:  # copied, as a view, even an empty one, would keep the states of all of this step
            done.append(copied(take(state, slice(active, None))))
            state = take(state, slice(0, active))
        rows = starts[:active] + step
        seen = histories.rows(rows)
        before(state, seen, rows)
        state = observe(tracer, state, seen)
    in_walking_order = join([state, *reversed(done)])
    return take(in_walking_order, np.argsort(longest_first, kind="stable"))


def trace(tracer: KnowledgeTracer[S], histories: Sequences) -> FloatArray:
    """P(correct) of every row, from the learner's earlier rows only, `[N]`.

    Takes the tracer's own parallel path where it has one (a law holds it to `fold`); else a group of learners after
    the other, so that memory does not grow with their number where a state is large, as that of attention is.
    """
    if isinstance(tracer, ParallelTrace):
        return tracer.trace(histories)
    learners = len(histories.learners)
    together = max(1, _TRACED_BYTES // max(size(tracer.start(1)), 1))
    if together >= learners:
        return fold(tracer, histories)[1]
    some = (histories.select(slice(first, first + together)) for first in range(0, learners, together))
    return np.concatenate([fold(tracer, group)[1] for group in some])


def mastery(tracer: KnowledgeTracer[S], state: S, at: FloatArray, *, catalog: Catalog) -> FloatArray:
    """Estimated probability of success per skill, `[learners, K]`.

    From the tracer's skill head where it has one, else the mean prediction over a few probe items per skill.
    """
    if isinstance(tracer, SkillHead):
        return tracer.mastery(state, at)
    table = catalog.probes
    learners = len(at)
    items = np.broadcast_to(table.reshape(1, -1), (learners, table.size))
    predicted = tracer.predict(state, items, at).reshape(learners, *table.shape)
    there = table >= 0
    there[~there.any(axis=1), 0] = True  # a skill without items: what the tracer says of an unknown item
    mean: FloatArray = (predicted * there).sum(axis=-1) / there.sum(axis=-1)
    return mean


def what_if(tracer: KnowledgeTracer[S], state: S, items: IntArray, at: FloatArray, *, catalog: Catalog) -> FloatArray:
    """Mastery of the touched skills after each candidate and outcome, `[learners, items, 2, M]`.

    items: `[learners, items]`. Axis 2 is the outcome, wrong then correct; an item that is never assessed has
    the same value in both. The last axis follows `catalog.skills_of(items)`, NaN where there is no skill.
    """
    if isinstance(tracer, WhatIf):
        return tracer.what_if(state, items, at)
    return plain_what_if(tracer, state, items, at, catalog=catalog)


def plain_what_if(
    tracer: KnowledgeTracer[S], state: S, items: IntArray, at: FloatArray, *, catalog: Catalog
) -> FloatArray:
    """`what_if` by its definition: repeat the state, `update`, ask for `mastery`."""
    learners, candidates = items.shape
    skills = catalog.skills_of(items)
    after = np.full((learners, candidates, 2, skills.shape[-1]), np.nan)
    together = max(1, min(_BRANCH_ROWS, _BRANCH_BYTES // max(size(state) // max(learners, 1), 1)))
    branches = [axis.ravel() for axis in np.indices(after.shape[:3])]
    for first in range(0, len(branches[0]), together):
        branch, place, outcome = (axis[first : first + together] for axis in branches)
        touched = skills[np.minimum(branch, len(skills) - 1), place]
        seen = _imagined(items[branch, place], outcome, at[branch], catalog=catalog)
        known = mastery(tracer, tracer.update(take(state, branch), seen), at[branch], catalog=catalog)
        after[branch, place, outcome] = np.where(touched >= 0, at_columns(known, touched), np.nan)
    return after


def _imagined(items: IntArray, outcome: IntArray, at: FloatArray, *, catalog: Catalog) -> Interactions:
    known = np.where(items >= 0, items, 0)
    graded: Array = catalog.assessed[known] | (items < 0)
    return Interactions(
        item=items,
        outcome=np.where(graded, outcome, NOT_ASSESSED).astype(np.int8),
        accepted=np.ones(len(items), dtype=bool),
        minutes=np.where(items >= 0, catalog.minutes[known], 0.0),
        time=at,
    )
