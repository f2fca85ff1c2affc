"""What a running service has logged, as a data set in our layout and as a table of offers: new training data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import NOBODY, NOT_ASSESSED, Catalog, DataError, Roles, Sequences
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import Decision, decision_rows, decisions, training_rows, unpacked

TRAVELS: Final = ("propensity", "decision", "bundle", "policy", "eligible", "minutes_left", "offered")
"""Columns that travel with the interactions; the propensity is NaN where no drawn offer led to one.

eligible: how many items could be offered then, 0 without a drawn offer. minutes_left: that she had, infinite without a
limit. offered: the moment of the offer, seconds since the epoch, NaN without one. Off-policy estimates need all three.
"""


@dataclass(frozen=True)
class Written:
    """What became of a log. rows, learners: of the data set. judgeable: rows with a propensity.

    unheard: interactions left out because the catalog does not hold their item. unanswered: drawn offers of which
    nothing came. otherwise: drawn offers that were asked with another role or requirement than most of hers, which
    stay as history without a propensity.
    """

    rows: int
    learners: int
    judgeable: int
    unheard: int
    unanswered: int
    otherwise: int


def write(
    database: Database,
    catalog: Catalog,
    folder: Path | str,
    *,
    roles: Roles | None = None,
    bundle: str | None = None,
    declined: bool = False,
) -> Written:
    """Write all stored interactions as a data set that `data=FOLDER` reads; learners bear their pseudonyms.

    catalog, roles: of the bundle that serves. A learner's role is the one that most of her drawn offers were
    asked with. bundle: its version; propensities of other bundles are left out. declined: a drawn offer of which
    nothing came is a declined one. Raises DataError if no interaction is left.
    """
    drawn, role = _drawn(database, bundle), _roles(database, roles)
    rows, unanswered = list(training_rows(database)), _unanswered(database, drawn)
    if declined:
        rows = _together([*rows, *(_declined(*one) for one in unanswered)])
    there = catalog.indices([row["item"] for row in rows]) >= 0
    kept = [row for row, known in zip(rows, there, strict=True) if known]
    if not kept:
        raise DataError("the store holds no interaction with an item of this catalog; give the bundle that serves it")
    log = sequences([row | _offer(row, drawn, role, items=len(catalog)) for row in kept], catalog)
    names = [] if roles is None else [str(one) for one in roles.names]
    place = np.array([names.index(role[who]) if who in role else NOBODY for who in map(str, log.learners)])
    learner = {} if roles is None else {"role": place}
    table.write(Dataset(name=Path(folder).name, sequences=log, learner=learner, roles=roles), folder)
    judgeable = int((~np.isnan(log.extra["propensity"])).sum())
    return Written(
        rows=len(log),
        learners=len(log.learners),
        judgeable=judgeable,
        unheard=len(rows) - len(kept),
        unanswered=len(unanswered),
        otherwise=sum(row["propensity"] == row["propensity"] for row in kept) - judgeable,
    )


def sequences(rows: Sequence[Mapping[str, Any]], catalog: Catalog) -> Sequences:
    """Rows of `training_rows`, learner by learner, as histories with the columns `TRAVELS` in `extra`."""
    lengths: dict[str, int] = {}
    for row in rows:
        lengths[row["learner"]] = lengths.get(row["learner"], 0) + 1
    item = catalog.indices([row["item"] for row in rows])
    spent = [
        row["minutes"] if row["minutes"] is not None else catalog.minutes[i] for row, i in zip(rows, item, strict=True)
    ]
    return Sequences.of(
        catalog,
        list(lengths),
        list(lengths.values()),
        item,
        np.asarray([row["outcome"] for row in rows]),
        accepted=np.asarray([row["accepted"] for row in rows]),
        minutes=np.asarray(spent),
        time=np.asarray([row["time"] for row in rows]),
        extra={name: np.asarray([row[name] for row in rows]) for name in TRAVELS},
    )


def write_offers(database: Database, catalog: Catalog | None, path: Path | str) -> int:
    """Write a row for each item that was offered, as Parquet; returns their number.

    catalog: of the bundle whose offers these are, to name the candidates of each; None leaves them out.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = list(decision_rows(database, catalog))
    pq.write_table(pa.Table.from_pylist(rows), path)
    return len(rows)


def _drawn(database: Database, bundle: str | None) -> dict[str, tuple[str, Decision]]:
    """Learner and decision of every drawn offer, by the decision's id."""
    every = ((who, one) for who, one in decisions(database) if one.drawn and one.items)
    return {one.id: (who, one) for who, one in every if bundle in (None, one.bundle)}


def _roles(database: Database, roles: Roles | None) -> dict[str, str]:
    """The role that most of a learner's drawn offers were asked with, else most of the others; of equals the last."""
    known = set() if roles is None else {str(one) for one in roles.names}
    asked: dict[str, dict[str, tuple[int, int, int]]] = {}
    for number, (who, one) in enumerate(decisions(database)):
        if (role := str(one.asked.get("role", ""))) in known:
            drawn, every, _ = asked.setdefault(who, {}).get(role, (0, 0, 0))
            asked[who][role] = (drawn + one.drawn, every + 1, number)
    return {who: max(counts, key=lambda role: counts[role]) for who, counts in asked.items()}


def _unanswered(database: Database, drawn: Mapping[str, tuple[str, Decision]]) -> list[tuple[str, Decision]]:
    """Learner and decision of drawn offers of which no interaction came."""
    query = "SELECT DISTINCT decision FROM interactions WHERE decision IS NOT NULL"
    answered = {row[0] for row in database.read(lambda on: on.execute(query).fetchall())}
    return [one for name, one in drawn.items() if name not in answered]


def _declined(learner: str, one: Decision) -> dict[str, Any]:
    """A drawn offer of which nothing came, as a row of `training_rows`."""
    item = one.items[0]
    offered = {"item": item["item"], "time": one.at, "minutes": None, "propensity": float(item["propensity"])}
    came = {"accepted": False, "outcome": NOT_ASSESSED}
    return {"learner": learner, "decision": one.id, "bundle": one.bundle, "policy": one.policy} | offered | came


def _together(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Learners in the order of their first rows, the rows of each in the order of time."""
    first = {row["learner"]: place for place, row in reversed(list(enumerate(rows)))}
    return sorted(rows, key=lambda row: (first[row["learner"]], row["time"]))


def _offer(
    row: Mapping[str, Any], drawn: Mapping[str, tuple[str, Decision]], role: Mapping[str, str], *, items: int
) -> dict[str, Any]:
    """What off-policy estimates have to know of the offer that a row came of; no propensity if they cannot use it."""
    nothing = {"propensity": np.nan, "eligible": 0, "minutes_left": np.inf, "offered": np.nan}
    if row["decision"] not in drawn or row["propensity"] != row["propensity"]:
        return nothing
    one = drawn[row["decision"]][1]
    if "requirement" in one.asked or one.asked.get("role", "") != role.get(row["learner"], ""):
        return nothing
    return {
        "propensity": row["propensity"],
        "eligible": int(unpacked(one.eligible, items).sum()),
        "minutes_left": float(one.asked.get("minutes", np.inf)),
        "offered": one.at,
    }
