"""Real jobs for a world: a company of O*NET occupations, its requirements, and the tools that came and went there."""

from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.random import Generator

from lernpfad.core import Catalog, ConfigError, FloatArray, IntArray, Roles
from lernpfad.simulate import catalogs, occupations
from lernpfad.simulate.calendar import START, YEAR
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.corporate import Corporate
from lernpfad.simulate.occupations import APART, CREDIT, Occupations
from lernpfad.simulate.psychology import make

_STREAM: Final = 29
"""Names the draws of this file, which are none of the main world's."""

_MONTHS: Final = 12
_FAMILY: Final = 6
"""Occupations that are found one from another before a new start is made."""


class Onet(Corporate):
    """The main world in a company of O*NET occupations; see `occupations.read` for their files.

    newer, older: folders of two releases. jobs: how many occupations the company has; they are drawn, but for a few
    starts each is related to one that is there. technologies: the tools asked for most often become skills, beside
    the 35 generic ones. Generic skills: level LV / 7, weight (IM - 1) / 4, and no drift. Tools: level U(.6, .95) and
    weight U(.2, 1), as in the main world, for O*NET rates none; a company begins with those of the older release and
    each that is new in the newer one arrives, each that is gone leaves, at a month drawn from the years between.
    settings: those of `Corporate`; what it says of skills, clusters, roles and their drift has no effect.
    """

    credit = CREDIT
    """What whoever passes something of this world on has to pass on as well."""

    def __init__(
        self,
        newer: str,
        older: str,
        jobs: int = 24,
        technologies: int = 40,
        seed: int = 0,
        items: int = 800,
        believed_wrong_edges: float = 0.2,
        years: float = 3.0,
        start: float = START,
        **settings: Any,
    ) -> None:
        for name, value in (("jobs", jobs), ("technologies", technologies)):
            if value < 1:
                raise ConfigError(f"O*NET: {name}={value}, expected at least 1; set simulator.{name}=20 or so")
        wrong = believed_wrong_edges
        super().__init__(seed=seed, items=items, believed_wrong_edges=wrong, years=years, start=start, **settings)
        of_jobs, of_items, of_belief, of_drift = np.random.default_rng([seed, _STREAM]).spawn(4)
        known = occupations.read(Path(newer), Path(older))
        chose = chosen(of_jobs, known.related, min(jobs, len(known.codes)))
        tools = frequent(known, chose, technologies)
        self.catalog, self._traits = _offered(of_items, known, tools, items=items)
        self.believed = catalogs.believed(of_belief, self.catalog, self._traits.cluster, wrong=wrong)
        self.roles = requirements(of_drift, known, chose, tools, start=start, years=years)
        self._near = moves(known.related[np.ix_(chose, chose)])
        own = {name: self.settings[name] for name in ("kappa", "rule", "mode", "growth", "transfer", "job")}
        self._psychology = make(self.settings["psychology"], own, catalog=self.catalog, traits=self._traits)


def _offered(rng: Generator, known: Occupations, tools: list[str], *, items: int) -> tuple[Catalog, Traits]:
    """Items over the generic skills and these tools."""
    names = [str(one) for one in known.skills] + [known.tools[tool][0] for tool in tools]
    return catalogs.over(
        rng,
        np.asarray([name.replace("|", "/") for name in names]),
        _clusters(known, tools),
        items=items,
        tool=np.arange(len(names)) >= len(known.skills),
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
