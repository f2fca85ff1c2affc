"""The corporate world: a workforce that learns a few minutes a week, forgets, gets tired, and changes jobs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.random import Generator

from lernpfad.core import (
    CORRECT,
    NOT_ASSESSED,
    WRONG,
    BoolArray,
    ConfigError,
    FloatArray,
    IntArray,
    Interactions,
    Outcomes,
    gap,
    mean_over_skills,
    put,
    take,
)
from lernpfad.simulate import catalogs, drift, engagement, population
from lernpfad.simulate.calendar import DAY, START, WEEK, WORKDAYS
from lernpfad.simulate.draws import normals, uniforms
from lernpfad.simulate.knowledge import Mode, Rule
from lernpfad.simulate.population import Fate, People, fate
from lernpfad.simulate.psychology import MakesPsychology, make

_TOGETHER: Final = 256
"""Learners whose whole tables of candidates are worked on at once, so that they stay in the cache."""

_WEEK_LUCK: Final = 7
_OFFER_LUCK: Final = 4
_NOT_TRYING: Final = -30.0
"""Form, in logits, of who does not try: no more than guesses."""
_HURRY: Final = 1 / 3
"""Share of an item's minutes that they spend on it."""

Ask: TypeAlias = Callable[[People, IntArray, FloatArray], FloatArray]


class Corporate:
    """A company whose people are known in truth. A world of `lernpfad.core.world`, its state is `People`.

    seed: draws skills, items, roles and their drift; the people are drawn by `reset`.
    skills, cluster_size, items: the catalog. believed_wrong_edges: share of prerequisites that `believed` has wrong.
    roles, skills_per_role, tools (share of skills), arrivals, departures (of tool skills, per skill and year),
    shock, years, start: requirements, their drift, and how long it goes on from `start`, seconds.
    moving: share that changes role in a year. aiming: share with a target role.
    minutes, minutes_sd, week_sd: weekly minutes, mean over people, spread over people and over weeks.
    sittings: in a week, a few days apart. form_sd: good and bad days, logits.
    kappa, rule, mode, growth, transfer, job: see `Knowledge`. job_use: daily chance to use a skill of weight 1.
    rate_sd: spread of the learning rate. disengaged: share of people who click through: they answer at the level of
    guessing and spend a third of an item's minutes.
    psychology: makes another psychology than `Knowledge`, whose settings must then be left alone.
    Learned by nobody, kept for the record: `settings`, all of the above as given.
    """

    def __init__(
        self,
        seed: int = 0,
        skills: int = 60,
        items: int = 800,
        roles: int = 12,
        cluster_size: int = 10,
        skills_per_role: int = 12,
        believed_wrong_edges: float = 0.2,
        tools: float = 0.5,
        arrivals: float = 0.035,
        departures: float = 0.008,
        shock: bool = False,
        years: float = 3.0,
        start: float = START,
        moving: float = 0.08,
        aiming: float = 0.3,
        minutes: float = 24.0,
        minutes_sd: float = 0.8,
        week_sd: float = 0.4,
        sittings: int = 3,
        form_sd: float = 0.85,
        kappa: float = 3.0,
        rule: Rule = "mean",
        mode: Mode = "both",
        growth: float = 0.3,
        transfer: float = 0.0,
        job: float = 0.02,
        job_use: float = 0.1,
        rate_sd: float = 0.25,
        disengaged: float = 0.0,
        psychology: MakesPsychology | None = None,
    ) -> None:
        self.settings = {name: value for name, value in locals().items() if name != "self"}
        _require_sizes(skills=skills, items=items, roles=roles, cluster_size=cluster_size, sittings=sittings)
        self.sittings = sittings
        self.moving, self.aiming = moving, aiming
        self.minutes_mean, self.minutes_sd, self.week_sd = minutes, minutes_sd, week_sd
        self.form_sd, self.rate_sd, self.job_use, self.disengaged = form_sd, rate_sd, job_use, disengaged
        of_items, of_belief, of_roles, of_people = np.random.default_rng(seed).spawn(4)
        self.catalog, self._traits = catalogs.make(
            of_items, skills=skills, items=items, cluster_size=cluster_size, tools=tools
        )
        self.believed = catalogs.believed(of_belief, self.catalog, self._traits.cluster, wrong=believed_wrong_edges)
        self.roles = drift.make(
            of_roles,
            roles=roles,
            skills_per_role=skills_per_role,
            tool=self._traits.tool,
            cluster_size=cluster_size,
            start=start,
            years=years,
            arrivals=arrivals,
            departures=departures,
            shock=shock,
        )
        self._near = drift.related(self.roles)
        self._circles = of_people.normal(size=(population.CIRCLES, catalogs.TASTES))
        own = {name: self.settings[name] for name in ("kappa", "rule", "mode", "growth", "transfer", "job")}
        self._psychology = make(psychology, own, catalog=self.catalog, traits=self._traits)

    @property
    def traits(self) -> catalogs.Traits:
        """The truth about skills and items; for evaluation only."""
        return self._traits

    def reset(self, learners: int, rng: Generator) -> People:
        """A fresh workforce that nobody has taught yet; learner j is the same in a larger one."""
        people = population.drawn(
            rng,
            learners=learners,
            cluster=self._traits.cluster,
            roles=len(self.roles.names),
            sittings=self.sittings,
            circles=self._circles,
            rate_sd=self.rate_sd,
            minutes=self.minutes_mean,
            minutes_sd=self.minutes_sd,
            aiming=self.aiming,
        )
        return self._psychology.begun(people)

    def open_week(self, state: People, at: float, rng: Generator) -> People:
        """Monday `at`: work of the past week, who left, who moved, and the minutes of the new week."""
        luck = uniforms(rng, state.learner, _WEEK_LUCK + WORKDAYS * len(self.catalog.skills))
        worked = self._worked(state, at, luck[:, _WEEK_LUCK:])
        stays = replace(worked, active=state.active & ~engagement.leaves(state, luck[:, 0]))
        role, target = engagement.moved(stays, luck[:, 1:3], near=self._near, yearly=self.moving)
        return replace(
            stays,
            role=role,
            target=target,
            budget=engagement.budget(stays, luck[:, 3:_WEEK_LUCK], noise=self.week_sd),
            sitting=np.full(len(state), -1),
            week=state.week + 1,
        )

    def open_sitting(self, state: People, at: float, rng: Generator) -> People:
        """The next sitting of the week: a form of the day, and nobody is tired."""
        form = self.form_sd * normals(uniforms(rng, state.learner, 2))[:, 0]
        form = np.where(self._trying(state), form, _NOT_TRYING)
        return replace(
            state,
            form=form.astype(np.float32),
            done=np.zeros_like(state.done),
            sitting=np.minimum(state.sitting + 1, self.sittings - 1),
        )

    def minutes(self, state: People) -> FloatArray:
        """Minutes that each learner gives to this sitting, `[L]`; 0 before the first, and for those who left."""
        here: FloatArray = state.budget[np.arange(len(state)), np.maximum(state.sitting, 0)]
        return np.where((state.sitting >= 0) & state.active, here, 0.0)

    def role(self, state: People) -> IntArray:
        """Index of each learner's role, `[L]`."""
        return state.role

    def active(self, state: People) -> BoolArray:
        """Who has not dropped out, `[L]`."""
        return state.active

    def mastery(self, state: People, at: FloatArray) -> FloatArray:
        """True retrievable mastery, `[L, K]`."""
        return self._psychology.mastery_of(self._psychology.effective(state, at))

    def success(self, state: People, items: IntArray, at: FloatArray) -> FloatArray:
        """True P(correct) on this day's form, `[L, n]`; .5 for an unknown item."""

        def ask(some: People, candidates: IntArray, when: FloatArray) -> FloatArray:
            return self._psychology.success(self._psychology.effective(some, when), some.form, candidates)

        return self._in_parts(ask, state, items, at)

    def what_if(self, state: People, items: IntArray, at: FloatArray) -> FloatArray:
        """True mastery of the touched skills after each item and outcome, `[L, n, 2, M]`, NaN where there is none."""
        return self._in_parts(self._psychology.what_if, state, items, at)

    def learn(self, state: People, seen: Interactions) -> People:
        """The state after every learner took her item with this outcome, luck aside."""
        return self._psychology.expect(state, seen)

    def step(self, state: People, items: IntArray, at: FloatArray, rng: Generator) -> tuple[People, Outcomes]:
        """Offer `items[j]` to learner j at `at[j]` (-1: no offer); who left takes nothing.

        Luck is a learner's own: the same learner, item and generator give the same outcome in any batch.
        """
        offered = np.flatnonzero((items >= 0) & state.active)
        luck = uniforms(rng, state.learner, _OFFER_LUCK)[offered]
        some, item, when = take(state, offered), items[offered], at[offered]
        chance, willing = self._odds(some, item, when)
        accepted = luck[:, 0] < willing
        graded = accepted & self.catalog.assessed[item]
        minutes = engagement.spent(self.catalog.minutes[item], luck[:, 2:])
        minutes *= np.where(self._trying(some), 1.0, _HURRY)
        seen = Interactions(
            item=item,
            outcome=np.where(graded, luck[:, 1] < chance, NOT_ASSESSED).astype(np.int8),
            accepted=accepted,
            minutes=np.where(accepted, minutes, engagement.DECLINING),
            time=when,
        )
        return self._after(state, some, seen, rows=offered), _scattered(seen, offered, learners=len(state))

    def acceptance(self, state: People, items: IntArray, at: FloatArray) -> FloatArray:
        """True P(accept) of one item for each learner, `[L]`; for evaluation only."""
        return self._odds(state, items, at)[1]

    def _odds(self, some: People, item: IntArray, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P(correct) and P(accept) of one known item for each learner, `[L]`."""
        able = self._psychology.effective(some, at)
        chance = self._psychology.success(able, some.form, item[:, None])[:, 0]
        asked = self.roles.at(some.role, at)
        owed = asked.weight * gap(asked, self._psychology.mastery_of(able))
        willing = engagement.accepts(
            need=mean_over_skills(owed, self.catalog.skills_of(item)[:, None])[:, 0],
            minutes=self.catalog.minutes[item],
            success=chance,
            affinity=(some.taste * self._traits.taste[item]).sum(axis=1),
            done=some.done,
        )
        return chance, np.where(self._traits.mandatory[item], 1.0, willing)

    def _after(self, state: People, some: People, seen: Interactions, *, rows: IntArray) -> People:
        """The state once the learners at `rows`, who were `some`, have `seen` their offers."""
        took = np.flatnonzero(seen.accepted)
        learned = self._psychology.learn(take(some, took), seen[took])
        names = self._psychology.learned
        changed: dict[str, Any] = {
            name: put(getattr(state, name), rows[took], getattr(learned, name)) for name in names
        }
        done, streak = state.done.copy(), state.streak.copy()
        done[rows[took]] += 1
        streak[rows[seen.outcome == WRONG]] += 1
        streak[rows[seen.outcome == CORRECT]] = 0
        return replace(state, done=done, streak=streak, **changed)

    def _worked(self, state: People, at: float, uniform: FloatArray) -> People:
        """The five workdays that end on the Friday before `at`, a Monday, at the same hour."""
        days = uniform.reshape(len(state), WORKDAYS, len(self.catalog.skills))
        uses, last = engagement.used(state, days, roles=self.roles, at=at, rate=self.job_use)
        return self._psychology.used_at_work(state, uses, at - WEEK + last * DAY)

    def _trying(self, people: People) -> BoolArray:
        """Who is not disengaged, `[L]`."""
        if not self.disengaged:
            return np.ones(len(people), dtype=bool)
        trying: BoolArray = fate(people, Fate.EFFORT, 1)[:, 0] >= self.disengaged
        return trying

    def _in_parts(self, ask: Ask, state: People, items: IntArray, at: FloatArray) -> FloatArray:
        """`ask` a few learners at a time; the same candidates for everybody are looked up once."""
        same = len(items) > 1 and items.strides[0] == 0
        parts = [slice(first, first + _TOGETHER) for first in range(0, max(len(state), 1), _TOGETHER)]
        return np.concatenate([ask(take(state, part), items[:1] if same else items[part], at[part]) for part in parts])


def _scattered(seen: Interactions, rows: IntArray, *, learners: int) -> Outcomes:
    accepted, outcome = np.zeros(learners, dtype=bool), np.full(learners, NOT_ASSESSED, dtype=np.int8)
    minutes = np.zeros(learners)
    accepted[rows], outcome[rows], minutes[rows] = seen.accepted, seen.outcome, seen.minutes
    return Outcomes(accepted=accepted, outcome=outcome, minutes=minutes)


def _require_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"corporate world: {name}={size}, expected at least 1; set simulator.{name}=1 or more")
