"""The parts of an xAPI statement: what each may hold, and a refusal that names where it does not.

Sources: xAPI 1.0.3, part two (statements), sections 2.4 and 4.5 (IRIs, ISO 8601 durations and timestamps).
"""

import math
import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from lernpfad.serve.engine import RequestError
from lernpfad.serve.schema import LATEST

LONGEST: Final = 256
"""Characters of an id that the store keeps."""
LONGEST_IRI: Final = 2_048
_MINUTES_OF_A_WEEK: Final = 10_080.0

IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x20]+")
UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
TIMESTAMP = re.compile(
    r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)(:\d\d)?(?:\.(\d{1,12}))?([Zz]|[+-]\d\d(?::?\d\d)?)", flags=re.ASCII
)
_NUMBER = r"(\d{1,9}(?:[.,]\d{1,9})?)"
DURATION = re.compile(
    rf"P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?"
    rf"(?:T(?=[\d])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?",
    flags=re.ASCII,
)
_MINUTES = (525_600.0, 43_200.0, 10_080.0, 1_440.0, 60.0, 1.0, 1 / 60)
_IDENTIFIERS: Final = ("mbox", "mbox_sha1sum", "openid", "account")
_ITEMS: Final = "/items/"


def wrong(field: str, problem: str) -> RequestError:
    """The refusal of a statement; 400 is what xAPI asks for."""
    return RequestError(field, problem, status=400)


def mapping(given: object, field: str, *, known: Collection[str] | None = None) -> Mapping[str, Any]:
    """An object with these properties at most, none of them null."""
    if not isinstance(given, dict):
        raise wrong(field, f"expected an object, got {_kind(given)}")
    for name, value in given.items():
        if known is not None and name not in known:
            raise wrong(f"{field}.{name}", f"is no property of it; xAPI has: {', '.join(known)}")
        if value is None and known is not None:
            raise wrong(f"{field}.{name}", "is null; leave it out")
    return given


def text(given: object, field: str, *, longest: int = LONGEST_IRI) -> str:
    """A string that a database can keep."""
    if not isinstance(given, str) or not 0 < len(given) <= longest:
        raise wrong(field, f"expected a string of 1 to {longest} characters, got {_kind(given)}")
    if "\0" in given or any("\ud800" <= one <= "\udfff" for one in given):
        raise wrong(field, "holds a character that is no text (NUL or half a surrogate pair)")
    return given


def iri(given: object, field: str) -> str:
    """An absolute IRI, such as https://lms.example.org/items/417."""
    if not IRI.fullmatch(text(given, field)):
        raise wrong(field, "expected an absolute IRI, such as https://lms.example.org/items/417")
    return str(given)


def uuid(given: object, field: str) -> str:
    """A UUID in lower case."""
    if not isinstance(given, str) or not UUID.fullmatch(given):
        raise wrong(field, "expected a UUID, such as 6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3f")
    return given.lower()


def number(given: object, field: str, *, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number within bounds."""
    if isinstance(given, bool) or not isinstance(given, int | float) or abs(given) > 1e300 or not low <= given <= high:
        bounds = f" from {low:g} to {high:g}" if math.isfinite(low) or math.isfinite(high) else ""
        raise wrong(field, f"expected a finite number{bounds}, got {_kind(given)}")
    return float(given)


def truth(given: object, field: str) -> bool:
    """True or false, and no number for it."""
    if not isinstance(given, bool):
        raise wrong(field, f"expected true or false, got {_kind(given)}")
    return given


def moment(given: object, field: str) -> float:
    """Seconds since the epoch of an ISO 8601 timestamp with its offset from UTC; -00:00 is refused, as xAPI says."""
    found = TIMESTAMP.fullmatch(given) if isinstance(given, str) else None
    problem = "expected a date and time with its offset from UTC, such as 2026-03-02T09:14:05Z"
    if found is None:
        raise wrong(field, problem)
    day, seconds, fraction, offset = found.groups()
    if offset in ("-00", "-0000", "-00:00"):
        raise wrong(field, f"{offset} is no offset from UTC; write Z")
    try:
        at = datetime.fromisoformat(f"{day.upper()}{seconds or ':00'}{offset.upper()}").timestamp()
    except (ValueError, OverflowError) as error:
        raise wrong(field, problem) from error
    at += float(f"0.{fraction or 0}")
    if not 0 <= at <= LATEST:
        raise wrong(field, "expected a moment from 1970 to 3000")
    return at


def minutes(given: object, field: str) -> float:
    """Minutes of an ISO 8601 duration, such as 4.2 for PT4M12S; at most a week, as everywhere."""
    found = DURATION.fullmatch(given) if isinstance(given, str) else None
    parts = [] if found is None else [part and float(part.replace(",", ".")) for part in found.groups()]
    if all(part is None for part in parts):
        raise wrong(field, "expected an ISO 8601 duration, such as PT4M12S")
    spent = sum(part * of for part, of in zip(parts, _MINUTES, strict=True) if part)
    if spent > _MINUTES_OF_A_WEEK:
        raise wrong(field, "is longer than a week; give the time that was spent on the item")
    return spent


def learner(given: object, field: str, *, home: str = "") -> str:
    """The name of the account of an agent. home: its homePage has to be this one, unless it is ""."""
    agent = _agent(given, field)
    if "account" not in agent:
        [used] = [name for name in _IDENTIFIERS if name in agent]
        raise wrong(f"{field}.{used}", "names a person; identify learners by account {homePage, name}, a pseudonym")
    account = mapping(agent["account"], f"{field}.account", known=("homePage", "name"))
    page = iri(account.get("homePage"), f"{field}.account.homePage")
    if home and page.rstrip("/") != home.rstrip("/"):
        raise wrong(f"{field}.account.homePage", f"expected {home}, the home= of this server")
    return text(account.get("name"), f"{field}.account.name", longest=LONGEST)


def agent(given: object, field: str) -> None:
    """Any agent, with exactly one identifier."""
    _agent(given, field)


def _agent(given: object, field: str) -> Mapping[str, Any]:
    found = mapping(given, field, known=("objectType", "name", *_IDENTIFIERS))
    if found.get("objectType", "Agent") != "Agent":
        raise wrong(f"{field}.objectType", "expected Agent; what a group did is nobody's interaction")
    used = [name for name in _IDENTIFIERS if name in found]
    if len(used) != 1:
        raise wrong(field, f"expected exactly one identifier, best an account; got {', '.join(used) or 'none'}")
    return found


def item(address: str, field: str) -> str:
    """The item that an activity's IRI stands for: what follows the last `/items/`, else the whole IRI."""
    _, found, name = address.rpartition(_ITEMS)
    name = unquote(name, errors="surrogateescape") if found and name else address
    return text(name, field, longest=LONGEST)


def _kind(given: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "nothing"}
    return names.get(type(given), "a number")
