"""The books of a workforce, closed every week: who owes how much, why that changed, and what is still wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lernpfad.core import NOBODY, BoolArray, Catalog, FloatArray, IntArray, Requirement, Roles, World, debt, gap
from lernpfad.core.situation import READY
from lernpfad.evaluate.decomposition import Change, decompose
from lernpfad.evaluate.waste import WEEK, blocked

COVERED = 0.9
"""A learner is covered once she meets requirements that carry this share of the weighted level asked for."""


@dataclass(frozen=True, eq=False)
class Books:
    """What a workforce owed and paid back, week by week. Mondays: `[weeks + 1, L]`, weeks: `[weeks, L]`.

    start: seconds, when the first week began. role: index, -1 without one, Mondays. debt: Mondays, NaN without
    requirements. met: share of the weighted level asked for in skills whose requirement is met in full, Mondays.
    passed, asked: number of requirements that are met, and that there are, Mondays. change: why the debt changed,
    weeks. target: debt against the role that somebody aims at, Mondays, NaN without one. wanted: skills with a gap,
    `[weeks, L, K]`. early: skills one of whose prerequisites is missing, likewise. budget: hours on offer, weeks; NaN
    where nobody knows.
    """

    start: float
    role: IntArray
    debt: FloatArray
    met: FloatArray
    passed: IntArray
    asked: IntArray
    change: Change
    target: FloatArray
    wanted: BoolArray
    early: BoolArray
    budget: FloatArray

    @property
    def weeks(self) -> int:
        """How many weeks they cover."""
        return len(self.wanted)

    @classmethod
    def join(cls, books: Sequence["Books"]) -> Self:
        """Books of several populations over equally many weeks, learners one after the other."""

        def beside(name: str) -> Any:
            return np.concatenate([getattr(one, name) for one in books], axis=1)

        kinds = ("roles", "drift", "forgetting", "learning")
        change = Change(*(np.concatenate([getattr(one.change, kind) for one in books], axis=1) for kind in kinds))
        whole = ("role", "debt", "met", "passed", "asked", "target", "wanted", "early", "budget")
        return cls(start=books[0].start, change=change, **{name: beside(name) for name in whole})


class Bookkeeper:
    """Keeps `Books`; an `Observer` of rollouts, where it sees the true mastery of everybody.

    roles, catalog: the true ones in a simulation, what the platform knows of them elsewhere.
    """

    def __init__(self, roles: Roles, catalog: Catalog) -> None:
        self._roles, self._catalog = roles, catalog
        self._start = 0.0
        self._mondays: list[tuple[Any, ...]] = []
        self._weeks: list[tuple[Any, ...]] = []
        self._changes: list[Change] = []

    def week(self, at: float, world: World[Any], before: Any, after: Any) -> None:
        """One week of a rollout. What fades is what the state of Monday would know a week later."""
        role = (world.role(before), world.role(after))
        then, later = (np.full(len(role[0]), moment) for moment in (at, at + WEEK))
        # of the corporate world; others may keep these elsewhere, or know nothing of the kind
        budget, aims = getattr(after, "budget", None), (getattr(before, "target", None), getattr(after, "target", None))
        self.enter(
            at,
            role,
            before=world.mastery(before, then),
            decayed=world.mastery(before, later),
            after=world.mastery(after, later),
            target=None if aims[0] is None or aims[1] is None else (aims[0], aims[1]),
            budget=None if budget is None else np.where(world.active(after), budget.sum(axis=1), 0.0) / 60.0,
        )

    def enter(
        self,
        at: float,
        role: tuple[IntArray, IntArray],
        *,
        before: FloatArray,
        decayed: FloatArray,
        after: FloatArray,
        target: tuple[IntArray, IntArray] | None = None,
        budget: FloatArray | None = None,
    ) -> None:
        """Close the week that began `at`; role: of the learners when it began and when it ended. Mastery: `[L, K]`.

        before, decayed, after: as in `decompose`. target: roles aimed at, likewise, -1 for none. budget: hours, `[L]`.
        """
        aims = target or (np.full(len(before), NOBODY), np.full(len(before), NOBODY))
        old, moved = (required(self._roles, one, at) for one in role)
        new = required(self._roles, role[1], at + WEEK)
        if not self._weeks:
            self._start = at
            aimed = debt(required(self._roles, aims[0], at), before)
            self._mondays.append((*_monday(role[0], old, before), aimed))
        aimed = debt(required(self._roles, aims[1], at + WEEK), after)
        self._mondays.append((*_monday(role[1], new, after), aimed))
        self._changes.append(decompose(old, moved, new, before=before, decayed=decayed, after=after))
        wanted = (gap(moved, before) > 0) & (moved.weight > 0)
        early = blocked(before < READY, self._catalog.prerequisites)
        hours = np.full(len(before), np.nan) if budget is None else budget
        self._weeks.append((wanted, early, hours))

    def books(self) -> Books:
        """The books so far."""
        role, owed, met, passed, asked, target = (np.stack(column) for column in zip(*self._mondays, strict=True))
        wanted, early, budget = (np.stack(column) for column in zip(*self._weeks, strict=True))
        return Books(
            start=self._start,
            role=role,
            debt=owed,
            met=met,
            passed=passed,
            asked=asked,
            change=Change.stack(self._changes),
            target=target,
            wanted=wanted,
            early=early,
            budget=budget,
        )


def required(roles: Roles, role: IntArray, at: float) -> Requirement:
    """What each learner's role asks for at a time; nothing of somebody without a role (-1)."""
    asked = roles.at(np.maximum(role, 0), at)
    return Requirement(asked.level, np.where((role >= 0)[:, None], asked.weight, 0.0))


def _monday(role: IntArray, asked: Requirement, mastery: FloatArray) -> tuple[Any, ...]:
    share = asked.weight * asked.level
    there = share > 0
    met = there & (mastery >= asked.level)
    whole = share.sum(axis=1)
    reached = np.where(whole > 0, (share * met).sum(axis=1) / np.where(whole > 0, whole, 1.0), np.nan)
    return role, debt(asked, mastery), reached, met.sum(axis=1), there.sum(axis=1)
