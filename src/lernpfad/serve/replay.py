"""Making a logged decision again: the same bundle, the rows known then, the same request, the same luck."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lernpfad.core import LernpfadError
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import Decision, decisions
from lernpfad.serve.learners import Learners
from lernpfad.serve.store import Known, columns
from lernpfad.serve.stored import LearnerItemsRequest, LearnerPathRequest


class ReplayError(LernpfadError):
    """A decision cannot be made again."""


@dataclass(frozen=True)
class Compared:
    """A log made again. same: how many decisions came out equal. differ: ids of those that did not, or could not.

    others: decisions of other bundles, which were left alone.
    """

    same: int
    differ: Sequence[str]
    others: int


def replay(learners: Learners, pseudonym: str, logged: Decision) -> Decision:
    """The decision as it is made now. Raises ReplayError if the bundle is another, or the rows then are not there."""
    if logged.bundle != learners.engine.bundle.version:
        raise ReplayError(f"decision {logged.id} is of bundle {logged.bundle}; replay it with that one")
    known = Known(None, columns(_rows(learners.store.database, pseudonym, logged)), None)
    if known.rows.digest(len(known.rows)) != logged.digest:
        raise ReplayError(f"decision {logged.id}: the interactions that were known then are not in the store")
    asked = dict(logged.asked)
    why = str(asked.pop("curriculum", ""))
    told: dict[str, Any] = asked | {"learner": "replayed", "at": logged.at}
    if _of_path(asked):
        plan = LearnerPathRequest.model_validate(told)
        return learners.plan(plan, known, now=logged.made, why=why, name=logged.id)[0]
    request = LearnerItemsRequest.model_validate(told)
    return learners.decide(request, known, now=logged.made, why=why, name=logged.id)[0]


def compare(learners: Learners) -> Compared:
    """Make every decision of this bundle again."""
    same, others = 0, 0
    differ: list[str] = []
    for pseudonym, logged in decisions(learners.store.database):
        if logged.bundle != learners.engine.bundle.version:
            others += 1
        elif _equal(learners, pseudonym, logged):
            same += 1
        else:
            differ.append(logged.id)
    return Compared(same, differ, others)


def _of_path(asked: Mapping[str, Any]) -> bool:
    """Whether a path was asked for: `draw` is what the next items alone can be asked for, and always logged with."""
    return "draw" not in asked


def _equal(learners: Learners, pseudonym: str, logged: Decision) -> bool:
    try:
        made = replay(learners, pseudonym, logged)
    except ReplayError:
        return False
    return _said(made) == _said(logged)


def _said(one: Decision) -> Mapping[str, Any]:
    return {"items": list(one.items), "eligible": one.eligible, "policy": one.policy, "at": one.at}


def _rows(database: Database, pseudonym: str, logged: Decision) -> list[Any]:
    """The rows that were known: the first to arrive, less those that had been taken back by then."""
    query = (
        "SELECT item, outcome, accepted, minutes, time, place FROM interactions JOIN learners ON number = learner "
        "WHERE pseudonym = ? AND NOT EXISTS (SELECT 1 FROM statements WHERE voids = interactions.id AND received <= ?) "
        "ORDER BY place LIMIT ?"
    )
    given = (pseudonym, logged.made, logged.covers)
    found = database.read(lambda on: on.execute(query, given).fetchall())
    return [row[:5] for row in sorted(found, key=lambda row: (row[4], row[5]))]
