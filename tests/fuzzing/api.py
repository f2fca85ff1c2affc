"""The HTTP API under schemathesis: requests made from its OpenAPI document, and whether the answers keep to it.

JSON Schema cannot say everything that a request has to fulfil: that a role is one of the bundle's, that times ascend,
that a decision is this learner's. Such requests are mended before they are sent where that is easy, and a refusal is
allowed where it names one of the reasons in `UNSAID`, and nowhere else.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode

from lernpfad.serve.app import create_app
from lernpfad.serve.database import Database, connect
from lernpfad.serve.keys import SCOPES, Keys
from lernpfad.serve.schema import LATEST
from lernpfad.serve.store import Store
from serve.web import NOW, small_bundle

DOCUMENT: Final = "/v1/openapi.json"
PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
FASTER: Final = 1e9
"""Requests a second that the key may ask for: the limit is not what is looked for."""

UNSAID: Final = (
    r"no (role|skill|item|decision) .*",
    r".* is before the (row above it|last interaction) .*",
    r"item '.*' (is|was) not .*",
    r"is longer than a week; .*",
    r"expected a number from min to max",
    r"expected a moment from 1970 to 3000",
    r"expected a date and time with its offset .*",
    r".* is no offset from UTC; write Z",
    r"expected a string of 1 to 256 characters, got a string",
    r"is that of statements\[\d+\] too; send each once",
    r"is not that of the address, statementId",
)
"""Reasons to refuse a request that the document cannot express."""


@dataclass
class Found:
    """What came out. cases: requests sent. statuses: how often each was answered. failures: one line each."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)


@contextmanager
def served(folder: Path) -> Iterator[tuple[Any, str, Database]]:
    """The application over a small bundle and a new SQLite store, a key for everything, and the store."""
    database = connect(str(folder / "learners.db"))
    Store(database)
    key = Keys(database).make(SCOPES, now=NOW)
    app = create_app(small_bundle(folder), clock=lambda: NOW, database=database, rate=FASTER)
    yield app, key, database
    database.close()


def fuzzed(
    app: Any,
    key: str,
    *,
    examples: int,
    seed: int,
    phases: tuple[str, ...] = PHASES,
    paths: str = ".*",
    seconds: int | None = None,
) -> Found:
    """All checks. examples: random requests for each operation. paths: regular expression. seconds: to go on for."""
    found = Found()
    schema = _schema(app, key, examples=examples, seed=seed, phases=phases, seconds=seconds)
    for event in from_schema(schema.include(path_regex=paths)).execute():
        if isinstance(event, events.ScenarioFinished):
            _count(event, found)
        elif isinstance(event, events.NonFatalError):
            found.failures[f"{event.label}: {event.info.title}"] = str(event.info.message)
        elif isinstance(event, events.FatalError):
            raise event.exception
    return found


def _schema(app: Any, key: str, *, examples: int, seed: int, phases: tuple[str, ...], seconds: int | None) -> Any:
    asked: dict[str, Any] = {
        "seed": seed,
        "continue-on-failure": True,
        "headers": {"Authorization": f"Bearer {key}"},
        "generation": {"max-examples": examples, "deterministic": False, "database": "none", "no-shrink": True},
        "phases": {name: {"enabled": name in phases} for name in PHASES},
        "checks": {"enabled": True},
    }
    if seconds is not None:
        asked["max-time"] = seconds
    return schemathesis.openapi.from_asgi(DOCUMENT, app, config=SchemathesisConfig.from_dict(asked))


@schemathesis.hook("before_call")
def _meant(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Let a valid request mean something where the document cannot say how."""
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE or not isinstance(case.body, dict):
        return
    body = dict(case.body)
    if isinstance(body.get("role"), str):
        body["role"] = "engineer"
    if isinstance(body.get("requirement"), dict):
        wanted = list(body["requirement"].values())[:6]
        body["requirement"] = {f"s{k}": one for k, one in enumerate(wanted)}
    if isinstance(body.get("at"), int | float):
        body["at"] = LATEST
    if isinstance(body.get("history"), list):
        body["history"] = sorted(body["history"], key=lambda row: row["time"])
    case.body = body


@schemathesis.hook("filter_failure")
def _counts(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """Whether a failure is one: not the refusal of a valid request for a reason that the document cannot express."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    reasons = [one["problem"] for one in response.json()["detail"]]
    return not all(any(re.fullmatch(one, reason) for one in UNSAID) for reason in reasons)


def _count(event: events.ScenarioFinished, found: Found) -> None:
    recorder = event.recorder
    found.cases += len(recorder.cases)
    for one in recorder.interactions.values():
        if one.response is not None:
            found.statuses[one.response.status_code] += 1
    for case, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                shown = recorder.cases[case].value
                found.failures.setdefault(
                    f"{event.label}: {check.name}: {failure.title}", f"{failure}\n{_shown(shown)}"
                )


def _shown(case: Any) -> str:
    return f"{case.method} {case.path} {case.query} {case.headers} {case.body!r}"[:1500]
