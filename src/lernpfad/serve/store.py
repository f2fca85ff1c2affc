"""What is kept of learners: every interaction once, the state it led to, what was decided; and how all of it goes."""

import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Final

from lernpfad.core import LernpfadError
from lernpfad.serve.database import Database, StoreError, Transaction
from lernpfad.serve.decisions import Decision, insert
from lernpfad.serve.history import Rows
from lernpfad.serve.tables import LEARNER_TABLES, NOT_VOIDED, prepare

_LOG: Final = logging.getLogger(__name__)
_COLUMNS = "item, outcome, accepted, minutes, time"


@dataclass(frozen=True)
class Interaction:
    """One row to store. id: the client's, one for each interaction of a learner; the rest as in `Rows`.

    decision: id of the decision that offered it, if any.
    """

    id: str
    item: str
    outcome: int
    accepted: bool
    minutes: float | None
    time: float
    decision: str | None = None


@dataclass(frozen=True)
class Recorded:
    """What came of a post. stored: rows that are new. repeated: rows that were there already, and count once."""

    stored: int
    repeated: int


@dataclass(frozen=True)
class Cached:
    """A state and the rows it was made of: the first `covers` of the history, which hash to `digest`."""

    bundle: str
    covers: int
    digest: str
    arrays: bytes


@dataclass(frozen=True)
class Known:
    """All that is stored of a learner. number: None for somebody of whom nothing is."""

    number: int | None
    rows: Rows
    cached: Cached | None


@dataclass(frozen=True)
class Receipt:
    """Proof of an erasure. hash: sha256 of `nonce:learner`; the nonce is not kept, so it leads to nobody.

    scrubbed: the deleted rows have left the files too.
    """

    id: str
    nonce: str
    hash: str
    erased: float
    interactions: int
    decisions: int
    scrubbed: bool


class ConflictError(LernpfadError):
    """An id that was stored with other content. place: which of the posted rows."""

    def __init__(self, place: int) -> None:
        super().__init__("is stored already with other content; interactions do not change, post a new id")
        self.place = place


class MovedError(LernpfadError):
    """The learner was erased after she was read; what was computed of her must not be stored."""


class Store:
    """The learners in one database. Ids of learners and interactions are stored as keyed hashes only."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.secret = bytes.fromhex(prepare(database))

    def pseudonym(self, learner: str) -> str:
        """What stands for a learner's id in the database and in all that is exported from it."""
        return self.hashed("learner", learner)

    def record(self, posted: Sequence[tuple[str, Interaction]], *, now: float) -> Recorded:
        """Store rows of any learners, all or none; they are on the disk when this returns.

        Raises ConflictError, storing nothing, if an id is there already with other content.
        """
        places: dict[str, list[int]] = {}
        for place, (learner, _) in enumerate(posted):
            places.setdefault(self.pseudonym(learner), []).append(place)
        rows = [row for _, row in posted]

        def work(on: Transaction) -> int:
            # always in the same order, so that two batches never wait for each other
            return sum(self.append(on, one, rows, places[one], now=now) for one in sorted(places))

        stored = self.database.write(work)
        return Recorded(stored, len(posted) - stored)

    def known(self, learner: str) -> Known:
        """A learner's interactions in the order of their times, and her state as far as it was kept."""
        pseudonym = self.pseudonym(learner)

        def work(on: Transaction) -> Known:
            found = on.execute(
                "SELECT number, bundle, covers, digest, arrays FROM learners LEFT JOIN states ON learner = number "
                "WHERE pseudonym = ?",
                (pseudonym,),
            ).fetchone()
            if found is None:
                return Known(None, Rows(), None)
            rows = on.execute(
                f"SELECT {_COLUMNS} FROM interactions WHERE learner = ? AND {NOT_VOIDED} ORDER BY time, place",
                (found[0],),
            ).fetchall()
            cached = None if found[1] is None else Cached(found[1], found[2], found[3], bytes(found[4]))
            return Known(found[0], columns(rows), cached)

        return self.database.read(work)

    def keep(self, learner: str, known: Known, cached: Cached | None, decision: Decision | None = None) -> None:
        """Store what was computed from `known`: the state, and the decision if there was one.

        Raises MovedError, storing nothing, if the learner has been erased meanwhile.
        """
        pseudonym = self.pseudonym(learner)

        def work(on: Transaction) -> None:
            number, _ = self.locked(on, pseudonym, create=known.number is None)
            if number is None or (known.number is not None and number != known.number):
                raise MovedError("the learner was erased while she was being answered; ask again")
            if cached is not None:
                on.execute("DELETE FROM states WHERE learner = ?", (number,))
                on.execute(
                    "INSERT INTO states (learner, bundle, covers, digest, arrays) VALUES (?, ?, ?, ?, ?)",
                    (number, cached.bundle, cached.covers, cached.digest, cached.arrays),
                )
            if decision is not None:
                insert(on, number, decision)

        self.database.write(work)

    def erase(self, learner: str, *, now: float) -> Receipt:
        """Delete every row of a learner, also from the files; what is left is a receipt. Bears being repeated.

        Once the rows are gone the receipt is given, since it cannot be made again; it says whether the files hold any.
        """
        pseudonym, receipt, nonce = self.pseudonym(learner), token_hex(16), token_hex(16)
        proof = sha256(f"{nonce}:{learner}".encode()).hexdigest()

        def work(on: Transaction) -> Mapping[str, int]:
            number, _ = self.locked(on, pseudonym, create=False)
            on.execute(
                "DELETE FROM statements WHERE voids IN (SELECT id FROM interactions WHERE learner = ?)", (number,)
            )
            gone = {
                table: 0 if number is None else on.execute(f"DELETE FROM {table} WHERE learner = ?", (number,)).rowcount
                for table in LEARNER_TABLES
            }
            on.execute("DELETE FROM learners WHERE number = ?", (number,))  # not one who came meanwhile
            on.execute(
                "INSERT INTO receipts (id, erased, hash, interactions, decisions) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO NOTHING",
                (receipt, now, proof, gone["interactions"], gone["decisions"]),
            )
            # read back: done a second time, because the answer to the first got lost, it deletes nothing
            found = on.execute("SELECT interactions, decisions FROM receipts WHERE id = ?", (receipt,)).fetchone()
            return {"interactions": int(found[0]), "decisions": int(found[1])}

        gone = self.database.write(work)
        scrubbed = True
        try:
            self.database.scrub()
        except StoreError as problem:
            scrubbed = False
            _LOG.error("%s", problem)
        return Receipt(receipt, nonce, proof, now, gone["interactions"], gone["decisions"], scrubbed)

    def append(
        self, on: Transaction, pseudonym: str, rows: Sequence[Interaction], places: Sequence[int], *, now: float
    ) -> int:
        """Add one learner's rows, those at `places`, within a transaction; returns how many are new."""
        number, counted = self.locked(on, pseudonym, create=True)
        stored = 0
        for place in places:
            row = rows[place]
            key, content = self.hashed("interaction", row.id), _content(row)
            added = on.execute(
                f"INSERT INTO interactions (learner, id, place, {_COLUMNS}, decision, received) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (learner, id) DO NOTHING",
                (number, key, counted + stored, *content, now),
            ).rowcount
            if not added and _stored_content(on, number, key) != content:
                raise ConflictError(place)
            stored += added
        if stored:
            on.execute("UPDATE learners SET counted = ? WHERE number = ?", (counted + stored, number))
        return stored

    def locked(self, on: Transaction, pseudonym: str, *, create: bool) -> tuple[int | None, int]:
        """Number and count of a learner, whom nobody else changes until the transaction ends; None if there is none."""
        query = f"SELECT number, counted FROM learners WHERE pseudonym = ?{self.database.dialect.lock}"
        while True:
            if create:
                on.execute(
                    "INSERT INTO learners (pseudonym, counted) VALUES (?, 0) ON CONFLICT (pseudonym) DO NOTHING",
                    (pseudonym,),
                )
            found = on.execute(query, (pseudonym,)).fetchone()
            if found is not None:
                return found[0], found[1]
            if not create:
                return None, 0
            # she was there, and the erasure for whose end the query waited has taken her away: she begins anew

    def hashed(self, what: str, name: str) -> str:
        """What stands for an id of this kind in the database: HMAC-SHA256 under its secret, 128 bits."""
        return hmac.new(self.secret, f"{what}:{name}".encode(), sha256).hexdigest()[:32]


def _content(row: Interaction) -> tuple[object, ...]:
    return (row.item, row.outcome, int(row.accepted), row.minutes, row.time, row.decision)


def _stored_content(on: Transaction, number: int | None, key: str) -> tuple[object, ...]:
    query = f"SELECT {_COLUMNS}, decision FROM interactions WHERE learner = ? AND id = ?"
    return tuple(on.execute(query, (number, key)).fetchone())


def columns(rows: Sequence[Sequence[object]]) -> Rows:
    """Rows of item, outcome, accepted, minutes and time as columns."""
    if not rows:
        return Rows()
    item, outcome, accepted, minutes, time = zip(*rows, strict=True)
    return Rows(item, outcome, tuple(bool(one) for one in accepted), minutes, time)
