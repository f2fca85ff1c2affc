"""Statements are understood as the mapping says, and whatever is wrong with one is named with its place."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.serve.engine import RequestError
from lernpfad.serve.xapi import EXTENSIONS, VERBS, Statement, is_known, statement, statements
from lernpfad.serve.xapi_parts import minutes, moment

NOW = 1_770_000_000.0
KEY = "6f3c9c1e-0f0e-4c58-9d3b-0c5a9b1d2e3f"
GOLDEN: dict[str, Any] = {
    "id": KEY,
    "timestamp": "2026-03-02T09:14:05Z",
    "verb": {"id": f"{VERBS}answered"},
    "actor": {"account": {"homePage": "https://lms.example.org", "name": "p-7f3a"}},
    "object": {"id": "https://lms.example.org/items/417"},
    "result": {"success": True, "score": {"scaled": 1.0}, "duration": "PT4M12S"},
    "context": {"extensions": {f"{EXTENSIONS}propensity": 0.125, f"{EXTENSIONS}decision": "ab" * 16}},
}
SEEDS = json.loads(Path(__file__).with_name("xapi_seeds.json").read_text(encoding="utf-8"))


def changed(path: str, value: object) -> dict[str, Any]:
    found = copy.deepcopy(GOLDEN)
    *way, last = path.split("/")
    inner = found
    for step in way:
        inner = inner[step]
    inner[last] = value
    return found


def read(given: object) -> Statement:
    return statement(given, "statement", now=NOW)


def test_a_statement_by_hand() -> None:
    """2026-03-02T09:14:05Z is 1,772,442,845 s; PT4M12S is 4.2 minutes."""
    found = read(GOLDEN)
    assert (found.id, found.learner, found.voids) == (KEY, "p-7f3a", None)
    assert found.interaction is not None
    assert vars(found.interaction) == {
        "id": f"xapi:{KEY}",
        "item": "417",
        "outcome": 1,
        "accepted": True,
        "minutes": pytest.approx(4.2),
        "time": 1_772_442_845.0,
        "decision": "ab" * 16,
    }


@pytest.mark.parametrize(
    ("verb", "success", "outcome"),
    [
        ("answered", True, 1),
        ("answered", False, 0),
        ("answered", None, -1),
        ("passed", None, 1),
        ("failed", False, 0),
        ("experienced", True, -1),
        ("completed", None, -1),
        ("launched", None, None),
        ("initialized", None, None),
        ("terminated", True, None),
    ],
)
def test_verbs_and_successes(verb: str, success: bool | None, outcome: int | None) -> None:
    given = changed("verb/id", VERBS + verb) | {"result": {} if success is None else {"success": success}}
    row = read(given).interaction
    assert (None if row is None else row.outcome) == outcome


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "1.0.3", "2.0", "2.0.0"])
def test_versions_that_are_understood(version: str) -> None:
    assert is_known(version)
    assert read(changed("version", version)).interaction is not None


@pytest.mark.parametrize("version", ["", "1", "1.1.0", "1.00", "10.0.0", "3.0.0"])
def test_versions_that_are_not(version: str) -> None:
    assert not is_known(version)


def test_a_verb_of_others_is_taken_in_and_leads_to_nothing() -> None:
    found = read(changed("verb/id", "https://w3id.org/xapi/dod-isd/verbs/read") | {"object": {"objectType": "Agent"}})
    assert (found.interaction, found.learner) == (None, "p-7f3a")


def test_voided_takes_a_statement_back() -> None:
    other = "0" * 8 + KEY[8:]
    given = {
        "actor": {"mbox": "mailto:admin@example.org"},
        "verb": {"id": f"{VERBS}voided"},
        "object": {"objectType": "StatementRef", "id": other.upper()},
    }
    found = read(given)
    assert (found.voids, found.learner, found.interaction) == (other, None, None)


@pytest.mark.parametrize(
    ("text", "spent"),
    [
        ("PT4M12S", 4.2),
        ("PT0S", 0),
        ("P1DT1H", 1500),
        ("PT1.5H", 90),
        ("P1W", 10_080),
        ("PT0,5M", 0.5),
        ("P0Y0M0DT2M", 2),
    ],
)
def test_durations_by_hand(text: str, spent: float) -> None:
    assert minutes(text, "d") == pytest.approx(spent)


@pytest.mark.parametrize("text", ["", "P", "PT", "4M", "PT4", "PT-4M", "P1Y", "P8D", "PT4M12", "pt4m", "PT٤M", 4, None])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(RequestError):
        minutes(text, "d")


@pytest.mark.parametrize(
    "text",
    ["2026-03-02T09:14:05Z", "2026-03-02T10:14:05+01:00", "2026-03-02T10:14:05.000+0100", "2026-03-02T03:14:05-06"],
)
def test_moments_by_hand(text: str) -> None:
    assert moment(text, "t") == 1_772_442_845.0


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-02",
        "2026-03-02T09:14:05",
        "2026-03-02T09:14:05-00:00",
        "2026-02-30T09:14:05Z",
        "2026-W10-1T09:14Z",
        "1969-12-31T00:00:00Z",
        "9999-12-31T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        1_772_442_845,
        None,
    ],
)
def test_what_is_no_moment(text: object) -> None:
    with pytest.raises(RequestError):
        moment(text, "t")


@pytest.mark.parametrize(
    ("path", "value", "field", "problem"),
    [
        ("id", "417", "id", "expected a UUID"),
        ("verb/id", "answered", "verb.id", "absolute IRI"),
        ("verb", "answered", "verb", "expected an object, got a string"),
        ("verb", None, "verb", "is null; leave it out"),
        ("vreb", {}, "vreb", "is no property of it"),
        ("actor", {"mbox": "mailto:lea@example.org"}, "actor.mbox", "a pseudonym"),
        ("actor", {}, "actor", "exactly one identifier"),
        ("actor/mbox", "mailto:lea@example.org", "actor", "exactly one identifier"),
        ("actor/objectType", "Group", "actor.objectType", "expected Agent"),
        ("actor/account", {"name": "p"}, "actor.account.homePage", "expected a string"),
        ("actor/account/name", "", "actor.account.name", "1 to 256 characters"),
        ("actor/account/name", "a\0", "actor.account.name", "no text"),
        ("object/objectType", "SubStatement", "object.objectType", "expected Activity"),
        ("object/id", "items/417", "object.id", "absolute IRI"),
        ("object/id", "https://x.org/items/" + "a" * 300, "object.id", "1 to 256"),
        ("object/id", "https://x.org/items/%FF", "object.id", "no text"),
        ("result/success", 1, "result.success", "expected true or false, got a number"),
        ("result/score/scaled", 1.5, "result.score.scaled", "from -1 to 1"),
        ("result/score/raw", float("nan"), "statement", "not finite"),
        ("result/score", {"raw": 5, "min": 6}, "result.score.raw", "from min to max"),
        ("result/duration", "4 min", "result.duration", "ISO 8601"),
        ("timestamp", "yesterday", "timestamp", "offset from UTC"),
        ("version", "0.9", "version", "1.0.x or 2.0.x"),
        ("context/registration", "x", "context.registration", "UUID"),
        ("context/contextActivities", {"mother": {}}, "context.contextActivities.mother", "parent, grouping"),
        ("context/extensions", {"propensity": 1}, "context.extensions.propensity", "absolute IRI"),
        ("context/extensions", {f"{EXTENSIONS}decision": "x"}, f"context.extensions.{EXTENSIONS}decision", "32"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: str, value: object, field: str, problem: str) -> None:
    with pytest.raises(RequestError) as refused:
        statements([GOLDEN | {"id": "0" * 8 + KEY[8:]}, changed(path, value)], now=NOW)
    expected = f"statements[1].{field}" if field != "statement" else "statements[1]"
    assert (refused.value.field, refused.value.status) == (expected, 400)
    assert problem in str(refused.value)


def test_a_list_is_bounded_and_holds_each_id_once() -> None:
    with pytest.raises(RequestError, match="expected 1 to 1000 of them, got 0"):
        statements([], now=NOW)
    with pytest.raises(RequestError, match=r"is that of statements\[0\] too") as refused:
        statements([GOLDEN, GOLDEN], now=NOW)
    assert refused.value.field == "statements[1].id"


def test_an_account_of_another_home_is_refused() -> None:
    assert statement(GOLDEN, "s", now=NOW, home="https://lms.example.org/").learner == "p-7f3a"
    with pytest.raises(RequestError, match=r"expected https://other\.example\.org") as refused:
        statement(GOLDEN, "s", now=NOW, home="https://other.example.org")
    assert refused.value.field == "s.actor.account.homePage"


def mutated(rng: random.Random) -> object:
    """The golden statement with a few places replaced, removed or doubled."""
    found: object = copy.deepcopy(GOLDEN)
    junk = [
        None,
        True,
        0,
        -1,
        1e308,
        float("nan"),
        "",
        "x",
        "\ud800",
        "P1Y",
        [],
        {},
        [[]],
        10**400,
        copy.deepcopy(GOLDEN),
        "PT" + "9" * 50,
    ]
    for _ in range(rng.randint(1, 4)):
        inner = found
        while isinstance(inner, dict) and inner:
            name = rng.choice(list(inner))
            if rng.random() < 0.5 or not isinstance(inner[name], dict):
                inner[rng.choice([name, "extra", "id", "objectType"])] = rng.choice(junk)
                break
            inner = inner[name]
    return found


def unbroken(given: object) -> None:
    """Understood or refused with a place; never anything else."""
    problem: RequestError | None = None
    found: list[Statement] = []
    try:
        found = statements(given, now=NOW)
    except RequestError as refused:
        problem = refused
    if problem is not None:
        assert (problem.status, problem.field[:9]) == (400, "statement")
    assert all(one.learner is not None or one.voids is not None for one in found)


@pytest.mark.parametrize("seed", range(300))
def test_mutated_statements_never_break_it(seed: int) -> None:
    unbroken(mutated(random.Random(seed)))


@pytest.mark.parametrize("given", SEEDS)
def test_what_once_was_found_stays_mended(given: object) -> None:
    unbroken(given)


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*GOLDEN, "account", "name"]), inner),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional={name: st.just(value) | VALUES for name, value in GOLDEN.items()}))
@settings(max_examples=300)
def test_almost_right_statements_never_break_it(given: object) -> None:
    unbroken([given])
