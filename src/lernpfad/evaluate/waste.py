"""Minutes that were not needed or came too early: the skill was no gap, or what it builds on was missing."""

from typing import Final

import numpy as np

from lernpfad.core import Array, BoolArray, Catalog, FloatArray, IntArray, Roles, Rollout, gap
from lernpfad.core.situation import READY

WEEK: Final = 7 * 86_400.0
"""Seconds."""


def waste_share(rollout: Rollout, roles: Roles, catalog: Catalog) -> tuple[float, float]:
    """`wasted_minutes`, summed over the learners."""
    wasted, spent = wasted_minutes(rollout, roles, catalog)
    return float(wasted.sum()), float(spent.sum())


def wasted_minutes(rollout: Rollout, roles: Roles, catalog: Catalog) -> tuple[FloatArray, FloatArray]:
    """Wasted and all minutes of each learner, both `[L]`; 0 for who is not watched, since her true mastery is not kept.

    A minute is wasted on an item none of whose skills is a gap of the role, or one of whose true prerequisites is
    not met (mastery below `READY`). Mastery and requirement are those at the beginning of the week, the role is the
    one held at the end. A yardstick, not a bound: in a world where a missing prerequisite only slows learning down,
    and skills fade that have no gap yet, wasted minutes may still teach.
    roles, catalog: the true ones.
    """
    row, place, week = _watched_rows(rollout)
    item, minutes = rollout.log.item[row], rollout.log.minutes[row]
    useless = np.zeros(len(row), dtype=bool)
    for one in np.unique(week):
        these = week == one
        mastery = rollout.mastery[one]
        requirement = roles.at(rollout.role[rollout.watched], rollout.start + one * WEEK)
        wanted = (gap(requirement, mastery) > 0) & (requirement.weight > 0)
        missing = _blocked(mastery < READY, catalog.prerequisites)
        skills = catalog.skills_of(item[these])
        there, flat = skills >= 0, np.where(skills >= 0, skills, 0)
        who = place[these, None]
        useless[these] = ~(wanted[who, flat] & there).any(axis=1) | (missing[who, flat] & there).any(axis=1)
    owner, learners = rollout.log.owner[row], len(rollout.log.learners)
    wasted, spent = (np.zeros(learners) for _ in range(2))
    np.add.at(wasted, owner, minutes * useless)
    np.add.at(spent, owner, minutes)
    return wasted, spent


def _watched_rows(rollout: Rollout) -> tuple[IntArray, IntArray, Array]:
    """Accepted rows of watched learners, the learner's place among the watched, and the week from the start."""
    place_of = np.full(len(rollout.log.learners), -1, dtype=np.int64)
    place_of[rollout.watched] = np.arange(len(rollout.watched))
    place = place_of[rollout.log.owner]
    row = np.flatnonzero((place >= 0) & rollout.log.accepted & (rollout.log.item >= 0))
    week = ((rollout.log.time[row] - rollout.start) // WEEK).astype(np.int64)
    return row, place[row], np.clip(week, 0, len(rollout.hours) - 1)


def _blocked(unready: BoolArray, prerequisites: IntArray) -> BoolArray:
    """Skills one of whose prerequisites is not met, `[W, K]`; prerequisites: `[E, 2]` (before, after)."""
    blocked = np.zeros_like(unready)
    for before, after in prerequisites:
        blocked[:, after] |= unready[:, before]
    return blocked
