"""The robustness matrix: policies by worlds. Which one can be relied on where its assumptions do not hold?

A policy that wins only in the world it was fitted in has won nothing, so every learned part is fitted in one world and
run in all, and a policy is judged by its worst world.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from lernpfad.core import ConfigError, FloatArray, Rollout, unknown_name
from lernpfad.evaluate.closed_loop import REFERENCE, Lead, PolicyResult, compare, lead
from lernpfad.evaluate.intervals import RESAMPLES, holm
from lernpfad.evaluate.lived import Lived

BASELINES: Final = ("rolecurriculum", "legalrandom")
"""What a policy has to beat in every world before it may be recommended."""

ORACLES: Final = ("oracle", "oracleplanner")
"""Policies that see the truth; the better one of a world is 1 on that world's scale."""

Cells = Mapping[str, Mapping[str, Lived]]
"""World to policy to what happened, over the same policies in every world."""


@dataclass(frozen=True, eq=False)
class Robustness:
    """Results of every world, and what follows from all of them.

    results: world to policy to result. leads: world to baseline to policy to lead, p Holm-adjusted over the policies;
    those that see the truth have none. tops: world to the policy that marks 1. oracles: policies that see the truth.
    """

    results: Mapping[str, Mapping[str, PolicyResult]]
    leads: Mapping[str, Mapping[str, Mapping[str, Lead]]]
    tops: Mapping[str, str]
    oracles: tuple[str, ...]
    reference: str

    @property
    def worlds(self) -> list[str]:
        """Columns, as they were given."""
        return list(self.results)

    @cached_property
    def policies(self) -> list[str]:
        """Rows: the best worst case first, policies that see the truth at the end."""
        names = list(next(iter(self.results.values())))
        return sorted(names, key=lambda one: (one in self.oracles, -_or(self.worst(one), -np.inf)))

    def score(self, policy: str) -> FloatArray:
        """Normalised score in each world, `[worlds]`: 0 watering can, 1 oracle; NaN where the oracle has no lead."""
        return np.asarray([self.results[world][policy].normalised for world in self.worlds])

    def regret(self, policy: str) -> FloatArray:
        """Debt-weeks per hour that the world's oracle avoids more, `[worlds]`."""
        return np.asarray(
            [self.results[w][self.tops[w]].per_hour - self.results[w][policy].per_hour for w in self.worlds]
        )

    def worst(self, policy: str) -> float:
        """The lowest normalised score of all worlds that have one."""
        defined = self.score(policy)[~np.isnan(self.score(policy))]
        return float(defined.min()) if len(defined) else float("nan")

    def mean(self, policy: str) -> float:
        """The mean normalised score."""
        defined = self.score(policy)[~np.isnan(self.score(policy))]
        return float(defined.mean()) if len(defined) else float("nan")

    @cached_property
    def fair(self) -> list[str]:
        """Policies that could be used on people: without those that see the truth."""
        return [one for one in self.policies if one not in self.oracles]

    @cached_property
    def recommended(self) -> str:
        """The fair policy with the best worst case."""
        return max(self.fair, key=lambda one: _or(self.worst(one), -np.inf))

    def not_beaten(self, policy: str) -> list[tuple[str, str]]:
        """(world, baseline) pairs in which the policy is not surely ahead; empty is what a recommendation needs."""
        return [
            (world, baseline)
            for world in self.worlds
            for baseline, leads in self.leads[world].items()
            if baseline != policy and not leads[policy].sure
        ]

    @cached_property
    def agreement(self) -> float:
        """Do the worlds agree on the order of the fair policies? See `concordance`."""
        table = np.asarray([[self.results[w][p].per_hour for p in self.fair] for w in self.worlds])
        return concordance(table)


def robustness(
    cells: Cells,
    *,
    reference: str = REFERENCE,
    oracles: Sequence[str] = ORACLES,
    baselines: Sequence[str] = BASELINES,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Robustness:
    """Judge every world on its paired learners, then all of them together. ConfigError if a baseline was not run."""
    for world, lived in cells.items():
        for needed in (reference, *baselines):
            if needed not in lived:
                raise ConfigError(f"{unknown_name('policy', needed, lived)}; the matrix needs it in world '{world}'")
    there = tuple(one for one in oracles if all(one in lived for lived in cells.values()))
    tops = {world: best_oracle(lived, reference, there) for world, lived in cells.items()}
    settings = {"reference": reference, "resamples": resamples, "seed": seed}
    results = {
        world: {one.policy: one for one in compare(lived, oracle=tops[world] or None, **settings)}  # type: ignore[arg-type]
        for world, lived in cells.items()
    }
    ordered = {world: {name: results[world][name] for name in lived} for world, lived in cells.items()}
    leads = {
        world: {baseline: _leads(lived, baseline, there, **settings) for baseline in baselines}  # type: ignore[arg-type]
        for world, lived in cells.items()
    }
    return Robustness(ordered, leads, {w: top or reference for w, top in tops.items()}, there, reference)


def best_oracle(lived: Mapping[str, Lived | Rollout], reference: str, oracles: Sequence[str] = ORACLES) -> str:
    """The one of those that were run with the most debt-weeks avoided, "" without one."""
    spared = {one: float(np.nansum(lived[reference].debt - lived[one].debt)) for one in oracles if one in lived}
    return max(spared, key=lambda one: spared[one], default="")


def _leads(
    lived: Mapping[str, Lived], baseline: str, oracles: Sequence[str], *, reference: str, resamples: int, seed: int
) -> dict[str, Lead]:
    names = [one for one in lived if one not in oracles and one != baseline]
    found = {name: lead(lived, name, baseline, reference=reference, resamples=resamples, seed=seed) for name in names}
    adjusted = holm(np.asarray([found[name].p for name in names]))
    return {name: Lead(found[name].ahead, float(p)) for name, p in zip(names, adjusted, strict=True)}


def concordance(table: FloatArray) -> float:
    """Kendall's W of m judges over n things, values `[m, n]`: 1 if all give one order, 0 if they have none in common.

    `W = 12 sum_j (R_j - mean R)^2 / (m^2 (n^3 - n) - m T)`, R_j rank sums, T the correction for ties,
    `sum t^3 - t` over the groups of t ties (Kendall and Smith 1939). NaN for fewer than two judges or things.
    """
    judges, things = table.shape
    if judges < 2 or things < 2:
        return float("nan")
    ranks = np.stack([_ranks(row) for row in table])
    sums = ranks.sum(axis=0)
    sizes = [np.unique(row, return_counts=True)[1] for row in table]
    ties = sum(float((size.astype(np.float64) ** 3 - size).sum()) for size in sizes)
    below = judges**2 * (things**3 - things) - judges * ties
    return float(12.0 * ((sums - sums.mean()) ** 2).sum() / below) if below else float("nan")


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, ties share their mean."""
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    mean: FloatArray = (last - (count - 1) / 2.0)[group]
    return mean


def _or(value: float, other: float) -> float:
    return other if value != value else value
