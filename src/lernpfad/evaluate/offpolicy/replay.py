"""From a log of offers and a policy to arrays: the situations of the log are rebuilt and the very policy is asked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from lernpfad.core import (
    BoolArray,
    DataError,
    FloatArray,
    IntArray,
    KnowledgeTracer,
    Policy,
    Recommender,
    Requirement,
    Roles,
    Sequences,
    Situation,
    observe,
    put,
    take,
)
from lernpfad.core.next_best import MAX_REPEATS
from lernpfad.evaluate.offpolicy.logged import Logged

Features: TypeAlias = Callable[[Situation], FloatArray]
"""What a reward model is told of every candidate: `[learners, C, F]`."""

Reward: TypeAlias = Callable[[Sequences], FloatArray]
"""What an offer was worth, `[N]`."""


def right(log: Sequences) -> FloatArray:
    """1 for an offer that was accepted and answered correctly, else 0, `[N]`."""
    return np.asarray(log.accepted & (log.outcome == 1), dtype=np.float64)


def taken_up(log: Sequences) -> FloatArray:
    """1 for an offer that was accepted, else 0, `[N]`."""
    return log.accepted.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Replayed:
    """What policies would have said at logged offers. Rows are the judged ones, by learner, oldest first.

    log: the judged rows. propensities: `[N, C]` of each policy, by name. features: `[N, C, F]`, F = 0 if not asked for.
    eligible: `[N, C]`, what could be offered.
    """

    log: Sequences
    propensities: Mapping[str, FloatArray]
    features: FloatArray
    eligible: BoolArray

    def logged(self, target: str, *, behaviour: str | None = None, reward: Reward = right) -> Logged:
        """The arrays of the estimators. target, behaviour: names of policies; behaviour is that which wrote the log.

        Raises DataError where `behaviour`, replayed, does not give the propensities that were logged: then it is not
        the policy that wrote them, or it was told something else.
        """
        made = Logged(
            offsets=self.log.offsets,
            action=self.log.item.astype(np.int64),
            reward=reward(self.log),
            logged=self.log.extra["propensity"].astype(np.float64),
            target=self.propensities[target],
            behaviour=None if behaviour is None else self.propensities[behaviour],
        )
        if behaviour is not None:
            _require_written_by(made, behaviour)
        return made


def replay(
    log: Sequences,
    policies: Mapping[str, Policy],
    *,
    judged: BoolArray | None = None,
    roles: Roles | None = None,
    role: IntArray | None = None,
    tracer: KnowledgeTracer[Any] | None = None,
    recommender: Recommender | None = None,
    features: Features | None = None,
    max_repeats: int = MAX_REPEATS,
) -> Replayed:
    """Ask policies what they would have offered, in the situation of every judged offer of a log.

    log: everything that the platform knew, `extra` with "propensity" and "eligible" (how many could be offered).
    judged: rows to judge, `[N]`, by default all; the others are history. roles, role: requirements, and the role of
    each learner, `[J]`, at the judged rows. tracer, recommender: fitted, as the policies were told through them.
    Raises DataError where the log does not fit: no propensities, or an item offered that was not eligible.
    """
    for column in ("propensity", "eligible"):
        if column not in log.extra:
            raise DataError(f"off-policy: the log has no column '{column}'; log it with every offer")
    judged = np.ones(len(log), dtype=bool) if judged is None else judged
    rows, situations = [], []
    said: dict[str, list[FloatArray]] = {name: [] for name in policies}
    known: list[FloatArray] = []
    for index, situation in _situations(log, judged, roles, role, tracer, recommender, max_repeats):
        rows.append(index)
        situations.append(situation.eligible)
        known.append(features(situation) if features else np.zeros((*situation.eligible.shape, 0)))
        for name, policy in policies.items():
            said[name].append(policy.propensities(situation).astype(np.float64))
    if not rows:
        raise DataError("off-policy: no row of the log is to be judged; check the mask")
    order = np.argsort(np.concatenate(rows), kind="stable")
    return Replayed(
        log=log.where(judged),
        propensities={name: np.concatenate(parts)[order] for name, parts in said.items()},
        features=np.concatenate(known)[order],
        eligible=np.concatenate(situations)[order],
    )


def _situations(
    log: Sequences,
    judged: BoolArray,
    roles: Roles | None,
    role: IntArray | None,
    tracer: KnowledgeTracer[Any] | None,
    recommender: Recommender | None,
    max_repeats: int,
) -> Iterator[tuple[IntArray, Situation]]:
    """The learners in step, offer by offer: the rows that are judged, and the situation that each was made in."""
    learners = len(log.learners)
    state = () if tracer is None else tracer.start(learners)
    taken, last = np.zeros((learners, len(log.catalog)), dtype=np.int64), np.full(learners, -1)
    position = log.position
    for step in range(int(log.lengths.max(initial=0))):
        there = np.flatnonzero(log.lengths > step)
        rows = log.offsets[there] + step
        ask = there[judged[rows]]
        if len(ask):
            index = log.offsets[ask] + step
            may, left = eligible_of(taken[ask], log, index, max_repeats=max_repeats)
            yield (
                index,
                Situation(
                    catalog=log.catalog,
                    items=np.arange(len(log.catalog)),
                    eligible=may,
                    at=log.time[index],
                    minutes_left=left,
                    requirement=_requirement(log, ask, index, roles, role),
                    tracer=tracer,
                    state=take(state, ask),
                    recommender=recommender,
                    histories=None if recommender is None else log.where(position < step).select(ask),
                    role=None if role is None else role[ask],
                    taken=taken[ask],
                    last_item=last[ask],
                ),
            )
        seen = log.rows(rows)
        if tracer is not None:
            state = put(state, there, observe(tracer, take(state, there), seen))
        took = seen.accepted
        taken[there[took], seen.item[took]] += 1
        last[there[took]] = seen.item[took]


def eligible_of(
    taken: IntArray, log: Sequences, rows: IntArray, *, max_repeats: int = MAX_REPEATS
) -> tuple[BoolArray, FloatArray]:
    """What could be offered in each row, `[n, I]`, and the fewest minutes that were left if so, `[n]`.

    The log says how many candidates were eligible, and eligible are those that were not taken too often and fit the
    minutes left: so it was the shortest ones. "minutes_left" in `extra` is used where it is there.
    taken: how often each item was taken before, `[n, I]`.
    """
    minutes = np.where(taken < max_repeats, log.catalog.minutes[None, :], np.inf)
    count = log.extra["eligible"][rows].astype(np.int64)
    left = np.sort(minutes, axis=1)[np.arange(len(rows)), np.clip(count - 1, 0, minutes.shape[1] - 1)]
    may = np.isfinite(minutes) & (minutes <= left[:, None])
    offered = may[np.arange(len(rows)), log.item[rows]]
    wrong = (may.sum(axis=1) != count) | ~offered
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"off-policy: row {rows[row]} was logged with {count[row]} eligible items, its history allows "
            f"{may[row].sum()}{'' if offered[row] else ' and not the one that was offered'}; pass the whole history "
            "of each learner, and the max_repeats of the platform"
        )
    if "minutes_left" in log.extra:
        left = log.extra["minutes_left"][rows].astype(np.float64)
    return may, left


def _requirement(
    log: Sequences, ask: IntArray, index: IntArray, roles: Roles | None, role: IntArray | None
) -> Requirement:
    if roles is not None and role is not None:
        return roles.at(role[ask], log.time[index])
    everything = np.ones((len(ask), len(log.catalog.skills)))
    return Requirement(everything, everything)


def _require_written_by(logged: Logged, behaviour: str) -> None:
    table = logged.behaviour
    assert table is not None
    off = np.abs(logged.of_action(table) - logged.logged) > 1e-4 * np.maximum(logged.logged, 1e-3)
    if off.any():
        row = int(np.argmax(off))
        raise DataError(
            f"off-policy: row {row} was logged with propensity {logged.logged[row]:.5g}, policy '{behaviour}' says "
            f"{logged.of_action(table)[row]:.5g} ({off.mean():.1%} of the rows differ); pass the policy, tracer, "
            "recommender and roles that wrote the log"
        )
