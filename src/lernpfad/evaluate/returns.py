"""Return on learning in numbers: what a workforce owed, why that changed, what it took, and for whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from lernpfad.core import Array, BoolArray, DataError, FloatArray, Sequences
from lernpfad.evaluate.books import COVERED, Books
from lernpfad.evaluate.closed_loop import READY_DEBT
from lernpfad.evaluate.decomposition import service_ratio
from lernpfad.evaluate.disclosure import FEWEST, shown
from lernpfad.evaluate.intervals import ratio
from lernpfad.evaluate.money import BAND, Terms, Worth, worth
from lernpfad.evaluate.waste import WEEK, useless

EVERYBODY: Final = "everybody"

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Account:
    """What a workforce owed and what it did about it, under one policy.

    policy: its name. books: see `Books`. hours: spent, `[weeks, L]`. wasted, spent: minutes of items that were taken,
    those without use among them, `[L]`. offers, taken: number of items, `[L]`.
    """

    policy: str
    books: Books
    hours: FloatArray
    wasted: FloatArray
    spent: FloatArray
    offers: FloatArray
    taken: FloatArray

    @classmethod
    def of(cls, policy: str, books: Books, log: Sequences, hours: FloatArray) -> Self:
        """From the log of the weeks of the books; rows outside of them are left out."""
        week = ((log.time - books.start) // WEEK).astype(np.int64)
        inside = (week >= 0) & (week < books.weeks)
        row = np.flatnonzero(inside & log.accepted & (log.item >= 0))
        who, skills = log.owner[row], log.catalog.skills_of(log.item[row])
        idle = useless(books.wanted[week[row], who], books.early[week[row], who], skills)

        def by_learner(owner: Array, weights: Array | None = None) -> FloatArray:
            return np.bincount(owner, weights=weights, minlength=len(log.learners)).astype(np.float64)

        return cls(
            policy=policy,
            books=books,
            hours=hours,
            wasted=by_learner(who, log.minutes[row] * idle),
            spent=by_learner(who, log.minutes[row]),
            offers=by_learner(log.owner[inside]),
            taken=by_learner(log.owner[inside & log.accepted]),
        )

    @classmethod
    def join(cls, some: Sequence["Account"]) -> Self:
        """The accounts of several populations under one policy, learners one after the other."""
        names = ("hours", "wasted", "spent", "offers", "taken")
        columns = {name: np.concatenate([getattr(one, name) for one in some], axis=-1) for name in names}
        return cls(policy=some[0].policy, books=Books.join([one.books for one in some]), **columns)


@dataclass(frozen=True, eq=False)
class Return:
    """All that a report on the return on learning is made of.

    account: of the policy, or of what really went on. reference: of the same people under the reference policy;
    without one, learning has no price: nobody knows what would have happened anyway. groups: labels, `[L]`, by
    what they are ("unit", "role"). terms, band, ends: see `money`. worlds: by what was changed, the account and its
    reference at two other values. simulated: debts are true ones of a world; otherwise a tracer believes in them.
    """

    account: Account
    reference: Account | None = None
    groups: Mapping[str, Array] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)
    band: tuple[float, ...] = BAND
    ends: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    worlds: Mapping[str, tuple[tuple[Account, Account], tuple[Account, Account]]] = field(default_factory=dict)
    simulated: bool = True
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        people = int(self.owes.sum())
        if people < FEWEST:
            raise DataError(
                f"return on learning: {people} people with requirements, at least {FEWEST} are needed; "
                "give learners roles, or report on more of them"
            )

    @cached_property
    def owes(self) -> BoolArray:
        """Who has requirements in every week, `[L]`: the others are in no figure."""
        return ~np.asarray(np.isnan(self.account.books.debt).any(axis=0), dtype=bool)

    @cached_property
    def worth(self) -> Worth | None:
        """What the debt spared against the reference is worth; None without a reference."""
        if self.reference is None:
            return None
        spared, hours = spared_and_hours(self.account, self.reference)
        return worth(spared[:, self.owes], hours[:, self.owes], self.terms)


def spared_and_hours(account: Account, reference: Account) -> tuple[FloatArray, FloatArray]:
    """Debt spared at the end of each week against the reference, and hours, `[weeks, L]` both."""
    return (reference.books.debt - account.books.debt)[1:], account.hours


def key_figures(account: Account, some: BoolArray) -> Row:
    """The key figures of some learners (mask, `[L]`), all of whom have requirements; shares in [0, 1].

    roles, drift, forgetting, learning: sums over the weeks, per person. target_debt: against the role that people aim
    at, mean over those who do, NaN unless they are at least `FEWEST`. A share that cannot be computed is NaN.
    """
    books, people = account.books, int(some.sum())
    change = books.change[some].sums()
    return {
        "people": people,
        "debt_start": float(books.debt[0, some].mean()),
        "debt_end": float(books.debt[-1, some].mean()),
        "roles": float(change.roles.mean()),
        "drift": float(change.drift.mean()),
        "forgetting": float(change.forgetting.mean()),
        "learning": float(change.learning.mean()),
        "service_ratio": service_ratio(change),
        "target_debt": _mean(books.target[-1, some]),
        "covered": float((books.met[-1, some] >= COVERED).mean()),
        "ready": float((books.debt[-1, some] < READY_DEBT).mean()),
        "minutes_a_week": 60.0 * float(account.hours[:, some].sum()) / (people * books.weeks),
        "accepted": ratio(float(account.taken[some].sum()), float(account.offers[some].sum())),
        "waste": ratio(float(account.wasted[some].sum()), float(account.spent[some].sum())),
    }


def by_group(found: Return) -> list[Row]:
    """Key figures of everybody, then of each group that may be shown; "grouping" and "group" say which.

    Groups that may not be shown are not even named; `hidden` counts them.
    """
    rows = [{"grouping": "", "group": EVERYBODY, **key_figures(found.account, found.owes)}]
    for name, open_ in visible(found).items():
        labels = np.asarray(found.groups[name]).astype(np.str_)
        for label in sorted(one for one, there in open_.items() if there):
            some = found.owes & (labels == label)
            rows.append({"grouping": name, "group": label, **key_figures(found.account, some)})
    return rows


def visible(found: Return) -> dict[str, dict[str, bool]]:
    """Which groups may be shown, by grouping and label."""
    return shown({name: np.asarray(labels)[found.owes] for name, labels in found.groups.items()})


def hidden(found: Return) -> dict[str, int]:
    """How many groups of each grouping may not be shown."""
    return {name: sum(not there for there in open_.values()) for name, open_ in visible(found).items()}


def by_week(account: Account, some: BoolArray) -> list[Row]:
    """Debt at the end of each week, and what moved it, means over some learners (mask, `[L]`); hours per person."""
    books, rows = account.books, []
    for week in range(books.weeks):
        change = books.change
        parts = {
            name: float(getattr(change, name)[week, some].mean())
            for name in ("roles", "drift", "forgetting", "learning", "net")
        }
        added = parts["roles"] + parts["drift"] + parts["forgetting"]
        rows.append(
            {
                "week": week + 1,
                "debt": float(books.debt[week + 1, some].mean()),
                **parts,
                "service_ratio": parts["learning"] / added if added > 0 else float("nan"),
                "hours": float(account.hours[week, some].mean()),
            }
        )
    return rows


def _mean(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) >= FEWEST else float("nan")
