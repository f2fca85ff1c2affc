"""What a policy can learn from: the offers of a log, each in the situation that it was made in, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.errors import DataError
from lernpfad.core.next_best import MAX_REPEATS
from lernpfad.core.protocols import KnowledgeTracer, Recommender
from lernpfad.core.roles import Roles
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation
from lernpfad.core.walk import Walk


@dataclass(frozen=True, eq=False)
class Decisions:
    """One offer to each of some learners. All that is learned from it is believed, never the truth.

    rows: of the log, `[n]`. situation: what the policy could see. offered: column of the candidate, `[n]`.
    accepted, outcome, minutes: what came of it, `[n]` as in `Interactions`. propensity: with which it was offered,
    `[n]`. after: the mastery that the tracer believes in right afterwards, at the same time, `[n, K]`.
    """

    rows: IntArray
    situation: Situation
    offered: IntArray
    accepted: BoolArray
    outcome: IntArray
    minutes: FloatArray
    propensity: FloatArray
    after: FloatArray

    def __len__(self) -> int:
        """Number of offers."""
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Experience:
    """A log of offers, and through whom the policy that learns from it will see learners.

    log: whole histories; `extra` with "propensity" and "eligible" (how many could be offered). tracer, recommender:
    fitted. roles, role: requirements, and the role of each learner, `[J]`; without them every skill is wanted in full.
    Raises DataError for a log without these columns.
    """

    log: Sequences
    tracer: KnowledgeTracer[Any] | None = None
    recommender: Recommender | None = None
    roles: Roles | None = None
    role: IntArray | None = None
    max_repeats: int = MAX_REPEATS

    def __post_init__(self) -> None:
        for column in ("propensity", "eligible"):
            if column not in self.log.extra:
                raise DataError(f"a policy learns from logged offers, and this log has no column '{column}'; log it")
        if not len(self.log):
            raise DataError("a policy learns from logged offers, and this log has none; give another log")

    def decisions(self) -> Iterator[Decisions]:
        """Every offer of the log once, a batch of learners at a time; each pass starts anew."""
        walk = Walk(
            self.log,
            roles=self.roles,
            role=self.role,
            tracer=self.tracer,
            recommender=self.recommender,
            max_repeats=self.max_repeats,
        )
        for rows, situation, after in walk.lived(np.ones(len(self.log), dtype=bool)):
            seen = self.log.rows(rows)
            yield Decisions(
                rows=rows,
                situation=situation,
                offered=seen.item.astype(np.int64),
                accepted=seen.accepted,
                outcome=seen.outcome,
                minutes=seen.minutes.astype(np.float64),
                propensity=self.log.extra["propensity"][rows].astype(np.float64),
                after=after,
            )
