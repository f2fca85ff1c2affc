"""`lernpfad serve keys`, `decisions`, `replay` and `scrub`: what an operator does with a store."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lernpfad.core import ConfigError, LernpfadError, unknown_name
from lernpfad.serve.database import SERVERS, Database, connect
from lernpfad.serve.store import Store

KEYS_HELP: Final = """usage: lernpfad serve keys store=WHERE [make=SCOPES [days=N] | revoke=ID]

Lists the API keys of a store, or makes one and shows it this once, or revokes one at once.

  store=WHERE       as for lernpfad serve (required)
  make=SCOPES       what the new key is good for: read, write, erase, admin, watch, joined by commas
  days=N            the new key is refused after so many days; never without
  revoke=ID         the key with this id is refused from now on

  lernpfad serve keys store=learners.db make=read,write
"""

DECISIONS_HELP: Final = """usage: lernpfad serve decisions store=WHERE [rows=offers] [out=FILE]

Writes the log of a store as JSON lines. Learners are named by their pseudonyms.

  store=WHERE       as for lernpfad serve (required)
  rows=offers       offers: a line for each item offered, with propensity, reason, model and policy version;
                    interactions: a line for each interaction, with the propensity of the offer that it came of;
                    interventions: overrides, contests, skips, and when the curriculum was switched on and off;
                    statements: offers and interactions as xAPI statements
  home=             homePage of the learners' accounts in statements, and their items' address before /items/
  out=FILE          standard output without it

  lernpfad serve decisions store=learners.db rows=interactions out=interactions.jsonl
"""


REPLAY_HELP: Final = """usage: lernpfad serve replay store=WHERE bundle=FOLDER [trust=PACKAGES]

Decides again whatever the log says that this bundle decided, and compares. Exit code 2 if any decision differs.

  store=WHERE       as for lernpfad serve (required)
  bundle=FOLDER     as for lernpfad serve (required)
  trust=            as for lernpfad serve

  lernpfad serve replay store=learners.db bundle=runs/bundle
"""


SCRUB_HELP: Final = """usage: lernpfad serve scrub store=WHERE

Leaves nothing of erased learners in the files of the store. SQLite does so with every erasure, unless its receipt says
that somebody was reading; then with the next write, or with this once nobody reads. PostgreSQL keeps bytes
of deleted rows in its pages until something else needs the place: this writes its tables anew, and whoever uses them
waits meanwhile. Run it when few do, as often as your promise to those who were erased asks for.

  store=WHERE       as for lernpfad serve (required)

  lernpfad serve scrub store=postgresql://lernpfad@database/lernpfad
"""


def look_after(what: str, words: Sequence[str]) -> None:
    """Do what one of `COMMANDS` asks for."""
    usage, command = COMMANDS[what]
    if any(word in ("-h", "--help", "help") for word in words):
        print(usage, end="")
    else:
        command(words)


def keys(words: Sequence[str]) -> None:
    """List, make or revoke keys. Raises ConfigError of one line."""
    from lernpfad.serve.keys import SCOPES, Keys

    given = _given(words, ("store", "make", "days", "revoke"), what="keys")
    if {"make", "revoke"} <= given.keys():
        raise ConfigError("keys: give make= or revoke=, not both")
    days = _days(given)
    database = existing(given["store"])
    kept = Keys(database)
    if "make" in given:
        scopes = [scope for scope in given["make"].split(",") if scope]
        print(kept.make(scopes, now=time.time(), days=days))
    elif "revoke" in given:
        kept.revoke(given["revoke"], now=time.time())
    else:
        for one in kept.listed():
            until = [] if one.expires is None else [f"until {datetime.fromtimestamp(one.expires, UTC):%Y-%m-%dT%H:%MZ}"]
            print(one.id, *(scope for scope in SCOPES if scope in one.scopes), *until)
    database.close()


def decisions(words: Sequence[str]) -> None:
    """Write the log. Raises ConfigError of one line."""
    from lernpfad.serve.decisions import decision_rows, json_lines, training_rows
    from lernpfad.serve.oversight import intervention_rows
    from lernpfad.serve.xapi_out import HOME, statement_rows

    given = _given(words, ("store", "rows", "home", "out"), what="decisions")
    kinds: dict[str, Callable[[Database], Iterable[Mapping[str, Any]]]] = {
        "offers": decision_rows,
        "interactions": training_rows,
        "interventions": intervention_rows,
        "statements": lambda database: statement_rows(database, home=given.get("home", HOME)),
    }
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


def replay(words: Sequence[str]) -> None:
    """Decide again and compare. Raises LernpfadError if a decision of this bundle differs."""
    from lernpfad.serve.bundle import load
    from lernpfad.serve.engine import Engine
    from lernpfad.serve.learners import Learners
    from lernpfad.serve.replay import compare

    given = _given(words, ("store", "bundle", "trust"), what="replay")
    if not given.get("bundle"):
        raise ConfigError("replay needs a bundle: lernpfad serve replay store=learners.db bundle=FOLDER")
    database = existing(given["store"])
    trust = tuple(part for part in given.get("trust", "").split(",") if part)
    found = compare(Learners(Engine(load(given["bundle"], trust=trust)), Store(database)))
    database.close()
    print(f"{found.same} the same, {len(found.differ)} differ, {found.others} of other bundles")
    if found.differ:
        shown = ", ".join(found.differ[:3])
        raise LernpfadError(f"{len(found.differ)} decisions differ when they are made again: {shown}")


def scrub(words: Sequence[str]) -> None:
    """Write the store anew. Raises ConfigError of one line."""
    database = existing(_given(words, ("store",), what="scrub")["store"])
    try:
        database.rewrite()
    finally:
        database.close()


COMMANDS: Final[Mapping[str, tuple[str, Callable[[Sequence[str]], None]]]] = {
    "keys": (KEYS_HELP, keys),
    "decisions": (DECISIONS_HELP, decisions),
    "replay": (REPLAY_HELP, replay),
    "scrub": (SCRUB_HELP, scrub),
}


def existing(where: str) -> Database:
    """The store at `where`, which has to be there: a misspelt path must not make an empty one."""
    if not where.startswith(SERVERS) and "://" not in where and not Path(where).is_file():
        raise ConfigError(f"no store at {where}; mend the path, or start lernpfad serve with it first")
    database = connect(where)
    Store(database)
    return database


def _days(given: Mapping[str, str]) -> float | None:
    if "days" not in given:
        return None
    text = given["days"]
    if "make" not in given or not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= 36_500):
        raise ConfigError(f"keys: days={text} goes with make=, and is a whole number from 1 to 36500")
    return float(text)


def _given(words: Sequence[str], known: Sequence[str], *, what: str) -> Mapping[str, str]:
    given = words_of(words, known, what=what, command=f"serve {what}")
    if not given.get("store"):
        raise ConfigError(f"{what} needs a store: lernpfad serve {what} store=learners.db")
    return given


def words_of(words: Sequence[str], known: Sequence[str], *, what: str, command: str) -> Mapping[str, str]:
    """Words like `out=x` by name. Raises ConfigError of one line. what: takes them. command: has its help."""
    given: dict[str, str] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"{what} takes key=value words, got '{word}'; try `lernpfad {command} --help`")
        if key not in known:
            raise ConfigError(unknown_name(f"{what} setting", key, known))
        given[key] = text
    return given
