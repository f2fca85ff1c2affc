"""`lernpfad serve keys` and `lernpfad serve decisions`: the keys of a store, and its logs as JSON lines."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from lernpfad.core import ConfigError, unknown_name
from lernpfad.serve.database import SERVERS, Database, connect
from lernpfad.serve.store import Store

KEYS_HELP: Final = """usage: lernpfad serve keys store=WHERE [make=SCOPES | revoke=ID]

Lists the API keys of a store, or makes one and shows it this once, or revokes one at once.

  store=WHERE       as for lernpfad serve (required)
  make=SCOPES       what the new key is good for: read, write, erase, joined by commas
  revoke=ID         the key with this id is refused from now on

  lernpfad serve keys store=learners.db make=read,write
"""

DECISIONS_HELP: Final = """usage: lernpfad serve decisions store=WHERE [rows=offers] [out=FILE]

Writes the log of a store as JSON lines. Learners are named by their pseudonyms.

  store=WHERE       as for lernpfad serve (required)
  rows=offers       offers: a line for each item offered, with propensity, reason, model and policy version;
                    interactions: a line for each interaction, with the propensity of the offer that it came of
  out=FILE          standard output without it

  lernpfad serve decisions store=learners.db rows=interactions out=interactions.jsonl
"""


def keys(words: Sequence[str]) -> None:
    """List, make or revoke keys. Raises ConfigError of one line."""
    from lernpfad.serve.keys import SCOPES, Keys

    given = _given(words, ("store", "make", "revoke"), what="keys")
    if {"make", "revoke"} <= given.keys():
        raise ConfigError("keys: give make= or revoke=, not both")
    database = existing(given["store"])
    kept = Keys(database)
    if "make" in given:
        print(kept.make([scope for scope in given["make"].split(",") if scope], now=time.time()))
    elif "revoke" in given:
        kept.revoke(given["revoke"], now=time.time())
    else:
        for one in kept.listed():
            print(one.id, *(scope for scope in SCOPES if scope in one.scopes))
    database.close()


def decisions(words: Sequence[str]) -> None:
    """Write the log. Raises ConfigError of one line."""
    from lernpfad.serve.decisions import decision_rows, json_lines, training_rows

    kinds = {"offers": decision_rows, "interactions": training_rows}
    given = _given(words, ("store", "rows", "out"), what="decisions")
    kind = given.get("rows", "offers")
    if kind not in kinds:
        raise ConfigError(unknown_name("kind of rows", kind, kinds))
    database = existing(given["store"])
    lines = json_lines(kinds[kind](database))
    if "out" not in given:
        sys.stdout.writelines(lines)
    else:
        with Path(given["out"]).open("w", encoding="utf-8") as out:
            out.writelines(lines)
    database.close()


def existing(where: str) -> Database:
    """The store at `where`, which has to be there: a misspelt path must not make an empty one."""
    if not where.startswith(SERVERS) and "://" not in where and not Path(where).is_file():
        raise ConfigError(f"no store at {where}; mend the path, or start lernpfad serve with it first")
    database = connect(where)
    Store(database)
    return database


def _given(words: Sequence[str], known: Sequence[str], *, what: str) -> Mapping[str, str]:
    given: dict[str, str] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"{what} takes key=value words, got '{word}'; try `lernpfad serve {what} --help`")
        if key not in known:
            raise ConfigError(unknown_name(f"{what} setting", key, known))
        given[key] = text
    if not given.get("store"):
        raise ConfigError(f"{what} needs a store: lernpfad serve {what} store=learners.db")
    return given
