"""Making a logged decision again: the same bundle, the rows known then, the same request, the same luck.

The same means the same items in the same order, and numbers that agree to `TOLERANCE`: whether a state was walked from
row to row or reckoned from the whole history at once shows in the last bits of a network's float32.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lernpfad.core import LernpfadError
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import Decision, bits, decisions
from lernpfad.serve.history import Rows
from lernpfad.serve.learners import Learners
from lernpfad.serve.store import Known, columns
from lernpfad.serve.stored import LearnerItemsRequest, LearnerPathRequest
from lernpfad.serve.twin import TOLERANCE

APART: Final = 30.0
"""Seconds by which the clocks of those who decide and of those who take back may differ, or one may wait."""
MADE_OF_NUMBERS: Final = ("reason", "lead", "parts")
"""What words and counts make of the numbers beside them, where a last bit may decide; the numbers are compared."""


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
    told_then = _known_then(learners.store.database, pseudonym, logged)
    rows = next((some for some in told_then if some.digest(len(some)) == logged.digest), None)
    if rows is None:
        raise ReplayError(f"decision {logged.id}: the interactions that were known then are not in the store")
    known = Known(None, rows, None)
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
    alike = made.policy == logged.policy and made.at == logged.at and bits(made.eligible) == bits(logged.eligible)
    return alike and _same(_numbers(made), _numbers(logged))


def _numbers(one: Decision) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name not in MADE_OF_NUMBERS} for item in one.items]


def _same(one: Any, other: Any) -> bool:
    """Equal, but for numbers that agree to `TOLERANCE`."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= TOLERANCE * max(1.0, abs(one))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _known_then(database: Database, pseudonym: str, logged: Decision) -> Iterator[Rows]:
    """The rows that may have been known: the first to arrive, less those that had been taken back by then.

    By the clock; and, since clocks differ and a store may let one wait, as if any moment near it had been that one.
    """
    query = (
        "SELECT item, outcome, accepted, minutes, time, place, "
        "(SELECT MIN(received) FROM statements WHERE voids = interactions.id) "
        "FROM interactions JOIN learners ON number = learner WHERE pseudonym = ? ORDER BY place"
    )
    found = database.read(lambda on: on.execute(query, (pseudonym,)).fetchall())
    back = sorted({row[6] for row in found if row[6] is not None and abs(row[6] - logged.made) <= APART})
    for until in [logged.made, logged.made - APART, *back]:
        there = [row for row in found if row[6] is None or row[6] > until][: logged.covers]
        yield columns([row[:5] for row in sorted(there, key=lambda row: (row[4], row[5]))])
