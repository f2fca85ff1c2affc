"""The closed loop, one offer at a time: situation, policy, pick, what the world makes of it, what the tracer learns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from lernpfad.core import (
    FloatArray,
    IntArray,
    Interactions,
    KnowledgeTracer,
    LawBroken,
    Policy,
    Recommender,
    SeesTruth,
    Sequences,
    Situation,
    World,
    debt,
    observe,
    pick,
    put,
    state_after,
    take,
)
from lernpfad.core.next_best import MAX_REPEATS, counts, eligible, last_time
from lernpfad.core.state import map_state
from lernpfad.simulate.calendar import moment, sitting_starts
from lernpfad.simulate.draws import Purpose, streams, uniforms
from lernpfad.simulate.ledger import Ledger

_TOGETHER: Final = 512
"""Learners who face the policy at once, so that its tables `[learners, items]` stay in the cache."""


@dataclass(frozen=True, eq=False)
class Group:
    """Some learners in the middle of a rollout; a state, so `take` and `put` work on it.

    learner: index in the whole workforce, `[n]`. people: state of the world. belief: state of the tracer, () without
    one. taken: how often each item was taken, `[n, I]`. last: item taken last, -1 if none. left: minutes left in the
    sitting. clock: seconds.
    """

    learner: IntArray
    people: Any
    belief: Any
    taken: IntArray
    last: IntArray
    left: FloatArray
    clock: FloatArray


class Loop:
    """A rollout under way. `people` is where the world stands, `ledger` what was offered.

    seeds: of equally many learners each, in this order. first: number of the first learner in the whole workforce, by
    which her luck is known. people: state of the world to start from, None for a fresh workforce. past: what was
    offered to them before, by which tracer and recommender know them. week: how many weeks that took.
    """

    def __init__(
        self,
        policy: Policy,
        world: World[Any],
        *,
        tracer: KnowledgeTracer[Any] | None,
        recommender: Recommender | None,
        seeds: Sequence[int],
        first: int,
        max_slots: int,
        past: Sequences,
        people: Any | None,
        week: int,
    ) -> None:
        self.policy, self.world, self.recommender = policy, world, recommender
        self.tracer, self._infers = tracer, tracer is not None and not isinstance(tracer, SeesTruth)
        self.max_slots = max_slots
        self.ledger = Ledger(past)
        self._week = week
        learners = len(past.learners)
        self._stream = partial(streams, tuple(seeds), each=learners // len(seeds), first=first)
        taken, last = counts(past, len(world.catalog))
        self._all = Group(
            learner=np.arange(learners),
            people=world.reset(learners, self._stream(0, Purpose.POPULATION)) if people is None else people,
            belief=state_after(tracer, past) if tracer is not None and self._infers else (),
            taken=taken.astype(np.int8),
            last=last,
            left=np.zeros(learners),
            clock=last_time(past),
        )

    @property
    def people(self) -> Any:
        """The state of the world."""
        return self._all.people

    def mastery(self, at: float, learners: IntArray) -> FloatArray:
        """True mastery of some learners, `[n, K]`."""
        return self.world.mastery(take(self.people, learners), np.full(len(learners), at))

    def debt(self, at: float) -> FloatArray:
        """True learning debt, `[L]`."""
        when = np.full(len(self._all.learner), at)
        return debt(self.world.roles.at(self.world.role(self.people), when), self.world.mastery(self.people, when))

    def week(self, at: float, *, rest: bool = False) -> FloatArray:
        """Live through the week that begins `at`; returns the hours that each learner spent, `[L]`.

        rest: nothing is offered; people work, forget, change roles and leave as ever.
        """
        people = self.world.open_week(self.people, at, self._stream(moment(at), Purpose.WEEK))
        self._all = replace(self._all, people=people)
        minutes = np.zeros(len(self._all.learner))
        for sitting, begin in enumerate(() if rest else sitting_starts(at, self.world.sittings)):
            minutes += self._sitting(sitting, float(begin))
        self._week += 1
        return minutes / 60.0

    def _sitting(self, sitting: int, at: float) -> FloatArray:
        """One sitting of everybody; returns the minutes spent, `[L]`."""
        people = self.world.open_sitting(self.people, at, self._stream(moment(at), Purpose.SITTING))
        before = self.world.minutes(people)
        self._all = replace(self._all, people=people, left=before, clock=np.maximum(self._all.clock, at))
        self.ledger.settle()
        group, done = take(self._all, before > 0), []
        for slot in range(self.max_slots):
            group, stopped = self._offer(group, sitting, slot, at)
            done.append(stopped)
            if not len(group.learner):
                break
        ended = map_state(lambda *parts: np.concatenate(parts), *done, group)
        self._all = put(self._all, ended.learner, ended)
        return before - self._all.left

    def _offer(self, group: Group, sitting: int, slot: int, at: float) -> tuple[Group, Group]:
        """One offer to everybody who has time for one: those who go on, and those who stop here."""
        may = eligible(group.taken, self.world.believed.minutes, group.left, max_repeats=MAX_REPEATS)
        luck = uniforms(self._stream(moment(at, slot), Purpose.POLICY), group.learner, 1)[:, 0]
        item, propensity = np.full(len(luck), -1), np.zeros(len(luck))
        able = np.flatnonzero(may.any(axis=1))
        for first in range(0, len(able), _TOGETHER):
            some = able[first : first + _TOGETHER]
            item[some], propensity[some] = self._decided(take(group, some), may[some], luck[some])
        offered = item >= 0
        goes, stops = take(group, offered), take(group, ~offered)
        if not len(goes.learner):
            return goes, stops
        rng = self._stream(moment(at, slot), Purpose.OFFER)
        goes, seen = self._taken(goes, item[offered], rng)
        self.ledger.write(
            goes.learner,
            seen,
            propensity=propensity[offered],
            week=self._week,
            sitting=sitting,
            position=slot,
            eligible=may[offered].sum(axis=1),
        )
        return goes, stops

    def _decided(self, group: Group, may: Any, luck: FloatArray) -> tuple[IntArray, FloatArray]:
        """The policy's pick for each learner, -1 for none, and its propensity."""
        propensities = self.policy.propensities(self.situation(group, may))
        item = pick(propensities, luck)
        row = np.arange(len(item))
        if not may[row, item][item >= 0].all():
            raise LawBroken(
                f"policy {type(self.policy).__name__} offered an item that is not eligible; "
                "its propensities must be 0 wherever `situation.eligible` is False"
            )
        return item, propensities[row, item]

    def situation(self, group: Group, may: Any) -> Situation:
        """All that the policy may see of some learners."""
        world, people = self.world, group.people
        role = world.role(people)
        state = self.tracer.look(people) if isinstance(self.tracer, SeesTruth) else group.belief
        return Situation(
            catalog=world.believed,
            items=np.arange(len(world.believed)),
            eligible=may,
            at=group.clock,
            minutes_left=group.left,
            requirement=world.roles.at(role, group.clock),
            tracer=self.tracer,
            state=state,
            recommender=self.recommender,
            histories=self.ledger.histories(group.learner),
            role=role,
            taken=group.taken,
            last_item=group.last,
        )

    def _taken(self, group: Group, item: IntArray, rng: np.random.Generator) -> tuple[Group, Interactions]:
        """What comes of one offer to each learner."""
        people, came = self.world.step(group.people, item, group.clock, rng)
        seen = Interactions(item, came.outcome, came.accepted, came.minutes, group.clock)
        took = np.flatnonzero(came.accepted)
        taken = group.taken.copy()
        taken[took, item[took]] += 1
        belief = group.belief
        if self.tracer is not None and self._infers:
            belief = observe(self.tracer, belief, seen)
        after = replace(
            group,
            people=people,
            belief=belief,
            taken=taken,
            last=np.where(came.accepted, item, group.last),
            left=group.left - came.minutes,
            clock=group.clock + 60.0 * came.minutes,
        )
        return after, seen
