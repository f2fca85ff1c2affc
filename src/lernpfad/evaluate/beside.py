"""The tables beside the scores of one world: secondary metrics, what lasts, and whether the tracer's promises hold."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from lernpfad.core import Rollout
from lernpfad.evaluate import tables
from lernpfad.evaluate.belief import BeliefError
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.paired import runs
from lernpfad.evaluate.results import Results, label
from lernpfad.evaluate.retention import Retention, retention, trained_skills
from lernpfad.evaluate.secondary import Secondary

Rows = list[dict[str, str]]

_FAIR: Final = ("least by ", "min/max by ")
"""How the columns about groups begin."""

CAPTION: Final = (
    "Ready: debt below 10 % for four weeks in a row, Kaplan-Meier; who dropped out counts as not ready. E_p: share of "
    "the missing requirements that were met after the minutes that everybody spends under every policy. Minutes used: "
    "of those that people had. Stayed only: how much better the score would look without those who left. Coverage, "
    "Gini: of the items offered. Diversity: mean Jaccard distance of the first ten items that a learner was offered."
)
FAIR_CAPTION: Final = (
    "Debt closed from the beginning to the end of the rest: mean over the people of the group that gains least, and "
    "that mean over the one of the group that gains most; a dash where the most is not above 0. Groups of fewer than "
    "five people are not shown."
)
LASTS_CAPTION: Final = (
    "Kept: what is left of the mastery that was gained in the trained skills (watched learners; skills are used on the "
    "job as well). Gain: of mastery, over the skills of an item that was taken. True per predicted: 1 where the tracer "
    "is to be believed, below 1 where it exaggerates the differences between items; predicted less true: how much too "
    "much it promises. Only of policies that ask it; 95 % intervals over learners."
)


def rows(results: Results) -> Rows:
    """Readiness, targets, take-up, dropout and exposure, by policy, the best first."""
    return [
        {column: cell for column, cell in row.items() if not column.startswith(_FAIR)} for row in _secondary(results)
    ]


def fair_rows(results: Results) -> Rows:
    """Who gains least, by policy."""
    kept = ("policy", *_FAIR)
    return [{column: cell for column, cell in row.items() if column.startswith(kept)} for row in _secondary(results)]


def lasting_rows(results: Results) -> Rows:
    """What is left after the rest, and belief against truth, by policy; columns without any figure are left out."""
    found = []
    for one in _ordered(results):
        left, belief = lasting(results, one.policy), results.beliefs.get(one.policy)
        found.append({"policy": label(one.policy)} | _left_cells(left) | belief_cells(belief))
    used = [name for name in (found[0] if found else ()) if any(row[name] != tables.UNDEFINED for row in found)]
    return [{name: row[name] for name in used} for row in found]


def facts(results: Results) -> dict[str, dict[str, Any]]:
    """All of it as plain data by policy; estimates as value, low and high."""
    return {
        one.policy: {
            "weeks_to_ready": one.readiness.median._asdict(),
            "weeks_to_ready_restricted": one.readiness.mean._asdict(),
            "became_ready": one.readiness.arrived,
            "targets": one.targets.score._asdict(),
            "accepted": one.takeup.accepted._asdict(),
            "minutes_used": one.takeup.used._asdict(),
            "dropout": one.takeup.dropout._asdict(),
            "lost_by_dropout": one.dropouts.lost,
            "coverage": one.coverage,
            "gini": one.gini,
            "diversity": one.diversity,
            "fairness": one.fairness,
            "retention": _retained(lasting(results, one.policy)),
            "belief": _believed(results.beliefs.get(one.policy)),
        }
        for one in results.beside
    }


def lasting(results: Results, policy: str) -> Retention | None:
    """What is left after the rest; None without a rest, or where nobody was watched."""
    some: Sequence[Rollout] = runs(results.rollouts[policy])
    rest = some[0].rest
    if not rest or not len(some[0].watched):
        return None
    return retention(
        np.concatenate([one.debt for one in some], axis=1),
        np.concatenate([one.mastery for one in some], axis=1),
        np.concatenate([trained_skills(one.log)[one.watched] for one in some]),
        weeks=len(some[0].hours) - rest,
        after=(rest,),
        resamples=results.resamples,
        seed=results.seed,
    )[0]


def belief_cells(found: BeliefError | None) -> dict[str, str]:
    """Belief against truth as a table prints it."""
    nothing = Estimate(float("nan"), float("nan"), float("nan"))
    slope, bias = (nothing, nothing) if found is None else (found.slope, found.bias)
    return {"true per predicted gain": spoken(slope), "predicted less true": spoken(bias, digits=4)}


def spoken(found: Estimate, digits: int = 2) -> str:
    """A figure with its interval."""
    sure = tables.interval(found.low, found.high, digits)
    return tables.number(found.value, digits) + ("" if sure == tables.UNDEFINED else f" ({sure})")


def _ordered(results: Results) -> list[Secondary]:
    """The best policy first, as in the table of the scores."""
    place = {one.policy: place for place, one in enumerate(results.policies)}
    return sorted(results.beside, key=lambda one: -place[one.policy])


def _secondary(results: Results) -> Rows:
    every = [one.row() | {"policy": label(one.policy)} for one in _ordered(results)]
    columns = dict.fromkeys(column for row in every for column in row)
    return [{column: row.get(column, tables.UNDEFINED) for column in columns} for row in every]


def _left_cells(left: Retention | None) -> dict[str, str]:
    kept = Estimate(float("nan"), float("nan"), float("nan")) if left is None else left.kept
    sure = tables.UNDEFINED if kept.low != kept.low else f"{tables.percent(kept.low)} to {tables.percent(kept.high)}"
    return {"gain kept": tables.percent(kept.value), "kept, 95 %": sure}


def _retained(left: Retention | None) -> dict[str, Any] | None:
    if left is None:
        return None
    return {"after": left.after, "debt": left.debt, "mastery": left.mastery, "kept": left.kept._asdict()}


def _believed(found: BeliefError | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {"slope": found.slope._asdict(), "bias": found.bias._asdict(), "items": found.items}
