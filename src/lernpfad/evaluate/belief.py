"""Belief error: does an item teach what the tracer thinks it will? A policy may push the tracer, not the learner."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.random import Generator

from lernpfad.core import (
    CORRECT,
    WRONG,
    BoolArray,
    Catalog,
    FloatArray,
    IntArray,
    Interactions,
    KnowledgeTracer,
    Outcomes,
    Sequences,
    World,
    mastery,
    observe,
    put,
    state_after,
    take,
    what_if,
)
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, percentiles, resampled_sums


@dataclass(frozen=True)
class BeliefError:
    """bias: mean of predicted less true gain. slope: true gain per predicted gain, 1 where belief is calibrated; below
    1 the tracer exaggerates the differences between items, at 0 they are nothing but belief. Intervals over learners.
    """

    bias: Estimate
    slope: Estimate
    items: int


def belief_error(
    predicted: FloatArray, true: FloatArray, owner: IntArray, *, resamples: int = RESAMPLES, seed: int = 0
) -> BeliefError:
    """From predicted and true gain of each item that was taken, `[N]`; owner: its learner. NaN rows are left out."""
    there = ~(np.isnan(predicted) | np.isnan(true))
    x, y, who = predicted[there], true[there], owner[there]
    moments = np.stack([np.ones(len(x)), x, y, x * x, x * y], axis=1)
    ids, dense = np.unique(who, return_inverse=True)
    sums = np.zeros((len(ids), moments.shape[1]))
    np.add.at(sums, dense, moments)
    whole = _fitted(sums.sum(axis=0, keepdims=True))
    drawn = _fitted(resampled_sums(sums, resamples=resamples, seed=seed))
    bias, slope = (Estimate(float(whole[0, k]), *percentiles(drawn[:, k])) for k in (0, 1))
    return BeliefError(bias, slope, len(x))


def _fitted(sums: FloatArray) -> FloatArray:
    """Bias and least-squares slope of true on predicted from sums of 1, x, y, xx, xy; `[draws, 2]`."""
    n, x, y, xx, xy = sums.T
    n = np.where(n > 0, n, np.nan)
    spread = xx - x * x / n
    slope = np.divide(xy - x * y / n, spread, out=np.full(len(spread), np.nan), where=spread > 1e-12 * np.abs(xx))
    return np.stack([(x - y) / n, slope], axis=1)


def predicted_gains(tracer: KnowledgeTracer[Any], past: Sequences, log: Sequences) -> FloatArray:
    """Gain in mastery that the tracer expects of each item of `log` at the moment it was offered, `[N]`.

    Mean over the item's skills of `sum over outcomes P(outcome) mastery after - mastery now`. past: what the same
    learners had done before. NaN for offers that were declined and for items without skills.
    """
    state = state_after(tracer, past)
    gains = np.full(len(log), np.nan)
    for step in range(int(log.lengths.max(initial=0))):
        who = np.flatnonzero(log.lengths > step)
        rows = log.offsets[who] + step
        part, seen = take(state, who), log.rows(rows)
        took = np.flatnonzero(seen.accepted & (seen.item >= 0))
        if len(took):
            gains[rows[took]] = _expected(tracer, take(part, took), seen[took], log.catalog)
        state = put(state, who, observe(tracer, part, seen))
    return gains


def _expected(tracer: KnowledgeTracer[Any], state: Any, seen: Interactions, catalog: Catalog) -> FloatArray:
    item = seen.item[:, None]
    right = tracer.predict(state, item, seen.time)[:, 0]
    after = what_if(tracer, state, item, seen.time, catalog=catalog)[:, 0]
    return expected_gain(right, after, mastery(tracer, state, seen.time, catalog=catalog), catalog.skills_of(seen.item))


def expected_gain(right: FloatArray, after: FloatArray, now: FloatArray, skills: IntArray) -> FloatArray:
    """`P(right) after right + P(wrong) after wrong - now`, mean over the skills of the item, `[n]`; NaN without any.

    right: P(correct), `[n]`. after: mastery of the touched skills by outcome, `[n, 2, M]`. now: mastery, `[n, K]`.
    skills: of the item, `[n, M]`, -1 where there is none.
    """
    there = skills >= 0
    before = np.take_along_axis(now, np.where(there, skills, 0), axis=1)
    hoped = right[:, None] * after[:, CORRECT] + (1.0 - right[:, None]) * after[:, WRONG]
    total = np.where(there, hoped - before, 0.0).sum(axis=1)
    number = there.sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


class GainWitness:
    """A world that takes note of the true expected gain of every item that is taken; otherwise the same world.

    learners: whom it watches, as numbers in the workforce; all if None. It changes while it is used: one witness for
    one rollout. States must say who they are about (`learner`).
    """

    def __init__(self, world: World[Any], learners: IntArray | None = None) -> None:
        self._world, self._learners = world, learners
        self._seen: list[tuple[IntArray, FloatArray, FloatArray]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def step(self, state: Any, items: IntArray, at: FloatArray, rng: Generator) -> tuple[Any, Outcomes]:
        """As the world does, and take a note."""
        after, came = self._world.step(state, items, at, rng)
        gains = np.full(len(items), np.nan)
        took = np.flatnonzero(came.accepted & self._watches(state.learner))
        some, item, when = take(state, took), items[took], at[took]
        gains[took] = expected_gain(
            self._world.success(some, item[:, None], when)[:, 0],
            self._world.what_if(some, item[:, None], when)[:, 0],
            self._world.mastery(some, when),
            self._world.catalog.skills_of(item),
        )
        self._seen.append((state.learner, at, gains))
        return after, came

    def gains(self, log: Sequences) -> FloatArray:
        """True expected gain of every row of the log of that rollout, `[N]`; NaN if declined, or of somebody else."""
        learner, at, gains = (np.concatenate(column) for column in zip(*self._seen, strict=True))
        order = np.lexsort((at, learner))
        assert np.array_equal(learner[order], log.owner), "a witness belongs to one rollout"
        return cast(FloatArray, gains[order])

    def error(
        self,
        tracer: KnowledgeTracer[Any],
        past: Sequences,
        log: Sequences,
        *,
        resamples: int = RESAMPLES,
        seed: int = 0,
    ) -> BeliefError:
        """What the tracer expected of the items that the watched learners took, against what they were worth.

        past, log: of everybody in that rollout, as in `predicted_gains`.
        """
        mine = self._watches(np.arange(len(log.learners)))
        expected = predicted_gains(tracer, past.select(mine), log.select(mine))
        rows = mine[log.owner]
        return belief_error(expected, self.gains(log)[rows], log.owner[rows], resamples=resamples, seed=seed)

    def _watches(self, learner: IntArray) -> BoolArray:
        return np.ones(len(learner), dtype=bool) if self._learners is None else np.isin(learner, self._learners)


def spread(learners: int, most: int) -> IntArray:
    """At most so many of the learners, evenly over all of them, and so over the seeds that they are of."""
    return np.unique(np.linspace(0, learners - 1, min(learners, most)).round().astype(np.int64))
