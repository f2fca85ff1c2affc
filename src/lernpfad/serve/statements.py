"""Statements in the store: each id once and with one content, its interaction with it, all of a post or none."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from lernpfad.serve.database import Transaction
from lernpfad.serve.engine import RequestError
from lernpfad.serve.store import ConflictError, Interaction, Recorded, Store
from lernpfad.serve.xapi import Statement


@dataclass(frozen=True)
class _Owned:
    """The statements of one learner, or, under "", those that void others. places: where they stand in the post."""

    pseudonym: str
    places: tuple[int, ...]


def keep(store: Store, posted: Sequence[Statement], *, now: float, batch: bool) -> Recorded:
    """Store statements; they are on the disk when this returns. The same again changes nothing.

    Raises RequestError (409) that names the statement whose id was stored with other content; then nothing is stored.
    """
    owned = _by_learner(store, posted)

    def work(on: Transaction) -> int:
        return sum(_kept(store, on, posted, one, now=now) for one in owned)

    try:
        stored = store.database.write(work)
    except ConflictError as problem:
        field = f"statements[{problem.place}].id" if batch else "statement.id"
        line = "is stored already with other content; statements do not change, void it and send a new one"
        raise RequestError(field, line, status=409) from problem
    return Recorded(stored, len(posted) - stored)


def _by_learner(store: Store, posted: Sequence[Statement]) -> list[_Owned]:
    places: dict[str, list[int]] = {}
    for place, one in enumerate(posted):
        places.setdefault("" if one.learner is None else store.pseudonym(one.learner), []).append(place)
    # always in the same order, so that two posts never wait for each other
    return [_Owned(name, tuple(sorted(places[name], key=lambda place: posted[place].id))) for name in sorted(places)]


def _kept(store: Store, on: Transaction, posted: Sequence[Statement], owned: _Owned, *, now: float) -> int:
    number = store.locked(on, owned.pseudonym, create=True)[0] if owned.pseudonym else None
    # rows of the same second keep the order in which they were sent
    new = sorted(place for place in owned.places if _is_new(store, on, posted[place], place, number, now=now))
    rows = [posted[place].interaction for place in new]
    led = [(place, row) for place, row in zip(new, rows, strict=True) if row is not None]
    if led:
        _append(store, on, owned.pseudonym, led, now=now)
    return len(new)


def _is_new(store: Store, on: Transaction, one: Statement, place: int, number: int | None, *, now: float) -> bool:
    key, digest = store.hashed("statement", one.id), hmac.new(store.secret, one.content, sha256).hexdigest()
    voids = None if one.voids is None else store.hashed("interaction", f"xapi:{one.voids}")
    added = on.execute(
        "INSERT INTO statements (id, learner, digest, voids, received) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO NOTHING",
        (key, number, digest, voids, now),
    ).rowcount
    if not added and on.execute("SELECT digest FROM statements WHERE id = ?", (key,)).fetchone()[0] != digest:
        raise ConflictError(place)
    return bool(added)


def _append(
    store: Store, on: Transaction, pseudonym: str, led: Sequence[tuple[int, Interaction]], *, now: float
) -> None:
    try:
        store.append(on, pseudonym, [row for _, row in led], range(len(led)), now=now)
    except ConflictError as problem:  # of a row that was posted elsewhere under this id
        raise ConflictError(led[problem.place][0]) from problem
