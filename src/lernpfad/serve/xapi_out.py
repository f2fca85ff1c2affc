"""Our logs as xAPI statements, with what off-policy estimates need in the extensions of their context."""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from lernpfad.core import CORRECT, NOT_ASSESSED
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import bits, decisions, offers, training_rows
from lernpfad.serve.xapi import EXTENSIONS, VERBS

HOME: Final = "https://lernpfad.example.org"
OFFERED: Final = f"{EXTENSIONS}offered"
"""ADL has no verb for an offer; ours is read back as one that leads to no interaction."""


def statement_rows(database: Database, *, home: str = HOME) -> Iterator[dict[str, Any]]:
    """A statement for each offered item, then one for each interaction that was accepted; ids are always the same.

    home: homePage of the accounts, whose names are pseudonyms, and what items' IRIs begin with. A declined offer is an
    offer that no statement follows.
    """
    home = home.rstrip("/")
    for learner, one in decisions(database):
        candidates = sha256(bits(one.eligible)).hexdigest()
        for row in offers(learner, one):
            named = ("decision", "propensity", "policy", "bundle", "drawn", "place", "reason", "history")
            told = {name: row[name] for name in named} | {"candidates": candidates}
            yield _statement(row, home, verb=OFFERED, name=f"{row['decision']}/{row['place']}", told=told)
    for row in training_rows(database):
        if row["accepted"]:
            verb = f"{VERBS}experienced" if row["outcome"] == NOT_ASSESSED else f"{VERBS}answered"
            told = {name: row[name] for name in ("decision", "propensity", "policy", "bundle")}
            yield _statement(row, home, verb=verb, name=f"{row['learner']}/{row['id']}", told=told) | _result(row)


def _statement(row: Mapping[str, Any], home: str, *, verb: str, name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    extensions = {f"{EXTENSIONS}{key}": value for key, value in told.items() if _is_known(value)}
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{EXTENSIONS}{name}")),
        "timestamp": datetime.fromtimestamp(row["time"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "actor": {"objectType": "Agent", "account": {"homePage": home, "name": row["learner"]}},
        "verb": {"id": verb},
        "object": {"objectType": "Activity", "id": f"{home}/items/{quote(row['item'], safe='')}"},
        **({"context": {"extensions": extensions}} if extensions else {}),
    }


def _result(row: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if row["outcome"] != NOT_ASSESSED:
        result["success"] = row["outcome"] == CORRECT
    if row["minutes"] is not None:
        result["duration"] = f"PT{row['minutes'] * 60:.3f}".rstrip("0").rstrip(".") + "S"
    return {"result": result} if result else {}


def _is_known(value: object) -> bool:
    return value != "" and not (isinstance(value, float) and math.isnan(value))
