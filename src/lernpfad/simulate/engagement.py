"""When people learn: weekly minutes and sittings, accepting and declining, dropping out, moving to another role."""

from typing import Final

import numpy as np

from lernpfad.core import BoolArray, FloatArray, IntArray, Roles
from lernpfad.simulate.calendar import WORKDAYS
from lernpfad.simulate.draws import normals
from lernpfad.simulate.knowledge import sigmoid
from lernpfad.simulate.population import People

HAZARDS: Final = (0.024, 0.037, 0.011, 0.011, 0.009, 0.009, 0.009, 0.009, 0.009, 0.009, 0.007)
"""Weekly dropout hazards, the last one for ever; shape measured on OULAD, 29,905 registrations that started."""

SKIPPING: Final = 0.8
"""Share of the weeks in which a learner leaves out one of the sittings."""

DECLINING: Final = 0.3
"""Minutes that a declined offer costs."""

_MINUTES_SD: Final = 0.25


def leaves(people: People, uniform: FloatArray) -> BoolArray:
    """Who drops out after the week that just ended, `[L]`; a streak of wrong answers makes it likelier."""
    past = np.minimum(people.week - 1, len(HAZARDS) - 1)
    hazard = np.where(people.week > 0, np.asarray(HAZARDS)[past], 0.0)
    gone: BoolArray = uniform < hazard * np.exp(0.15 * np.minimum(people.streak, 5))
    return gone


def budget(people: People, uniform: FloatArray, *, noise: float) -> FloatArray:
    """Minutes of each sitting of the week, `[L, sittings]`, from uniforms `[L, 4]`.

    The week is lognormal around its usual size; most people skip one sitting of a week and use the others.
    """
    sittings = people.budget.shape[1]
    week = people.weekly * np.exp(noise * normals(uniform[:, :2])[:, 0] - noise**2 / 2)
    skipped = np.where(uniform[:, 2] < SKIPPING, (uniform[:, 3] * sittings).astype(np.int64), -1)
    there = np.arange(sittings) != skipped[:, None]
    there |= sittings == 1
    share: FloatArray = there / there.sum(axis=1, keepdims=True)
    return np.where(people.active, week, 0.0)[:, None] * share


def accepts(
    *, need: FloatArray, minutes: FloatArray, success: FloatArray, affinity: FloatArray, done: IntArray
) -> FloatArray:
    """P(accept) of an offer, `[n]`: need and taste speak for it, length and fatigue against it."""
    willing = 0.8 + 2.0 * need - 0.05 * (minutes - 6.0) + 0.5 * (success - 0.7) + 0.5 * affinity - 0.3 * done / 4
    return sigmoid(willing)


def spent(minutes: FloatArray, uniform: FloatArray) -> FloatArray:
    """Minutes that an item really takes, `[n]`, from uniforms `[n, 2]`: lognormal, of the expected mean."""
    noise = normals(uniform)[:, 0]
    taken: FloatArray = minutes * np.exp(_MINUTES_SD * noise - _MINUTES_SD**2 / 2)
    return taken


def moved(people: People, uniform: FloatArray, *, near: FloatArray, yearly: float) -> tuple[IntArray, IntArray]:
    """Role and target after a week in which few change, from uniforms `[L, 2]`.

    Who has a target role moves there, the others to a related role (`near`, `[R, R]`).
    """
    moves = uniform[:, 0] < 1.0 - (1.0 - yearly) ** (1.0 / 52.0)
    drifted = (np.cumsum(near, axis=1)[people.role] <= uniform[:, 1, None]).sum(axis=1)
    drifted = np.minimum(drifted, len(near) - 1)
    role = np.where(moves, np.where(people.target >= 0, people.target, drifted), people.role)
    return role, np.where(people.target == role, -1, people.target)


def used(people: People, uniform: FloatArray, *, roles: Roles, at: float, rate: float) -> tuple[IntArray, IntArray]:
    """Use of role skills at work on the workdays before `at`, from uniforms `[L, WORKDAYS, K]`.

    Each workday a skill is used with probability `rate` * weight. Returns how often, `[L, K]`, and on which workday
    last (0 Monday), `[L, K]`.
    """
    weight = roles.at(people.role, at).weight.astype(np.float32)
    on = uniform < np.float32(rate) * weight[:, None, :]
    last = WORKDAYS - 1 - np.argmax(on[:, ::-1], axis=1)
    return on.sum(axis=1), last
