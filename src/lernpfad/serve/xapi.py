"""xAPI statements as interactions: what a learning record store sends, checked and understood without a library.

answered, passed and failed with a success are correct or wrong; without one, and experienced and completed always, not
assessed. launched, initialized, terminated and verbs of others are taken in and lead to no interaction. voided takes
an earlier statement back, whichever of the two comes first. An offer that nobody launched is no statement: that it was
declined follows from the decision log.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from lernpfad.core import CORRECT, NOT_ASSESSED, WRONG
from lernpfad.serve import xapi_parts as part
from lernpfad.serve.files import canonical
from lernpfad.serve.store import Interaction
from lernpfad.serve.xapi_parts import wrong

VERBS: Final = "http://adlnet.gov/expapi/verbs/"
EXTENSIONS: Final = "https://lernpfad.example.org/x/"
"""Our extensions of a context: decision, propensity, policy, bundle, candidates."""
MAX_STATEMENTS: Final = 1_000
_VERSION: Final = re.compile(r"[12]\.0(\.|$)")

_PROPERTIES: Final = (
    *("id", "actor", "verb", "object", "result", "context", "timestamp"),
    *("stored", "authority", "version", "attachments"),
)
_RESULT: Final = ("score", "success", "completion", "response", "duration", "extensions")
_SCORE: Final = ("scaled", "raw", "min", "max")
_CONTEXT: Final = (
    *("registration", "instructor", "team", "contextActivities", "contextAgents", "contextGroups"),
    *("revision", "platform", "language", "statement", "extensions"),
)
_ACTIVITIES: Final = ("parent", "grouping", "category", "other")
_SET_BY_THE_STORE: Final = ("stored", "authority", "version")
_ASSESSED: Final = {"answered": None, "passed": True, "failed": False}
_SEEN: Final = ("experienced", "completed")


@dataclass(frozen=True)
class Statement:
    """What is kept of one statement. content: all of it that may not change, as canonical JSON.

    learner: whose it is, None for one that voids. interaction: None where it leads to none. voids: id of another.
    """

    id: str
    content: bytes
    learner: str | None = None
    interaction: Interaction | None = None
    voids: str | None = None


def statements(given: object, *, now: float, home: str = "") -> list[Statement]:
    """One posted statement or a list of them. Raises RequestError (400) that names the place, `statements[3].verb.id`.

    now: the clock, of statements without a timestamp. home: the homePage that accounts have to have, "" for any.
    """
    if not isinstance(given, list):
        return [statement(given, "statement", now=now, home=home)]
    if not 0 < len(given) <= MAX_STATEMENTS:
        raise wrong("statements", f"expected 1 to {MAX_STATEMENTS} of them, got {len(given)}")
    found = [statement(one, f"statements[{place}]", now=now, home=home) for place, one in enumerate(given)]
    first: dict[str, int] = {}
    for place, one in enumerate(found):
        if first.setdefault(one.id, place) != place:
            raise wrong(f"statements[{place}].id", f"is that of statements[{first[one.id]}] too; send each once")
    return found


def statement(given: object, field: str, *, now: float, home: str = "", name: str | None = None) -> Statement:
    """One statement. field: how it is called in refusals. name: the id of the address, which its own has to equal."""
    found = part.mapping(given, field, known=_PROPERTIES)
    key = _id(found, field, name)
    _check_version(found, field)
    verb = _verb(found.get("verb"), f"{field}.verb")
    at = part.moment(found["timestamp"], f"{field}.timestamp") if "timestamp" in found else now
    content = _content(found, key, field)
    result = _result(found.get("result", {}), f"{field}.result")
    context = _context(found.get("context", {}), f"{field}.context")
    if verb == "voided":
        part.agent(found.get("actor"), f"{field}.actor")
        return Statement(key, content, voids=_reference(found.get("object"), f"{field}.object"))
    learner = part.learner(found.get("actor"), f"{field}.actor", home=home)
    if verb not in (*_ASSESSED, *_SEEN):
        part.mapping(found.get("object"), f"{field}.object")
        return Statement(key, content, learner)
    item = part.item(_activity(found.get("object"), f"{field}.object"), f"{field}.object.id")
    outcome = _outcome(verb, result.get("success"), f"{field}.result.success")
    row = Interaction(f"xapi:{key}", item, outcome, True, result.get("minutes"), at, context.get("decision"))
    return Statement(key, content, learner, row)


def _id(found: Mapping[str, Any], field: str, name: str | None) -> str:
    key = part.uuid(found["id"], f"{field}.id") if "id" in found else None
    wanted = None if name is None else part.uuid(name, "statementId")
    if key is not None and wanted is not None and key != wanted:
        raise wrong(f"{field}.id", "is not that of the address, statementId")
    return key or wanted or str(uuid4())


def is_known(version: str) -> bool:
    """Whether statements of this version of xAPI are understood; "1.0" means 1.0.0 (xAPI 1.0.3, part three, 3.3)."""
    return _VERSION.match(version) is not None


def _check_version(found: Mapping[str, Any], field: str) -> None:
    if "version" in found and not is_known(part.text(found["version"], f"{field}.version")):
        raise wrong(f"{field}.version", "expected 1.0.x or 2.0.x")


def _verb(given: object, field: str) -> str:
    """The last part of one of ADL's verbs, else the whole IRI."""
    found = part.mapping(given, field, known=("id", "display"))
    part.mapping(found.get("display", {}), f"{field}.display")
    name = part.iri(found.get("id"), f"{field}.id")
    return name.removeprefix(VERBS) if name.startswith(VERBS) else name


def _activity(given: object, field: str) -> str:
    found = part.mapping(given, field)
    if found.get("objectType", "Activity") != "Activity":
        raise wrong(f"{field}.objectType", "expected Activity: an item that a learner did something with")
    part.mapping(found, field, known=("objectType", "id", "definition"))
    part.mapping(found.get("definition", {}), f"{field}.definition")
    return part.iri(found.get("id"), f"{field}.id")


def _reference(given: object, field: str) -> str:
    found = part.mapping(given, field, known=("objectType", "id"))
    if found.get("objectType") != "StatementRef":
        raise wrong(f"{field}.objectType", "expected StatementRef: voided takes a statement back")
    return part.uuid(found.get("id"), f"{field}.id")


def _result(given: object, field: str) -> dict[str, Any]:
    """What counts of a result: `success` and `minutes`, where they are there."""
    found = part.mapping(given, field, known=_RESULT)
    _score(found.get("score", {}), f"{field}.score")
    if "response" in found and not isinstance(found["response"], str):
        raise wrong(f"{field}.response", "expected a string")
    if "completion" in found:
        part.truth(found["completion"], f"{field}.completion")
    _extensions(found.get("extensions", {}), f"{field}.extensions")
    reads: dict[str, tuple[str, Callable[[object, str], Any]]] = {
        "success": ("success", part.truth),
        "duration": ("minutes", part.minutes),
    }
    return {as_: read(found[name], f"{field}.{name}") for name, (as_, read) in reads.items() if name in found}


def _score(given: object, field: str) -> None:
    found = part.mapping(given, field, known=_SCORE)
    bounds = {name: (-1.0, 1.0) if name == "scaled" else (-1e300, 1e300) for name in found}
    told = {
        name: part.number(found[name], f"{field}.{name}", low=low, high=high) for name, (low, high) in bounds.items()
    }
    raw = told.get("raw", told.get("min", told.get("max", 0.0)))
    if not told.get("min", raw) <= raw <= told.get("max", raw):
        raise wrong(f"{field}.raw", "expected a number from min to max")


def _context(given: object, field: str) -> dict[str, Any]:
    """What counts of a context: the `decision` that offered the item, where it is there."""
    found = part.mapping(given, field, known=_CONTEXT)
    if "registration" in found:
        part.uuid(found["registration"], f"{field}.registration")
    part.mapping(found.get("contextActivities", {}), f"{field}.contextActivities", known=_ACTIVITIES)
    extensions = _extensions(found.get("extensions", {}), f"{field}.extensions")
    decision = extensions.get(f"{EXTENSIONS}decision")
    if decision is None:
        return {}
    if not isinstance(decision, str) or len(decision) != 32 or set(decision) - set("0123456789abcdef"):
        raise wrong(
            f"{field}.extensions.{EXTENSIONS}decision", "expected 32 hexadecimal digits, as next-items gave them"
        )
    return {"decision": decision}


def _extensions(given: object, field: str) -> Mapping[str, Any]:
    found = part.mapping(given, field)
    for name in found:
        part.iri(name, f"{field}.{name[:80]}")
    return found


def _outcome(verb: str, success: bool | None, field: str) -> int:
    if verb not in _ASSESSED:
        return NOT_ASSESSED
    means = _ASSESSED[verb]
    if means is not None and success is not None and means != success:
        raise wrong(field, f"contradicts the verb {verb}")
    success = means if success is None else success
    return NOT_ASSESSED if success is None else CORRECT if success else WRONG


def _content(found: Mapping[str, Any], key: str, field: str) -> bytes:
    """All that makes two statements the same (xAPI 1.0.3, 2.3.1): not what a record store sets."""
    kept = {name: value for name, value in found.items() if name not in _SET_BY_THE_STORE}
    try:
        return canonical(kept | {"id": key})
    except (ValueError, RecursionError) as problem:
        raise wrong(field, "holds a number that is not finite, or is nested too deeply") from problem
