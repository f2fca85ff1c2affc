"""Real jobs for a world: a company of O*NET occupations, its requirements, and the tools that came and went there."""

from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from numpy.random import Generator

from lernpfad.core import ConfigError, FloatArray, IntArray, Roles
from lernpfad.simulate import catalogs, occupations
from lernpfad.simulate.calendar import YEAR
from lernpfad.simulate.occupations import APART, CREDIT, Occupations
from lernpfad.simulate.setting import Setting

_MONTHS: Final = 12
_FAMILY: Final = 6
"""Occupations that are found one from another before a new start is made."""


class Onet:
    """Makes a `Setting` of O*NET files: see `occupations.read` for them.

    newer, older: folders of two releases. jobs: how many occupations the company has; they are drawn, but for a few
    starts each is related to one that is there. technologies: the tools asked for most often become skills, beside
    the 35 generic ones. Generic skills: level LV / 7, weight (IM - 1) / 4, and no drift. Tools: level U(.6, .95) and
    weight U(.2, 1), as in the main world, for O*NET rates none; a company begins with those of the older release and
    each that is new in the newer one arrives, each that is gone leaves, at a month drawn from the years between.
    """

    def __init__(self, newer: str, older: str, jobs: int = 24, technologies: int = 40) -> None:
        for name, value in (("jobs", jobs), ("technologies", technologies)):
            if value < 1:
                raise ConfigError(f"O*NET: {name}={value}, expected at least 1; set simulator.setting.{name}=20 or so")
        self.newer, self.older, self.jobs, self.technologies = newer, older, jobs, technologies

    def __call__(self, rng: Generator, *, items: int, wrong: float, start: float, years: float) -> Setting:
        """The same for the same generator. Raises DataError where the files are absent."""
        known = occupations.read(Path(self.newer), Path(self.older))
        of_jobs, of_items, of_belief, of_drift = rng.spawn(4)
        jobs = chosen(of_jobs, known.related, min(self.jobs, len(known.codes)))
        tools = frequent(known, jobs, self.technologies)
        cluster = _clusters(known, tools)
        names = [str(one) for one in known.skills] + [known.tools[tool][0] for tool in tools]
        catalog, traits = catalogs.over(
            of_items,
            np.asarray([name.replace("|", "/") for name in names]),
            cluster,
            items=items,
            tool=np.arange(len(names)) >= len(known.skills),
        )
        return Setting(
            catalog=catalog,
            traits=traits,
            believed=catalogs.believed(of_belief, catalog, cluster, wrong=wrong),
            roles=requirements(of_drift, known, jobs, tools, start=start, years=years),
            near=moves(known.related[np.ix_(jobs, jobs)]),
            credit=CREDIT,
        )


def chosen(rng: Generator, related: IntArray, count: int) -> IntArray:
    """Indices of `count` occupations that belong together, `[count]`.

    Each is one that is most closely related to those before it; every sixth is drawn anew from all that are left.
    """
    jobs: list[int] = []
    closeness = np.where(related > 0, 1.0 / np.maximum(related, 1), 0.0)
    while len(jobs) < count:
        pull = closeness[jobs].sum(axis=0)
        pull[jobs] = 0.0
        if len(jobs) % _FAMILY and pull.any():
            jobs.append(int(pull.argmax()))
        else:
            jobs.append(int(rng.choice(np.setdiff1d(np.arange(len(related)), jobs))))
    return np.asarray(jobs)


def frequent(known: Occupations, jobs: IntArray, count: int) -> list[str]:
    """The tools that most of the jobs ask for in one release or the other, by normalised name."""
    told = Counter(tool for job in jobs for tool in known.before[job] | known.now[job])
    return sorted(told, key=lambda tool: (-told[tool], tool))[:count]


def requirements(
    rng: Generator, known: Occupations, jobs: IntArray, tools: list[str], *, start: float, years: float
) -> Roles:
    """What the jobs ask for, in a version for each month in which something changed; generic skills come first."""
    shape = (len(jobs), len(tools))
    before, now = (np.array([[tool in of[job] for tool in tools] for job in jobs]) for of in (known.before, known.now))
    month = rng.integers(1, round(_MONTHS * APART) + 1, size=shape)
    level, weight = rng.uniform(0.6, 0.95, size=shape), rng.uniform(0.2, 1.0, size=shape)
    last = round(_MONTHS * years)
    changes = [0, *sorted({int(one) for one in month[before != now] if one <= last})]
    asked = [np.where(month <= one, now, before) for one in changes]

    def versions(generic: FloatArray, tool: FloatArray) -> FloatArray:
        return np.stack([np.concatenate([generic[jobs], np.where(one, tool, 0.0)], axis=1) for one in asked])

    return Roles(
        names=known.titles[jobs],
        valid_from=start + np.asarray(changes) * YEAR / _MONTHS,
        level=versions(known.level, level),
        weight=versions(known.weight, weight),
    )


def moves(related: IntArray) -> FloatArray:
    """Probability of the next role, `[R, R]`: 1 / rank of the related occupation; anything where none is here."""
    near = np.where(related > 0, 1.0 / np.maximum(related, 1), 0.0)
    elsewhere = 1.0 - np.eye(len(near)) if len(near) > 1 else np.ones((1, 1))
    near = np.where(near.any(axis=1, keepdims=True), near, elsewhere)
    share: FloatArray = near / near.sum(axis=1, keepdims=True)
    return share


def _clusters(known: Occupations, tools: list[str]) -> IntArray:
    """The O*NET element group of each generic skill and the commodity class of each tool, numbered, `[K]`."""
    labels = [str(one) for one in known.group] + [f"class {known.tools[tool][1]}" for tool in tools]
    number = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    return np.asarray([number[label] for label in labels])
