"""What jobs ask for, and how that changes: roles whose requirements drift, and who moves where."""

from typing import Final

import numpy as np
from numpy.random import Generator

from lernpfad.core import BoolArray, FloatArray, Roles
from lernpfad.simulate.calendar import DAY, YEAR

_MONTH: Final = YEAR / 12
_SHOCK: Final = 91.0 * DAY
_SHOCK_LEVEL: Final = 0.8


def make(
    rng: Generator,
    *,
    roles: int,
    skills_per_role: int,
    tool: BoolArray,
    cluster_size: int,
    start: float,
    years: float,
    arrivals: float,
    departures: float,
    shock: bool,
) -> Roles:
    """Roles and every version of their requirements from `start` on, a version a month.

    Levels are U(.6, .95), weights U(.2, 1). New tool skills arrive as Poisson at the rate `arrivals` per tool skill
    of the role and year, each tool skill leaves at the rate `departures`. A shock brings after three months one new
    tool skill of weight 1 to a third of the roles, none of which asks for it; it lies on top, with luck of its own, so
    that all else drifts as without it. Generic skills stay: their measured drift is noise.
    """
    of_shock = rng.spawn(1)[0]
    level, weight = _first(rng, roles=roles, skills=len(tool), per_role=skills_per_role, cluster_size=cluster_size)
    levels, weights, valid_from = [level], [weight], [start]
    struck = np.zeros(level.shape, dtype=bool)
    for month in range(1, round(12 * years) + 1):
        level, weight = _drifted(rng, level, weight, tool=tool, arrivals=arrivals / 12, departures=departures / 12)
        if shock and month == round(_SHOCK / _MONTH):
            struck = _struck(of_shock, weight, tool=tool)
        asked = np.where(struck, _SHOCK_LEVEL, level), np.where(struck, 1.0, weight)
        if np.array_equal(asked[0], levels[-1]) and np.array_equal(asked[1], weights[-1]):
            continue
        levels.append(asked[0])
        weights.append(asked[1])
        valid_from.append(start + month * _MONTH)
    names = np.asarray([f"role-{r + 1:02d}" for r in range(roles)])
    return Roles(names=names, valid_from=np.asarray(valid_from), level=np.stack(levels), weight=np.stack(weights))


def related(roles: Roles) -> FloatArray:
    """Where people move: probability of the next role, `[R, R]`, by the overlap of what both ask for at first."""
    asked = roles.weight[0] / np.maximum(np.linalg.norm(roles.weight[0], axis=1, keepdims=True), 1e-9)
    closeness = np.exp(6.0 * asked @ asked.T)
    np.fill_diagonal(closeness, 0.0 if len(closeness) > 1 else 1.0)
    near: FloatArray = closeness / closeness.sum(axis=1, keepdims=True)
    return near


def _first(
    rng: Generator, *, roles: int, skills: int, per_role: int, cluster_size: int
) -> tuple[FloatArray, FloatArray]:
    """Each role lives in two clusters, whose skills it asks for five times as often as others."""
    level, weight = np.zeros((roles, skills)), np.zeros((roles, skills))
    cluster = np.arange(skills) // cluster_size
    for role in range(roles):
        home = rng.choice(cluster[-1] + 1, size=min(2, int(cluster[-1]) + 1), replace=False)
        chance = np.where(np.isin(cluster, home), 5.0, 1.0)
        asked = rng.choice(skills, size=min(per_role, skills), replace=False, p=chance / chance.sum())
        level[role, asked] = rng.uniform(0.6, 0.95, len(asked))
        weight[role, asked] = rng.uniform(0.2, 1.0, len(asked))
    return level, weight


def _drifted(
    rng: Generator, level: FloatArray, weight: FloatArray, *, tool: BoolArray, arrivals: float, departures: float
) -> tuple[FloatArray, FloatArray]:
    level, weight = level.copy(), weight.copy()
    for role in range(len(level)):
        held = np.flatnonzero((weight[role] > 0) & tool)
        free = np.flatnonzero((weight[role] == 0) & tool)
        gone = held[rng.random(len(held)) < departures]
        new = rng.permutation(free)[: rng.poisson(arrivals * len(held))]
        level[role, gone] = weight[role, gone] = 0.0
        level[role, new] = rng.uniform(0.6, 0.95, len(new))
        weight[role, new] = rng.uniform(0.2, 1.0, len(new))
    return level, weight


def _struck(rng: Generator, weight: FloatArray, *, tool: BoolArray) -> BoolArray:
    """Which role is struck by which skill, `[R, K]`: a third of the roles by the tool skill that fewest ask for."""
    order = rng.permutation(len(tool))
    asking = np.where(tool, (weight > 0).sum(axis=0), len(weight) + 1)
    skill = order[np.argmin(asking[order])]
    free = np.flatnonzero(weight[:, skill] == 0)
    hit = rng.permutation(free if len(free) else np.arange(len(weight)))[: max(1, len(weight) // 3)]
    struck = np.zeros(weight.shape, dtype=bool)
    struck[hit, skill] = True
    return struck
