"""Human oversight (AI Act, Art. 14), all of it logged: override, contest, skip, the switch to the fixed curriculum."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from lernpfad.core import unknown_name
from lernpfad.serve.database import Database, StoreError, Transaction
from lernpfad.serve.engine import RequestError
from lernpfad.serve.store import Store

OVERRIDE, CONTEST, SKIP, SWITCH = "override", "contest", "skip", "switch"
ON, OFF = "on", "off"

_FACT: Final = "curriculum"
_CONFLICT: Final = "is logged already with other content; the log does not change, post a new id"
_COLUMNS: Final = "kind, decision, item, reason"


@dataclass(frozen=True)
class Intervention:
    """What a person did about a decision. id: the client's, the same again counts once.

    kind: override (another item was chosen: `item`), contest (the offer of `item` is objected to), skip (it is passed
    over). item: None for the first one offered. reason: hers, in words. who: id of the API key that told.
    """

    id: str
    kind: str
    decision: str
    item: str | None
    reason: str
    who: str


class Oversight:
    """Interventions in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def intervene(self, learner: str, one: Intervention, *, now: float) -> bool:
        """Log it; False if it was there already. Raises RequestError: no decision of hers, id with other content."""
        pseudonym = self.store.pseudonym(learner)
        key = self.store.hashed("intervention", f"{pseudonym}:{one.id}")

        def work(on: Transaction) -> bool:
            number, _ = self.store.locked(on, pseudonym, create=False)
            item = _item(one, _offered(on, number, one.decision))
            content = (one.kind, one.decision, item, one.reason)
            added = on.execute(
                f"INSERT INTO interventions (id, learner, {_COLUMNS}, who, made) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO NOTHING",
                (key, number, *content, one.who, now),
            ).rowcount
            if not added:
                _check_same(on, key, (number, *content))
            return bool(added)

        return self.store.database.write(work)

    def switch(self, name: str, *, on: bool, reason: str, who: str, now: float) -> None:
        """From now on the fixed curriculum decides, or the policy again, in every replica. name: its id."""
        key = self.store.hashed("intervention", name)

        def work(within: Transaction) -> None:
            within.execute(
                f"INSERT INTO interventions (id, {_COLUMNS}, who, made) VALUES (?, ?, NULL, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO NOTHING",  # it may be done again, see Database.write
                (key, SWITCH, ON if on else OFF, reason, who, now),
            )
            within.execute(
                "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (_FACT, ON if on else OFF),
            )

        self.store.database.write(work)

    @property
    def curriculum(self) -> bool:
        """Whether the fixed curriculum decides."""
        query = "SELECT value FROM facts WHERE name = ?"
        found = self.store.database.read(lambda on: on.execute(query, (_FACT,)).fetchone())
        return found is not None and found[0] == ON


class Switch:
    """The position of the switch; as it was last seen while the store is away, so that what needs no store goes on."""

    def __init__(self, oversight: Oversight) -> None:
        self.oversight = oversight
        self._seen = oversight.curriculum

    def on(self) -> bool:
        """Whether the fixed curriculum decides."""
        with suppress(StoreError):
            self._seen = self.oversight.curriculum
        return self._seen


def intervention_rows(database: Database) -> Iterator[dict[str, Any]]:
    """Every intervention, oldest first; `learner` is a pseudonym, "" for the switch, whose `item` is on or off."""
    query = (
        f"SELECT pseudonym, {_COLUMNS}, who, made FROM interventions LEFT JOIN learners ON learner = learners.number "
        "ORDER BY interventions.number"
    )
    for learner, kind, decision, item, reason, who, made in database.read(lambda on: on.execute(query).fetchall()):
        told = {"learner": learner or "", "kind": kind, "decision": decision or "", "item": item}
        yield told | {"reason": reason, "who": who, "made": made}


def _offered(on: Transaction, number: int | None, decision: str) -> list[str]:
    query = "SELECT items FROM decisions WHERE id = ? AND learner = ?"
    found = None if number is None else on.execute(query, (decision, number)).fetchone()
    if found is None:
        raise RequestError(
            "decision", "no decision of this learner has this id; take it from the answer with the items"
        )
    return [one["item"] for one in json.loads(found[0])]


def _item(one: Intervention, offered: list[str]) -> str | None:
    if one.kind != OVERRIDE and one.item is not None and one.item not in offered:
        raise RequestError("item", unknown_name("item in that decision", one.item, offered))
    return one.item if one.item is not None or not offered else offered[0]


def _check_same(on: Transaction, key: str, content: tuple[object, ...]) -> None:
    query = f"SELECT learner, {_COLUMNS} FROM interventions WHERE id = ?"
    if tuple(on.execute(query, (key,)).fetchone()) != content:
        raise RequestError("id", _CONFLICT, status=409)
