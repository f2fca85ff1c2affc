"""A policy meets a world: calendar weeks of sittings, offers until the minutes are spent, and everything is logged."""

from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from lernpfad.core import ConfigError, KnowledgeTracer, Observer, Policy, Recommender, Rollout, Sequences, World
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
    seed: int | Sequence[int],
    name: str,
    first: int = 0,
    tracer: KnowledgeTracer[Any] | None = None,
    recommender: Recommender | None = None,
    after: Rollout | None = None,
    start: float = START,
    max_slots: int = 12,
    watched: int = 8,
    rest: int = 0,
    observers: Sequence[Observer] = (),
    progress: bool = False,
) -> Rollout:
    """What happens when `learners` of `world` follow `policy` for `weeks` weeks.

    seed: one, or several that are rolled out side by side, `learners` people for each: they meet what they would have
    met alone, in a fraction of the time. name: of the policy, for the record. first: number of the first learner,
    where these are a cohort of a larger workforce; they live the same lives wherever it is cut. tracer, recommender:
    fitted, what the policy is told through its `Situation`; a tracer that `SeesTruth` is shown the world before every
    decision. after: go on where that rollout, of the same cohort, ended; its log is what everybody knows at the start
    (`learners` and `start` are then its own, and `log` holds the new offers alone). max_slots: offers in a sitting at
    most. watched: learners whose mastery is kept.
    rest: further weeks in which nothing is offered, so that one sees what lasts.
    observers: are shown the world at the end of every week.
    Luck is named by (seed, moment of the calendar, learner), so policies that are rolled out under one seed meet the
    same people with the same luck, and a rollout in two parts equals one in a piece.
    """
    seeds = _seeds(seed)
    people = learners * len(seeds)
    if after is not None:
        people, start = len(after.log.learners), after.start + WEEK * len(after.hours)
        _require_same(seeds, after)
    _require(learners=people, weeks=weeks, max_slots=max_slots)
    if start < 0:
        raise ConfigError(f"rollout: start={start:.0f} names random streams; it may not be negative")
    past = unwritten(world.believed, names(people, first=first)) if after is None else history(after)
    loop = Loop(
        policy,
        world,
        tracer=tracer,
        recommender=recommender,
        seeds=seeds,
        first=first,
        max_slots=max_slots,
        past=past,
        people=None if after is None else after.world_state,
        week=_weeks_until(after),
    )
    kept = np.arange(min(watched, people))
    debts, truths, hours, active = [], [], [], []
    for week, at in enumerate(_mondays(start, weeks + rest, name=name, progress=progress)):
        debts.append(loop.debt(at))
        truths.append(loop.mastery(at, kept))
        before = loop.people
        hours.append(loop.week(at, rest=week >= weeks))
        for one in observers:
            one.week(at, world, before, loop.people)
        active.append(world.active(loop.people))
    end = start + (weeks + rest) * WEEK
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
        seeds=seeds,
        rest=rest,
    )


def history(done: Rollout) -> Sequences:
    """Every offer of a rollout and of those that it continued, by learner, oldest first."""
    log = done.log
    if done.before is None:
        return log
    return joined(history(done.before), log.owner, {name: getattr(log, name) for name in COLUMNS} | dict(log.extra))


def _seeds(seed: int | Sequence[int]) -> tuple[int, ...]:
    seeds = (int(seed),) if isinstance(seed, Integral) else tuple(int(one) for one in seed)  # type: ignore[union-attr]
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise ConfigError(f"rollout: seed={seed}, expected a number of at least 0, or several different ones")
    return seeds


def _require_same(seeds: tuple[int, ...], before: Rollout) -> None:
    """A rollout may go on under other luck, but the number of seeds says who belongs to which."""
    if len(seeds) != len(before.seeds):
        raise ConfigError(
            f"rollout: {len(seeds)} seeds go on from a rollout of {len(before.seeds)}; give one for each of its seeds"
        )


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
