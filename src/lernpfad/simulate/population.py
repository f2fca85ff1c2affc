"""The people of the corporate world: their state as a value, and how a fresh workforce is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.random import Generator

from lernpfad.core import Array, BoolArray, FloatArray, IntArray, StrArray
from lernpfad.simulate.catalogs import TASTES
from lernpfad.simulate.draws import normals, uniforms

CIRCLES: Final = 8
"""Learners of one circle share their tastes, up to a personal note."""

BASELINE_MEAN: Final = 0.6
BASELINE_SD: Final = 1.8**0.5
"""Of `People.baseline` over people and skills, logits: three independent parts, see `drawn`."""

_STRIDE, _MIX, _REMIX = (np.uint64(word) for word in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Fate(IntEnum):
    """What is settled about a person before anything happens; each has uniforms of its own."""

    PATIENCE = 1
    EFFORT = 2
    PAST_ITEMS = 3
    PAST_ANSWERS = 4


@dataclass(frozen=True, eq=False)
class People:
    """The true state of a workforce; never changed, only replaced. Axis 0 is learners.

    learner: number that names her luck, `[L]`. baseline: ability never trained and never forgotten, `[L, K]`,
    logits. gained: ability acquired on top, before forgetting, `[L, K]`. stability (days, 0 = never met), difficulty,
    contact (seconds): her memory of each skill, `[L, K]`. rate: learning rate, `[L]`. taste: `[L, TASTES]`.
    role, target: index of role and wished-for role (-1: none), `[L]`. weekly: minutes of a usual week, `[L]`.
    budget: minutes of each sitting of this week, `[L, sittings]`. sitting: the one that is open, -1 before the
    first, `[L]`. form: good or bad day, logits. done: items taken in this sitting. streak: wrong answers in a row.
    week: weeks opened so far. active: has not dropped out. key: names what else is settled about her (see `fate`),
    `[L]`, uint64. mind: what a psychology other than that of the main world remembers of her, by name.
    """

    learner: IntArray
    baseline: FloatArray
    gained: FloatArray
    stability: FloatArray
    difficulty: FloatArray
    contact: FloatArray
    rate: FloatArray
    taste: FloatArray
    role: IntArray
    target: IntArray
    weekly: FloatArray
    budget: FloatArray
    sitting: IntArray
    form: FloatArray
    done: IntArray
    streak: IntArray
    week: IntArray
    active: BoolArray
    key: IntArray
    mind: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.learner)


def drawn(
    rng: Generator,
    *,
    learners: int,
    cluster: IntArray,
    roles: int,
    sittings: int,
    circles: FloatArray,
    rate_sd: float,
    minutes: float,
    minutes_sd: float,
    aiming: float,
) -> People:
    """A fresh workforce. Learner j is the same whatever the size of the workforce.

    baseline = .6 + N(0, .8) of the learner + N(0, .4) of learner and cluster + N(0, 1) of learner and skill.
    minutes: mean of the weekly minutes over people; aiming: share that holds a target role.
    """
    clusters, skills = int(cluster.max()) + 1, len(cluster)
    count = 1 + clusters + skills + 2 + TASTES
    luck = uniforms(rng, np.arange(learners), 4 + 2 * count)
    normal = normals(luck[:, 4:])
    own, of_cluster, of_skill, rest = np.split(normal, [1, 1 + clusters, 1 + clusters + skills], axis=1)
    role = (luck[:, 0] * roles).astype(np.int64)
    other = (role + 1 + (luck[:, 1] * (roles - 1)).astype(np.int64)) % roles
    circle = (luck[:, 2] * len(circles)).astype(np.int64)
    nothing = np.zeros((learners, skills), dtype=np.float32)
    return People(
        learner=np.arange(learners),
        baseline=(0.6 + 0.8 * own + 0.4 * of_cluster[:, cluster] + of_skill).astype(np.float32),
        gained=nothing,
        stability=nothing,
        difficulty=nothing,
        contact=np.zeros((learners, skills)),
        rate=np.exp(rate_sd * rest[:, 0] - rate_sd**2 / 2).astype(np.float32),
        taste=((circles[circle] + 0.5 * rest[:, 2:]) / np.sqrt(1.25 * TASTES)).astype(np.float32),
        role=role,
        target=np.where((luck[:, 3] < aiming) & (roles > 1), other, -1),
        weekly=minutes * np.exp(minutes_sd * rest[:, 1] - minutes_sd**2 / 2),
        budget=np.zeros((learners, sittings)),
        sitting=np.full(learners, -1),
        form=np.zeros(learners, dtype=np.float32),
        done=np.zeros(learners, dtype=np.int64),
        streak=np.zeros(learners, dtype=np.int64),
        week=np.zeros(learners, dtype=np.int64),
        active=np.ones(learners, dtype=bool),
        key=(luck[:, 0] * 2.0**53).astype(np.uint64),
        mind={},
    )


def fate(people: People, what: Fate, width: int) -> FloatArray:
    """`width` uniforms in [0, 1) for each of these people, `[L, width]`, always the same for the same person.

    A hash of her key (SplitMix64: Steele, Lea & Flood 2014), so that a world can settle more about people without a
    further draw, which would shift those of all others.
    """
    place = np.uint64(int(what) << 32) + np.arange(1, width + 1, dtype=np.uint64)
    word = people.key[:, None] + _STRIDE * place
    word = (word ^ (word >> np.uint64(30))) * _MIX
    word = (word ^ (word >> np.uint64(27))) * _REMIX
    uniform: FloatArray = ((word ^ (word >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53
    return uniform


def names(learners: int, *, first: int = 0) -> StrArray:
    """Ids of `learners` people from number `first` on, `[L]`."""
    return np.asarray([f"learner-{j:05d}" for j in range(first, first + learners)])
