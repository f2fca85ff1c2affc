"""A corporate world's own likelihood: how probable were the answers of a log, had the world been another one?"""

import numpy as np

from lernpfad.core import FloatArray, Sequences
from lernpfad.core.state import put, take
from lernpfad.simulate.calendar import WEEK, moment, sitting_starts
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.draws import Purpose, stream


def chances(world: Corporate, log: Sequences, *, seed: int, start: float) -> FloatArray:
    """P(correct) of every row of a roll-out's log in `world`, `[N]`, for the people that the roll-out's seed draws.

    Offers and answers are taken from the log; people, forms, moves and use at work are drawn again with the same luck,
    and what was learned and forgotten follows the laws of `world`. In the world that the log is from these are the
    true chances. log: with the columns "week", "sitting" and "position" of a roll-out.
    """
    learners, owner = len(log.learners), log.owner
    people = world.reset(learners, stream(seed, 0, Purpose.POPULATION))
    said = np.full(len(log), np.nan)
    week, sitting, position = (np.asarray(log.extra[name]) for name in ("week", "sitting", "position"))
    for now in range(int(week.max(initial=-1)) + 1):
        monday = start + now * WEEK
        people = world.open_week(people, monday, stream(seed, moment(monday), Purpose.WEEK))
        for part, begin in enumerate(sitting_starts(monday, world.sittings)):
            at = float(begin)
            people = world.open_sitting(people, at, stream(seed, moment(at), Purpose.SITTING))
            here = np.flatnonzero((week == now) & (sitting == part))
            for slot in range(int(position[here].max(initial=-1)) + 1):
                rows = here[position[here] == slot]
                some = take(people, owner[rows])
                said[rows] = world.success(some, log.item[rows][:, None], log.time[rows])[:, 0]
                took = log.accepted[rows]
                learned = world.learn(take(some, np.flatnonzero(took)), log.rows(rows[took]))
                people = put(people, owner[rows][took], learned)
    return said


def loss(said: FloatArray, log: Sequences) -> float:
    """Nats per assessed answer."""
    chance, right = np.clip(said[log.assessed], 1e-6, 1 - 1e-6), log.outcome[log.assessed]
    return float(-np.where(right == 1, np.log(chance), np.log1p(-chance)).mean())
