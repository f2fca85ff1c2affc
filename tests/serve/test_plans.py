"""No request reads a whole table: what one costs must not grow with the learners who are stored."""

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from lernpfad.serve.bundle import Bundle
from lernpfad.serve.database import Database, Transaction
from lernpfad.serve.keys import SCOPES, Keys
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.tables import LEARNER_TABLES
from serve.stack import START
from serve.test_xapi import GOLDEN
from serve.web import NOW, small_bundle
from serve.web import client as started

WHO = "lea-17"
XAPI = {"X-Experience-API-Version": "1.0.3"}
SMALL = ("facts", "keys")
"""Tables whose rows are not learners': a few facts, and keys."""


class Watched:
    """A database that keeps every statement that passes through, with one set of its parameters."""

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.seen: dict[str, Sequence[Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def read(self, work: Callable[[Transaction], Any]) -> Any:
        return self.inner.read(lambda on: work(_Watching(on, self.seen)))

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        return self.inner.write(lambda on: work(_Watching(on, self.seen)))


class _Watching:
    def __init__(self, on: Transaction, seen: dict[str, Sequence[Any]]) -> None:
        self.on = on
        self.seen = seen

    def execute(self, statement: str, given: Sequence[Any] = (), /) -> Any:
        self.seen[statement] = given
        return self.on.execute(statement, given)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("serve"))


def lived(database: Watched, bundle: Bundle) -> None:
    """Every path about stored learners, once or twice."""
    with started(bundle, database=database) as web:
        key = Keys(database).make(SCOPES, now=NOW)
        database.seen.clear()  # what makes the tables at the start may read them
        web.headers["authorization"] = f"Bearer {key}"

        def post(path: str, **body: Any) -> dict[str, Any]:
            answer = web.post(f"/v1/learners/{path}", json={"learner": WHO, **body})
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        for n in (1, 2, 2):
            post("interactions", id=str(n), item=f"i{n}", outcome="correct", time=START + n)
            offer = post("next-items", role="engineer", draw=True)
        for what in ("path", "profile"):
            post(what, role="engineer")
        for what in ("contest", "contest", "skip"):
            post(what, decision=offer["decision"], id=what, reason="No.")
        post("override", decision=offer["decision"], id="o", item="i9", reason="No.")
        for on in (True, False):
            assert web.put("/v1/curriculum", json={"on": on, "reason": "A test."}).status_code == 200
        assert web.get("/v1/curriculum").status_code == 200
        said = copy.deepcopy(GOLDEN)
        void = {name: said[name] for name in ("actor", "timestamp")} | {"id": said["id"].replace("6", "7")}
        void |= {"verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}}
        void |= {"object": {"objectType": "StatementRef", "id": said["id"]}}
        for one in (said, said, void):
            answer = web.post("/v1/xapi/statements", json=one, headers=XAPI)
            assert answer.status_code == 200, answer.text
        assert web.get("/v1/ready").status_code == 200
        for who in (WHO, "nobody"):
            assert web.delete("/v1/learners", headers={"x-learner": who}).status_code == 200


def test_every_statement_finds_its_rows_by_an_index(database: Database, bundle: Bundle) -> None:
    watched = Watched(database)
    lived(watched, bundle)
    asked = {text for text in watched.seen if text.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))}
    assert len(asked) > 20
    assert {table for table in LEARNER_TABLES if any(f"DELETE FROM {table} " in text for text in asked)} == set(
        LEARNER_TABLES
    )
    assert {text: bad for text in asked if (bad := read_whole(database, text, watched.seen[text]))} == {}


def test_a_statement_without_an_index_is_found(database: Database, bundle: Bundle) -> None:
    lived(Watched(database), bundle)
    assert read_whole(database, "SELECT * FROM interactions WHERE item = ?", ("i1",))
    assert read_whole(database, "DELETE FROM decisions WHERE made < ?", (NOW,))
    assert not read_whole(database, "SELECT * FROM interactions WHERE learner = ?", (1,))


def test_whoever_refers_to_a_learner_is_found_by_an_index(tmp_path: Path, bundle: Bundle) -> None:
    """Else deleting a learner would read every table that refers to learners; no plan shows that."""
    database = Sqlite(tmp_path / "learners.db")
    lived(Watched(database), bundle)

    def indexed(on: Transaction, table: str) -> set[str]:
        indices = [row[1] for row in on.execute(f"PRAGMA index_list({table})").fetchall()]
        return {on.execute(f"PRAGMA index_info({one})").fetchall()[0][2] for one in indices}

    def work(on: Transaction) -> dict[str, set[str]]:
        tables = [row[0] for row in on.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
        refers = {
            table: {row[3] for row in on.execute(f"PRAGMA foreign_key_list({table})").fetchall()} for table in tables
        }
        assert {table for table, columns in refers.items() if columns} == set(LEARNER_TABLES)
        return {table: columns - indexed(on, table) for table, columns in refers.items()}

    assert {table: columns for table, columns in database.read(work).items() if columns} == {}


def read_whole(database: Database, statement: str, given: Sequence[Any]) -> list[str]:
    """Steps of the plan that read a learners' table from one end to the other."""
    sqlite = database.dialect.blob == "BLOB"

    def work(on: Transaction) -> list[str]:
        if sqlite:
            return [str(row[3]) for row in on.execute(f"EXPLAIN QUERY PLAN {statement}", given).fetchall()]
        # small tables are read whole even where there is an index, so that is forbidden: what is left has none
        on.execute("SET LOCAL enable_seqscan = off")
        return [str(row[0]) for row in on.execute(f"EXPLAIN {statement}", given).fetchall()]

    scans = [one.strip() for one in database.read(work) if one.startswith("SCAN ") or "Seq Scan on " in one]
    return [one for one in scans if not any(f" {name}" in one for name in SMALL)]
