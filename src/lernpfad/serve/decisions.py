"""The decision log: what could have been offered, what was, with which propensity and why; and rows made of it."""

import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lernpfad.core import NOT_ASSESSED, BoolArray, Catalog
from lernpfad.serve.database import Database, Transaction
from lernpfad.serve.files import canonical
from lernpfad.serve.tables import NOT_VOIDED

CHUNK: Final = 2_000
"""Rows that are read at once when the log is turned into rows; bounds memory, not results."""

_COLUMNS: Final = "id, made, at, bundle, policy, covers, digest, asked, eligible, items, drawn"


@dataclass(frozen=True)
class Decision:
    """One answer, as it can be replayed: the same bundle, history and request give the same items.

    made: the clock, seconds. at: the moment answered for, seconds. bundle: version of models and catalog.
    policy: class and hash of its settings. covers, digest: the rows of the history that were known, and their hash.
    asked: the request without the learner. eligible: which items of the bundle's catalog could be offered, packed.
    items: those offered, best first, with propensity, reason and estimates. drawn: the first one was drawn from the
    policy's propensities, so that its propensity is the probability of this offer; else the order is the policy's.
    """

    id: str
    made: float
    at: float
    bundle: str
    policy: str
    covers: int
    digest: str
    asked: Mapping[str, Any]
    eligible: bytes
    items: Sequence[Mapping[str, Any]]
    drawn: bool


def packed(eligible: BoolArray) -> bytes:
    """Which items of a catalog `[I]` were candidates, small: one bit an item, compressed."""
    return zlib.compress(np.packbits(eligible).tobytes())


def unpacked(eligible: bytes, items: int) -> BoolArray:
    """`[I]`, what `packed` was given."""
    return np.unpackbits(np.frombuffer(bits(eligible), dtype=np.uint8), count=items).astype(bool)


def bits(eligible: bytes) -> bytes:
    """What `packed` compressed. To be compared by it: another version of zlib compresses the same to other bytes."""
    return zlib.decompress(eligible)


def insert(on: Transaction, learner: int, one: Decision) -> None:
    """Append a decision to the log; a repeated id changes nothing."""
    asked, items = canonical(dict(one.asked)).decode(), canonical([dict(item) for item in one.items]).decode()
    on.execute(
        f"INSERT INTO decisions (learner, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING",
        (
            learner,
            *(one.id, one.made, one.at, one.bundle, one.policy, one.covers, one.digest),
            *(asked, one.eligible, items, int(one.drawn)),
        ),
    )


def decisions(database: Database) -> Iterator[tuple[str, Decision]]:
    """Every decision with the learner's pseudonym, oldest first."""
    query = (
        f"SELECT d.number, pseudonym, {_COLUMNS} FROM decisions d JOIN learners l ON l.number = d.learner "
        "WHERE d.number > ? ORDER BY d.number LIMIT ?"
    )
    last = 0
    while rows := database.read(lambda on, last=last: on.execute(query, (last, CHUNK)).fetchall()):  # type: ignore[misc]
        last = rows[-1][0]
        for _, pseudonym, *fields in rows:
            yield pseudonym, _read(dict(zip(_COLUMNS.split(", "), fields, strict=True)))


def decision_rows(database: Database, catalog: Catalog | None = None) -> Iterator[dict[str, Any]]:
    """One row for each offered item of each decision, for audits and off-policy estimates.

    catalog: of the bundle that decided, to name the candidates of each decision; without one they are None.
    """
    for learner, one in decisions(database):
        yield from offers(learner, one, None if catalog is None else _candidates(one, catalog))


def offers(learner: str, one: Decision, candidates: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of one decision; see `decision_rows`. learner: the pseudonym."""
    for place, item in enumerate(one.items):
        yield {
            "decision": one.id,
            "learner": learner,
            "made": one.made,
            "time": one.at,
            "bundle": one.bundle,
            "policy": one.policy,
            "history": one.digest,
            "covers": one.covers,
            "drawn": one.drawn,
            "place": place,
            "item": item["item"],
            "propensity": item["propensity"],
            "reason": item["reason"],
            "candidates": candidates,
        }


def training_rows(database: Database) -> Iterator[dict[str, Any]]:
    """Every interaction as a row of `interactions` in our layout (see `lernpfad.data.table`), learner by learner.

    Columns beside it travel with the rows: `propensity` of the offer that it came of, where that offer was drawn (NaN
    elsewhere: what a learner picks from a ranked list was not drawn by the policy), the `decision`, and `bundle` and
    `policy` that made it ("" without one). `minutes` is None where the item's own count. An offer was drawn once: of
    several rows that came of it one has the propensity, the first with an outcome, or the first.
    """
    last = 0
    while learners := _learners(database, last):
        last = learners[-1][0]
        for number, pseudonym in learners:
            yield from _history(database, number, pseudonym)


def json_lines(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Rows as lines of JSON, NaN as null."""
    for row in rows:
        plain = {name: None if value != value else value for name, value in row.items()}
        yield json.dumps(plain, allow_nan=False) + "\n"


def _read(fields: dict[str, Any]) -> Decision:
    asked, items = json.loads(fields["asked"]), json.loads(fields["items"])
    stored = {"asked": asked, "items": items, "eligible": bytes(fields["eligible"]), "drawn": bool(fields["drawn"])}
    return Decision(**fields | stored)


def _candidates(one: Decision, catalog: Catalog) -> list[str]:
    return [str(item) for item in catalog.items[unpacked(one.eligible, len(catalog))]]


def _learners(database: Database, last: int) -> list[Any]:
    query = "SELECT number, pseudonym FROM learners WHERE number > ? ORDER BY number LIMIT ?"
    return database.read(lambda on: on.execute(query, (last, CHUNK)).fetchall())


def _history(database: Database, number: int, pseudonym: str) -> Iterator[dict[str, Any]]:
    query = (
        "SELECT interactions.id, item, time, accepted, outcome, minutes, interactions.decision, bundle, policy, items, "
        "drawn FROM interactions "
        "LEFT JOIN decisions d ON d.id = interactions.decision AND d.learner = interactions.learner "
        f"WHERE interactions.learner = ? AND {NOT_VOIDED} ORDER BY time, place"
    )
    found = database.read(lambda on: on.execute(query, (number,)).fetchall())
    chances = [_propensity(item, offered, drawn=bool(drawn)) for _, item, *_, offered, drawn in found]
    speaks: dict[str, int] = {}  # which row has the propensity of a decision
    for n, (_, _, _, _, outcome, _, decision, *_) in enumerate(found):
        better = decision not in speaks or (found[speaks[decision]][4] == NOT_ASSESSED and outcome != NOT_ASSESSED)
        if better and not math.isnan(chances[n]):
            speaks[decision] = n
    for n, (key, item, time, accepted, outcome, minutes, decision, bundle, policy, _, _) in enumerate(found):
        yield {
            "learner": pseudonym,
            "id": key,
            "item": item,
            "time": time,
            "accepted": bool(accepted),
            "outcome": outcome,
            "minutes": minutes,
            "propensity": chances[n] if speaks.get(decision) == n else math.nan,
            "decision": decision or "",
            "bundle": bundle or "",
            "policy": policy or "",
        }


def _propensity(item: str, offered: str | None, *, drawn: bool) -> float:
    first = json.loads(offered)[:1] if offered and drawn else []
    return float(first[0]["propensity"]) if first and first[0]["item"] == item else math.nan
