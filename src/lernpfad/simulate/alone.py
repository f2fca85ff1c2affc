"""One model's assumptions and nothing else, as logs with their truth: what a fit of that model must give back."""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from lernpfad.core import Catalog, FloatArray, IntArray, Sequences, memory

DAY = 86_400.0
GAPS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Days between two reviews of a memory, all equally likely, times `U(.7, 1.3)`."""


class BKTLog(NamedTuple):
    """log: its answers. truth: prior, learn, guess and slip of each skill, `[K, 4]`."""

    log: Sequences
    truth: FloatArray


class IRTLog(NamedTuple):
    """log: its answers. difficulty, slope: of each item, `[I]`; ability: of each learner, `[L]`."""

    log: Sequences
    difficulty: FloatArray
    slope: FloatArray
    ability: FloatArray


class MemoryLog(NamedTuple):
    """log: its answers. stability: of the memory before each row, days, NaN at a first contact, `[N]`."""

    log: Sequences
    stability: FloatArray


def bkt(rng: Generator, *, learners: int, skills: int = 8, answers: int = 20) -> BKTLog:
    """Bayesian knowledge tracing (Corbett & Anderson 1994), without forgetting: `answers` of everybody on every skill.

    prior U(.1, .6), learn U(.05, .3), guess U(.1, .3), slip U(.05, .2); one item a skill.
    """
    low, high = np.array([[0.1, 0.05, 0.1, 0.05], [0.6, 0.3, 0.3, 0.2]])
    truth = rng.uniform(low, high, (skills, 4))
    prior, learn, guess, slip = truth.T
    knows = rng.random((learners, skills)) < prior
    right = np.empty((learners, answers, skills), dtype=np.int8)
    for turn in range(answers):
        right[:, turn] = rng.random(knows.shape) < np.where(knows, 1 - slip, guess)
        knows |= rng.random(knows.shape) < learn
    item = np.broadcast_to(np.arange(skills), right.shape)
    return BKTLog(_log(skills, item.ravel(), right.ravel(), learners=learners), truth)


def irt(rng: Generator, *, learners: int, items: int = 40, slope_sd: float = 0.2) -> IRTLog:
    """The two-parameter logistic model (Birnbaum 1968): everybody answers every item once, in an order of her own.

    ability and difficulty N(0, 1), slope exp N(0, slope_sd).
    """
    ability, difficulty = rng.normal(size=learners), rng.normal(size=items)
    slope = np.exp(rng.normal(0.0, slope_sd, items))
    chance = 1 / (1 + np.exp(-slope * (ability[:, None] - difficulty)))
    right = (rng.random(chance.shape) < chance).astype(np.int8)
    item = rng.permuted(np.tile(np.arange(items), (learners, 1)), axis=1)
    outcome = np.take_along_axis(right, item, axis=1)
    return IRTLog(_log(items, item.ravel(), outcome.ravel(), learners=learners), difficulty, slope, ability)


def fsrs(rng: Generator, *, learners: int, skills: int = 4, answers: int = 12, kappa: float = 3.0) -> MemoryLog:
    """FSRS-6 memories (defaults of `core.memory`) read as R(t, kappa S): every skill is reviewed `answers` times.

    A first answer is right with probability .6; gaps as in `GAPS`.
    """
    shape = (learners, skills)
    gaps = rng.choice(GAPS, (learners, answers, skills)) * rng.uniform(0.7, 1.3, (learners, answers, skills))
    right = np.empty((learners, answers, skills), dtype=np.int8)
    stability = np.full((learners, answers, skills), np.nan)
    right[:, 0] = rng.random(shape) < 0.6
    rating = np.where(right[:, 0] == 1, memory.GOOD, memory.AGAIN)
    now, hard = memory.first_stability(rating), memory.first_difficulty(rating)
    for turn in range(1, answers):
        days = gaps[:, turn]
        stability[:, turn] = now
        right[:, turn] = rng.random(shape) < memory.retrievability(days, kappa * now)
        rating = np.where(right[:, turn] == 1, memory.GOOD, memory.AGAIN)
        now = memory.next_stability(now, hard, days=days, rating=rating)
        hard = memory.next_difficulty(hard, rating)
    return MemoryLog(*_by_time(np.cumsum(gaps, axis=1) * DAY, right, stability))


def _by_time(time: FloatArray, right: IntArray, stability: FloatArray) -> tuple[Sequences, FloatArray]:
    """Rows of each learner in the order of time; arguments `[L, turns, K]`."""
    learners, turns, skills = time.shape
    flat = time.reshape(learners, -1)
    order = np.argsort(flat, axis=1, kind="stable")
    item = np.tile(np.arange(skills), (learners, turns))
    row = (np.arange(learners)[:, None] * turns * skills + order).ravel()
    log = _log(skills, item.ravel()[row], right.ravel()[row], learners=learners, time=time.ravel()[row])
    return log, stability.ravel()[row]


def _log(items: int, item: IntArray, right: IntArray, *, learners: int, time: FloatArray | None = None) -> Sequences:
    """Equally long histories over items of one skill each."""
    catalog = Catalog.of([f"item-{i}" for i in range(items)], [f"skill-{i}" for i in range(items)], _own(items))
    names = [f"learner-{j}" for j in range(learners)]
    return Sequences.of(catalog, names, [len(item) // learners] * learners, item, right, time=time)


def _own(items: int) -> list[list[int]]:
    return [[i] for i in range(items)]


def stretch(w: FloatArray, planted: MemoryLog) -> float:
    """Kappa as the FSRS weights `w` `[21]` have it: their days until recall is .9, over those of the defaults.

    Geometric mean over the rows of the log; each memory goes through both sets of weights.
    """
    log = planted.log
    order = np.lexsort((log.time, log.item, log.owner))
    turns = len(order) // (len(log.learners) * len(log.catalog))
    time, right = (column[order].reshape(-1, turns) for column in (log.time, log.outcome))
    rating = np.where(right == 1, memory.GOOD, memory.AGAIN)
    now, hard, ratio = memory.first_stability(rating[:, 0], w), memory.first_difficulty(rating[:, 0], w), []
    for turn in range(1, turns):
        ratio.append(np.log(now / planted.stability[order].reshape(-1, turns)[:, turn]))
        days = (time[:, turn] - time[:, turn - 1]) / DAY
        now = memory.next_stability(now, hard, days=days, rating=rating[:, turn], w=w)
        hard = memory.next_difficulty(hard, rating[:, turn], w)
    return float(np.exp(np.mean(ratio)))
