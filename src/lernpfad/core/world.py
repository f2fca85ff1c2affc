"""What a simulated world offers beyond `Simulator`: a calendar, roles, budgets, and the truth for the oracle."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from numpy.random import Generator

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.protocols import S, Simulator
from lernpfad.core.roles import Roles
from lernpfad.core.sequences import Interactions, Sequences


@dataclass(frozen=True)
class Outcomes:
    """What came of one offer to each learner, `[learners]`; a learner without an offer has nothing accepted.

    accepted: bool. outcome: 1 correct, 0 wrong, -1 not assessed. minutes: spent (a declined offer costs a little).
    """

    accepted: BoolArray
    outcome: IntArray
    minutes: FloatArray


class World(Simulator[S], Protocol[S]):
    """A simulator with a calendar: weeks made of sittings, in which learners have minutes to spend.

    catalog: the true one. believed: what the platform knows of it (its graph has wrong edges).
    roles: requirements with their drift. sittings: how many in a week.
    """

    catalog: Catalog
    believed: Catalog
    roles: Roles
    sittings: int

    def open_week(self, state: S, at: float, rng: Generator) -> S:
        """A new week from `at` (seconds): dropout, minutes of the week, role moves, practice on the job."""
        ...

    def open_sitting(self, state: S, at: float, rng: Generator) -> S:
        """A new sitting: the form of the day, and nobody is tired."""
        ...

    def minutes(self, state: S) -> FloatArray:
        """Minutes that each learner gives to this sitting, `[learners]`; 0 for those who dropped out."""
        ...

    def role(self, state: S) -> IntArray:
        """Index of each learner's role, `[learners]`."""
        ...

    def active(self, state: S) -> BoolArray:
        """Who has not dropped out, `[learners]`."""
        ...

    def success(self, state: S, items: IntArray, at: FloatArray) -> FloatArray:
        """True P(correct) of `items` `[learners, n]`: for oracle and evaluation only."""
        ...

    def learn(self, state: S, seen: Interactions) -> S:
        """The state after every learner took her item with this outcome, luck aside; for the oracle only."""
        ...

    def what_if(self, state: S, items: IntArray, at: FloatArray) -> FloatArray:
        """True mastery of the touched skills after each item and outcome, as in `WhatIf`; for the oracle only."""
        ...


@runtime_checkable
class SeesTruth(Protocol):
    """Marks the oracle: a tracer whose state is looked up in the world instead of being inferred."""

    def look(self, truth: Any) -> Any:
        """The tracer state that belongs to a world state."""
        ...


@dataclass(frozen=True, eq=False)
class Rollout:
    """What happened when a policy met a world: the log, and the truth beside it.

    log: every offer of this rollout, declined ones included; `extra` holds "propensity" (of the offered item),
    "week" (of the whole chain of rollouts), "sitting", "position" (in the sitting) and "eligible" (how many were).
    role: at the end, `[L]`. start: seconds, when week 0 began. debt: true learning debt at the start of every week
    and at the end, `[weeks + 1, L]`. hours: spent in each week, on declined offers too, `[weeks, L]`. active: who
    was still there at the end of each week, `[weeks, L]`. mastery: true mastery, `[weeks + 1, W, K]`, of the W
    watched learners `watched`. world_state: where the world stood at the end, to go on from there. before: the
    rollout that this one continued. seeds: those that were rolled out side by side, equally many learners each and in
    this order. rest: how many of the weeks, the last ones, had no offers.
    """

    policy: str
    log: Sequences
    role: IntArray
    start: float
    debt: FloatArray
    hours: FloatArray
    active: BoolArray
    mastery: FloatArray
    watched: IntArray
    world_state: Any
    before: "Rollout | None" = None
    seeds: tuple[int, ...] = (0,)
    rest: int = 0
