"""Beside the score of a world's policies: what lasts, readiness, exposure, dropout, who gains least, belief."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lernpfad.core import Array
from lernpfad.evaluate import fairness, tables
from lernpfad.evaluate.belief import BeliefError
from lernpfad.evaluate.beside import belief_cells, spoken
from lernpfad.evaluate.exposure import coverage, gini
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, ratio, ratio_of_sums
from lernpfad.evaluate.lived import Lived
from lernpfad.evaluate.readiness import IN_A_ROW, readiness
from lernpfad.evaluate.results import label

Rows = list[dict[str, str]]

CAPTION: Final = f"""Weeks to ready: until a debt below 10 % that holds for {IN_A_ROW} weeks, Kaplan-Meier, with
everybody who never gets there or leaves; the restricted mean is up to the last week in which it could be seen.
Coverage, Gini: of the items offered. Dropout: of those who were there when the policies began. True per predicted gain:
slope of what an item that was taken was truly worth on what the tracer expected of it, over a sample of the people; 1
where it is to be believed, below 1 where it exaggerates the differences between items. 95 % intervals over learners
within their seed, for belief over learners."""

FAIR_CAPTION: Final = """Who gains least: debt closed by the end of the training, mean over the group with the least,
and that mean over the one of the group with the most. Thirds by debt when the policies began and by minutes under the
{reference}; roles are those at the end. Groups of fewer than five people are not shown."""

CLOSED: Final = "debt closed"


def rows(
    lived: Mapping[str, Lived],
    facts: Mapping[str, Mapping[str, Any]],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Rows:
    """A row for each policy, in their order; facts: of each, "belief_slope" and the like or None."""
    return [_row(name, one, facts.get(name, {}), resamples=resamples, seed=seed) for name, one in lived.items()]


def fair_rows(lived: Mapping[str, Lived], *, reference: str) -> Rows:
    """The group that gains least by starting debt, by minutes under the reference and by role, for each policy."""
    groups = groupings(lived[reference])
    found = []
    for name, one in lived.items():
        row = {"policy": label(name)} | {
            f"{what} by {grouping}": tables.UNDEFINED for grouping in groups for what in ("least", "min/max")
        }
        for worst in fairness.worst(fairness.by_group({CLOSED: closed(one)}, groups), CLOSED):
            row[f"least by {worst['grouping']}"] = f"{tables.percent(worst['min'], 1)} ({worst['group']})"
            row[f"min/max by {worst['grouping']}"] = tables.number(worst["min/max"])
        found.append(row)
    return found


def groupings(reference: Lived) -> dict[str, Array]:
    """Labels of learners, `[L]`, that are the same whatever policy they follow."""
    role = np.where(reference.role >= 0, np.char.add("role ", reference.role.astype(np.str_)), "none")
    return {
        "debt at first": fairness.thirds(reference.debt[0]),
        "minutes": fairness.thirds(reference.hours.sum(axis=0)),
        "role": role,
    }


def closed(one: Lived) -> Array:
    """Debt at first less that at the end of the training, `[L]`; NaN without requirements."""
    fell: Array = one.debt[0] - one.debt[_trained(one)]
    return fell


def _row(name: str, one: Lived, facts: Mapping[str, Any], *, resamples: int, seed: int) -> dict[str, str]:
    sure = {"resamples": resamples, "seed": seed, "strata": one.seed}
    found = readiness(one.debt, **sure)  # type: ignore[arg-type]
    left = ratio_of_sums(one.began & ~one.stayed, one.began.astype(float), **sure)  # type: ignore[arg-type]
    median = found.median.value
    return {
        "policy": label(name),
        "debt after training": tables.percent(_mean(one.debt[_trained(one)]), 1),
        "debt after rest": tables.percent(_mean(one.debt[-1]), 1),
        "weeks to ready, median": "never" if median == float("inf") else tables.number(median, 0),
        "restricted mean": spoken(found.mean, 1),
        "coverage": tables.percent(coverage(one.exposure)),
        "Gini": tables.number(gini(one.exposure)),
        "dropout": _shares(left),
        **belief_cells(_belief(facts)),
    }


def _belief(facts: Mapping[str, Any]) -> BeliefError | None:
    if facts.get("belief_slope") is None:
        return None

    def kept(what: str) -> Estimate:
        values = (facts.get(f"belief_{what}{end}") for end in ("", "_low", "_high"))
        return Estimate(*(float("nan") if value is None else float(value) for value in values))

    return BeliefError(bias=kept("bias"), slope=kept("slope"), items=0)


def _trained(one: Lived) -> int:
    """Place of the Monday on which the training was over."""
    return len(one.hours) - one.rest


def _mean(debt: Array) -> float:
    there = ~np.isnan(debt)
    return ratio(float(debt[there].sum()), float(there.sum()))


def _shares(found: Estimate) -> str:
    return f"{tables.percent(found.value)} ({tables.percent(found.low)} to {tables.percent(found.high)})"
