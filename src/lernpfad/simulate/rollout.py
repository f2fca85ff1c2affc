"""A policy meets a world: calendar weeks of sittings, offers until the minutes are spent, and everything is logged."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from lernpfad.core import ConfigError, KnowledgeTracer, Policy, Recommender, Rollout, Sequences, World
from lernpfad.simulate.calendar import START, WEEK
from lernpfad.simulate.ledger import COLUMNS, joined, unwritten
from lernpfad.simulate.loop import Loop
from lernpfad.simulate.population import names


def rollout(
    policy: Policy,
    world: World[Any],
    *,
    learners: int,
    weeks: int,
    seed: int,
    name: str,
    first: int = 0,
    tracer: KnowledgeTracer[Any] | None = None,
    recommender: Recommender | None = None,
    after: Rollout | None = None,
    start: float = START,
    max_slots: int = 12,
    watched: int = 8,
    progress: bool = False,
) -> Rollout:
    """What happens when `learners` of `world` follow `policy` for `weeks` weeks.

    name: of the policy, for the record. first: number of the first of the learners, where they are a cohort of a
    larger workforce; they live the same lives wherever it is cut. tracer, recommender: fitted, what the policy is
    told through its `Situation`; a tracer that `SeesTruth` is shown the world before every decision. after: go on
    where that rollout, of the same cohort, ended; its log is what everybody knows at the start (`learners` and
    `start` are then its own, and `log` holds the new offers alone). max_slots: offers in a sitting at most.
    watched: learners whose mastery is kept.
    Luck is named by (seed, moment of the calendar, learner), so policies that are rolled out under one seed meet the
    same people with the same luck, and a rollout in two parts equals one in a piece.
    """
    if after is not None:
        learners, start = len(after.log.learners), after.start + WEEK * len(after.hours)
    _require(learners=learners, weeks=weeks, max_slots=max_slots)
    if start < 0 or seed < 0:
        raise ConfigError(f"rollout: start={start:.0f} and seed={seed} name random streams; neither may be negative")
    past = unwritten(world.believed, names(learners, first=first)) if after is None else history(after)
    loop = Loop(
        policy,
        world,
        tracer=tracer,
        recommender=recommender,
        seed=seed,
        first=first,
        max_slots=max_slots,
        past=past,
        people=None if after is None else after.world_state,
        week=_weeks_until(after),
    )
    kept = np.arange(min(watched, learners))
    debts, truths, hours, active = [], [], [], []
    for at in _mondays(start, weeks, name=name, progress=progress):
        debts.append(loop.debt(at))
        truths.append(loop.mastery(at, kept))
        hours.append(loop.week(at))
        active.append(world.active(loop.people))
    end = start + weeks * WEEK
    return Rollout(
        policy=name,
        log=loop.ledger.log(),
        role=world.role(loop.people),
        start=start,
        debt=np.stack([*debts, loop.debt(end)]),
        hours=np.stack(hours),
        active=np.stack(active),
        mastery=np.stack([*truths, loop.mastery(end, kept)]),
        watched=kept,
        world_state=loop.people,
        before=after,
    )


def history(done: Rollout) -> Sequences:
    """Every offer of a rollout and of those that it continued, by learner, oldest first."""
    log = done.log
    if done.before is None:
        return log
    return joined(history(done.before), log.owner, {name: getattr(log, name) for name in COLUMNS} | dict(log.extra))


def _weeks_until(done: Rollout | None) -> int:
    return 0 if done is None else len(done.hours) + _weeks_until(done.before)


def _mondays(start: float, weeks: int, *, name: str, progress: bool) -> Iterable[float]:
    mondays = [start + week * WEEK for week in range(weeks)]
    if not progress:
        return mondays
    from tqdm import tqdm

    bar: Iterable[float] = tqdm(mondays, desc=f"rollout {name}", unit="week")
    return bar


def _require(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"rollout: {name}={size}, expected at least 1; set {name}=1 or more")
