"""What stands beside every score: readiness, targets, take-up, dropout, exposure and fairness of each policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lernpfad.core import Array, BoolArray, Catalog, FloatArray, IntArray, Rollout
from lernpfad.evaluate import fairness, tables
from lernpfad.evaluate.closed_loop import PER_HOURS
from lernpfad.evaluate.diversity import intra_list
from lernpfad.evaluate.exposure import coverage, exposure, gini
from lernpfad.evaluate.intervals import RESAMPLES
from lernpfad.evaluate.paired import runs
from lernpfad.evaluate.readiness import Readiness, readiness
from lernpfad.evaluate.returns import Account
from lernpfad.evaluate.takeup import DropoutScore, TakeUp, score_with_dropouts, take_up
from lernpfad.evaluate.targets import Targets, common_minutes, targets_reached

LIST: Final = 10
"""Items of a learner that are compared with each other."""
CLOSED: Final = "debt closed"


@dataclass(frozen=True)
class Secondary:
    """One policy. targets: E_p at the minutes that everybody spends under every policy; who changed roles, or whose
    requirements changed, is dropped and counted. coverage, gini: of the items offered. diversity: mean Jaccard distance
    of the first ten items that a learner was offered. fairness: by grouping, the group whose debt fell least.
    """

    policy: str
    readiness: Readiness
    targets: Targets
    takeup: TakeUp
    dropouts: DropoutScore
    coverage: float
    gini: float
    diversity: float
    fairness: list[dict[str, Any]]

    def row(self) -> dict[str, str]:
        """For a table of policies."""
        lost = PER_HOURS * self.dropouts.lost
        cells = {
            "policy": self.policy,
            "weeks to ready, median": _weeks(self.readiness.median.value),
            "restricted mean": tables.number(self.readiness.mean.value, 1),
            "E_p at equal minutes": tables.number(self.targets.score.value),
            "minutes used": tables.percent(self.takeup.used.value),
            f"stayed only, per {PER_HOURS} h": f"{lost:+.2f}" if lost == lost else tables.UNDEFINED,
            "coverage": tables.percent(self.coverage),
            "Gini": tables.number(self.gini),
            "diversity": tables.number(self.diversity),
        }
        for one in self.fairness:
            cells[f"least by {one['grouping']}"] = f"{tables.percent(one['min'], 1)} ({one['group']})"
            cells[f"min/max by {one['grouping']}"] = tables.number(one["min/max"])
        return cells


def secondary(
    rollouts: Mapping[str, Rollout | Sequence[Rollout]],
    accounts: Mapping[str, Account],
    *,
    reference: str,
    catalog: Catalog,
    groups: Mapping[str, Array] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Secondary]:
    """Every policy of `rollouts`; accounts: of the same people under the same policies, `Account.of` each roll-out.

    groups: labels of learners, `[L]`, more than thirds by debt at first and by minutes under the reference.
    """
    minutes = common_minutes({name: one.hours for name, one in accounts.items()})
    base, lived = accounts[reference], {name: runs(some) for name, some in rollouts.items()}
    known = {
        "debt at first": fairness.thirds(base.books.debt[0]),
        "minutes": fairness.thirds(base.hours.sum(axis=0)),
        **(groups or {}),
    }
    stays, found = _active(lived[reference]), []
    for name, some in lived.items():
        account = accounts[name]
        spared = np.nansum((base.books.debt - account.books.debt)[1:], axis=0)
        hours = account.hours.sum(axis=0)
        shown, lists = _offered(some, len(catalog))
        apart = intra_list(lists, catalog, (LIST,))[LIST]
        found.append(
            Secondary(
                policy=name,
                readiness=readiness(account.books.debt, resamples=resamples, seed=seed),
                targets=_targets(account, minutes, resamples=resamples, seed=seed),
                takeup=_take_up(account, some, resamples=resamples, seed=seed),
                dropouts=score_with_dropouts(spared, hours, _active(some), stays, resamples=resamples, seed=seed),
                coverage=coverage(shown),
                gini=gini(shown),
                diversity=float(np.nanmean(apart)) if not np.isnan(apart).all() else float("nan"),
                fairness=_fairness(account, known),
            )
        )
    return found


def _targets(account: Account, minutes: FloatArray, *, resamples: int, seed: int) -> Targets:
    """E_p; whoever does not keep her role and its requirements has no full score, which drops her."""
    books = account.books
    steady = ((books.role == books.role[0]) & (books.asked == books.asked[0])).all(axis=0)
    full = np.where(steady, books.asked[0], books.passed[0])
    return targets_reached(books.passed, full, account.hours, minutes, resamples=resamples, seed=seed)


def _take_up(account: Account, some: Sequence[Rollout], *, resamples: int, seed: int) -> TakeUp:
    trained = len(account.hours) - some[0].rest  # in the rest nobody is offered what the minutes could be spent on
    began = [np.ones(one.active.shape[1], dtype=bool) if one.before is None else one.before.active[-1] for one in some]
    return take_up(
        account.taken,
        account.offers,
        account.hours,
        _active(some),
        budget=account.books.budget[:trained],
        began=np.concatenate(began),
        resamples=resamples,
        seed=seed,
    )


def _offered(some: Sequence[Rollout], items: int) -> tuple[IntArray, IntArray]:
    """How often each item was offered, `[items]`, and the first items that each learner was offered, `[L, LIST]`."""
    lists = []
    for one in some:
        first = one.log.position < LIST
        table = np.full((len(one.log.learners), LIST), -1, dtype=np.int64)
        table[one.log.owner[first], one.log.position[first]] = one.log.item[first]
        lists.append(table)
    every = np.concatenate([one.log.item for one in some])
    return exposure(every, items), np.concatenate(lists)


def _fairness(account: Account, groups: Mapping[str, Array]) -> list[dict[str, Any]]:
    closed = account.books.debt[0] - account.books.debt[-1]
    measures = {CLOSED: closed, "minutes": 60.0 * account.hours.sum(axis=0), "offers": account.offers}
    return fairness.worst(fairness.by_group(measures, groups), CLOSED)


def _weeks(value: float) -> str:
    return "never" if value == float("inf") else tables.number(value, 0)


def _active(some: Sequence[Rollout]) -> BoolArray:
    return np.concatenate([one.active for one in some], axis=1)
