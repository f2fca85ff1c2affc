"""From a log of offers and a policy to arrays: the situations of the log are rebuilt and the very policy is asked."""

from collections.abc import Callable, Mapping
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
    Roles,
    Sequences,
    Situation,
)
from lernpfad.core.next_best import MAX_REPEATS
from lernpfad.core.walk import Walk
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
    _require_columns(log)
    judged = np.ones(len(log), dtype=bool) if judged is None else judged
    walk = Walk(log, roles=roles, role=role, tracer=tracer, recommender=recommender, max_repeats=max_repeats)
    rows, eligible, told = [], [], []
    said: dict[str, list[FloatArray]] = {name: [] for name in policies}
    for index, situation in walk.situations(judged):
        rows.append(index)
        eligible.append(situation.eligible)
        told.append(features(situation) if features else np.zeros((*situation.eligible.shape, 0)))
        for name, policy in policies.items():
            said[name].append(policy.propensities(situation).astype(np.float64))
    if not rows:
        raise DataError("off-policy: no row of the log is to be judged; check the mask")
    order = np.argsort(np.concatenate(rows), kind="stable")
    return Replayed(
        log=log.where(judged),
        propensities={name: np.concatenate(parts)[order] for name, parts in said.items()},
        features=np.concatenate(told)[order],
        eligible=np.concatenate(eligible)[order],
    )


def _require_columns(log: Sequences) -> None:
    for column in ("propensity", "eligible"):
        if column not in log.extra:
            raise DataError(f"off-policy: the log has no column '{column}'; log it with every offer")


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
