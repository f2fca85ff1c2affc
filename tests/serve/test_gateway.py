"""Statements over HTTP: kept once each, taken back, erased, and out again with what was offered."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lernpfad.serve.bundle import Bundle
from lernpfad.serve.database import Database
from lernpfad.serve.decisions import training_rows
from lernpfad.serve.settings import main
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from lernpfad.serve.tables import LEARNER_TABLES
from lernpfad.serve.xapi import EXTENSIONS, VERBS, statements
from lernpfad.serve.xapi_out import statement_rows
from serve.stack import START
from serve.web import NOW, TestClient, client, small_bundle

PATH, PROFILE, ITEMS = "/v1/xapi/statements", "/v1/learners/profile", "/v1/learners/next-items"
VERSION = {"x-experience-api-version": "1.0.3"}
WHO = "p-7f3a"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("serve"))


@pytest.fixture
def web(bundle: Bundle, database: Database) -> Iterator[TestClient]:
    with client(bundle, database=database, keyed=False) as started:
        yield started


def key(n: int) -> str:
    return f"{n:08d}-0f0e-4c58-9d3b-0c5a9b1d2e3f"


def told(n: int, *, verb: str = "answered", item: str = "i1", second: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "id": key(n),
        "timestamp": f"2026-01-05T08:00:{second:02d}Z",
        "actor": {"account": {"homePage": "https://lms.example.org", "name": WHO}},
        "verb": {"id": VERBS + verb},
        "object": {"id": f"https://lms.example.org/items/{item}"},
        "result": {"success": True},
    } | more


def voiding(n: int, target: int) -> dict[str, Any]:
    return {
        "id": key(n),
        "actor": {"account": {"homePage": "https://lms.example.org", "name": "an-admin"}},
        "verb": {"id": f"{VERBS}voided"},
        "object": {"objectType": "StatementRef", "id": key(target)},
    }


def sent(web: TestClient, body: object) -> Any:
    return web.post(PATH, json=body, headers=VERSION)


def covers(web: TestClient) -> int:
    return int(web.post(PROFILE, json={"learner": WHO}).json()["covers"])


def test_one_and_many_are_stored_once_each(web: TestClient, database: Database) -> None:
    many = [told(2, item="i2", second=2), told(1, item="i1", second=1), told(3, verb="launched")]
    response = sent(web, many)
    assert (response.status_code, response.json()) == (200, [key(2), key(1), key(3)])
    assert response.headers["x-experience-api-version"] == "1.0.3"
    assert sent(web, many[1]).json() == [key(1)]
    put = web.put(PATH, params={"statementId": key(4)}, json=told(4, item="i4", second=4), headers=VERSION)
    assert (put.status_code, put.content) == (204, b"")
    assert covers(web) == 3
    rows = list(training_rows(database))
    assert [row["item"] for row in rows] == ["i1", "i2", "i4"]  # by their times, whatever the order of arrival


def test_the_same_id_with_other_content_is_refused_whole(web: TestClient) -> None:
    assert sent(web, told(1)).status_code == 200
    for other in (
        told(1, item="i2"),
        told(1, result={"success": True, "response": "b"}),
        told(1) | {"actor": {"account": {"homePage": "https://lms.example.org", "name": "somebody-else"}}},
    ):
        response = sent(web, [told(9, item="i9"), other])
        assert (response.status_code, response.json()["detail"][0]["field"]) == (409, "statements[1].id")
    same = told(1) | {
        "stored": "2026-01-05T09:00:00Z",
        "authority": {"mbox": "mailto:lrs@example.org"},
        "version": "1.0.0",
    }
    assert sent(web, same).status_code == 200  # what a record store adds is not content
    assert covers(web) == 1


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_voided_takes_back_whichever_comes_first(web: TestClient, database: Database, order: tuple[int, int]) -> None:
    both = {1: told(1, item="i3"), 2: voiding(2, 1)}
    assert sent(web, told(0, item="i0")).status_code == 200
    for n in order:
        assert sent(web, both[n]).status_code == 200
    assert covers(web) == 1
    assert [row["item"] for row in training_rows(database)] == ["i0"]


def test_a_state_forgets_what_was_voided(web: TestClient) -> None:
    sent(web, [told(0, item="i0"), told(1, item="i1", second=1)])
    with_both = web.post(PROFILE, json={"learner": WHO}).json()
    sent(web, voiding(2, 1))
    after = web.post(PROFILE, json={"learner": WHO}).json()
    row = {"item": "i0", "outcome": "correct", "time": 1_767_600_000.0}
    alone = web.post("/v1/profile", json={"history": [row]}).json()
    assert after["skills"] == alone["skills"] != with_both["skills"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "field"),
    [
        (told(1), {}, 400, "X-Experience-API-Version"),
        (told(1), {"x-experience-api-version": "0.9"}, 400, "X-Experience-API-Version"),
        ([told(1), told(2, verb="an swered")], VERSION, 400, "statements[1].verb.id"),
        (told(1) | {"actor": {"mbox": "mailto:lea@example.org"}}, VERSION, 400, "statement.actor.mbox"),
        ("statement", VERSION, 400, "statement"),
        ([], VERSION, 400, "statements"),
    ],
)
def test_a_refusal_names_the_statement(
    web: TestClient, body: object, headers: dict[str, str], status: int, field: str
) -> None:
    response = web.post(PATH, json=body, headers=headers)
    assert (response.status_code, response.json()["detail"][0]["field"]) == (status, field)
    assert "lea@example.org" not in response.text


def test_put_refuses_another_id_than_that_of_the_address(web: TestClient) -> None:
    response = web.put(PATH, params={"statementId": key(2)}, json=told(1), headers=VERSION)
    assert (response.status_code, response.json()["detail"][0]["field"]) == (400, "statement.id")


def test_erasure_takes_the_statements_and_what_voided_them(web: TestClient, database: Database) -> None:
    sent(web, [told(1), told(2, verb="launched"), voiding(3, 1)])
    assert web.delete("/v1/learners", headers={"x-learner": WHO}).json()["interactions"] == 1
    for table in (*LEARNER_TABLES, "learners"):
        assert database.read(lambda on, table=table: on.execute(f"SELECT * FROM {table}").fetchall()) == [], table
    assert covers(web) == 0


def test_a_drawn_offer_comes_back_in_statements(web: TestClient, database: Database) -> None:
    offer = web.post(ITEMS, json={"learner": WHO, "k": 2, "draw": True}).json()
    first = offer["items"][0]
    context = {"extensions": {f"{EXTENSIONS}decision": offer["decision"]}}
    sent(web, told(1, item=first["item"], context=context) | {"result": {"success": False, "duration": "PT90S"}})
    offered, other, answered = statement_rows(database, home="https://lms.example.org")
    for one in (offered, answered):
        extensions = one["context"]["extensions"]
        assert extensions[f"{EXTENSIONS}propensity"] == first["propensity"]
        assert extensions[f"{EXTENSIONS}bundle"] == offer["bundle"]
        assert extensions[f"{EXTENSIONS}policy"].startswith("DebtPerMinute@")
        assert one["object"]["id"] == f"https://lms.example.org/items/{first['item']}"
    assert len(offered["context"]["extensions"][f"{EXTENSIONS}candidates"]) == 64
    assert answered["result"] == {"success": False, "duration": "PT90S"}
    assert answered["timestamp"] == "2026-01-05T08:00:00.000Z"
    assert [one["id"] for one in statement_rows(database)] == [offered["id"], other["id"], answered["id"]]
    *ignored, back = statements([offered, other, answered], now=NOW)
    assert [one.interaction for one in ignored] == [None, None]
    assert back.interaction is not None
    assert (back.interaction.item, back.interaction.outcome, back.interaction.minutes) == (first["item"], 0, 1.5)
    assert (back.interaction.time, back.interaction.decision) == (START, offer["decision"])


def test_the_command_writes_statements(tmp_path: Path, bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    database = Sqlite(tmp_path / "l.db")
    with client(bundle, database=database, keyed=False) as web:
        sent(web, told(1))
        pseudonym = Store(database).pseudonym(WHO)
        main(["decisions", f"store={tmp_path / 'l.db'}", "rows=statements", "home=https://lms.example.org"])
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["actor"]["account"] == {"homePage": "https://lms.example.org", "name": pseudonym}


def test_an_older_store_is_brought_up(opened: Callable[[], Database]) -> None:
    database = opened()
    Store(database)

    def aged(on: Any) -> None:
        for table in ("statements", "interventions"):
            on.execute(f"DROP TABLE {table}")
        on.execute("ALTER TABLE keys DROP COLUMN expires")
        on.execute("UPDATE facts SET value = '1' WHERE name = 'schema'")

    database.write(aged)
    Store(opened())
    assert database.read(lambda on: on.execute("SELECT value FROM facts WHERE name = 'schema'").fetchone())[0] == "2"
    assert database.read(lambda on: on.execute("SELECT expires FROM keys").fetchall()) == []
