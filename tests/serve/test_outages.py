"""While the store cannot be used the service says so, in time; and goes on when it can."""

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lernpfad.serve.database import DAMAGED, GONE, Database, StoreError, Transaction
from lernpfad.serve.keys import Keys
from lernpfad.serve.oversight import Oversight
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Interaction, Store
from serve.postgres import Server
from serve.stack import START
from serve.web import client, small_bundle

ROW = {"learner": "lea", "id": "1", "item": "i1", "outcome": "correct", "time": START}


class Twice:
    """A database whose answer to a commit gets lost, so that the work is done once more."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.dialect = database.dialect
        self.read = database.read
        self.scrub = database.scrub

    def write(self, work: Any) -> Any:
        self.database.write(work)
        return self.database.write(work)


def test_what_is_done_twice_has_happened_once(database: Database) -> None:
    Store(database)
    twice: Any = Twice(database)
    store = Store(twice)
    Oversight(store).switch("n1", on=True, reason="A drill.", who="", now=START)
    assert Oversight(store).curriculum
    assert database.read(lambda on: on.execute("SELECT count(*) FROM interventions").fetchone())[0] == 1
    keys = Keys(twice)
    first = keys.first(now=START)
    assert first is not None
    assert keys.known(first, now=START) is not None
    assert keys.first(now=START) is None
    assert keys.known(keys.make(["read"], now=START), now=START) is not None
    assert len(keys.listed()) == 2
    store.record([("lea", Interaction("1", "i1", 1, True, None, START))], now=START)
    assert store.erase("lea", now=START).interactions == 1


def broken(database: Database, kind: str, monkeypatch: pytest.MonkeyPatch, *ways: str) -> None:
    def refuse(work: object) -> None:
        raise StoreError(kind, "planted")

    for way in ways:
        monkeypatch.setattr(database, way, refuse)


def test_readiness_after_damage_waits_for_a_new_start(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "l.db")
    with client(small_bundle(tmp_path), database=database, keyed=False) as web, pytest.MonkeyPatch.context() as planted:
        assert web.get("/v1/ready").status_code == 200
        broken(database, DAMAGED, planted, "write")
        refused = web.post("/v1/learners/interactions", json=ROW)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        planted.undo()
        assert web.get("/v1/ready").status_code == 503


def test_readiness_after_a_full_disk_comes_back_with_the_space(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "l.db")
    with client(small_bundle(tmp_path), database=database, keyed=False) as web, pytest.MonkeyPatch.context() as planted:
        broken(database, "full", planted, "write")
        assert web.post("/v1/learners/interactions", json=ROW).status_code == 503
        assert web.get("/v1/ready").status_code == 503
        assert web.post("/v1/learners/profile", json={"learner": "lea"}).status_code == 200
        planted.undo()
        assert web.get("/v1/ready").status_code == 200
        assert web.post("/v1/learners/interactions", json=ROW).json()["stored"] == 1


def test_a_profile_needs_no_space(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "l.db")
    with client(small_bundle(tmp_path), database=database, keyed=False) as web, pytest.MonkeyPatch.context() as planted:
        assert web.post("/v1/learners/interactions", json=ROW).status_code == 200
        broken(database, "full", planted, "write")
        assert web.post("/v1/learners/profile", json={"learner": "lea"}).json()["covers"] == 1
        assert web.post("/v1/learners/next-items", json={"learner": "lea"}).status_code == 503  # it has to be logged


def children(server: Server) -> list[int]:
    head = int((server.data / "postmaster.pid").read_text().splitlines()[0])
    return [head, *map(int, Path(f"/proc/{head}/task/{head}/children").read_text().split())]


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found under /proc")
def test_a_server_that_is_halted_costs_a_bounded_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from lernpfad.serve import postgres

    monkeypatch.setattr(postgres, "_GRACE", 0.2)
    store = Store(postgres.Postgres(server.fresh("halted"), patience=1))
    store.record([("lea", Interaction("1", "i1", 1, True, None, START))], now=START)
    halted = children(server)
    for pid in halted:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(StoreError, match=r"no answer for 1\.2 s") as refused:
            store.known("lea")
        assert refused.value.kind == GONE
        with pytest.raises(StoreError):
            store.record([("lea", Interaction("2", "i1", 1, True, None, START))], now=START)
    finally:
        for pid in halted:
            os.kill(pid, signal.SIGCONT)
    assert time.monotonic() - began < 10
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            assert store.record([("lea", Interaction("3", "i1", 1, True, None, START))], now=START).stored == 1
            break
        except StoreError:
            time.sleep(0.1)
    assert len(store.known("lea").rows) in (2, 3)
    store.database.close()


def test_whoever_waits_too_long_for_the_connection_is_told(server: Server) -> None:
    from lernpfad.serve.postgres import Postgres

    database = Postgres(server.fresh("waiting"), patience=1)
    store, inside, go = Store(database), threading.Event(), threading.Event()

    def hold(on: Transaction) -> None:
        inside.set()
        go.wait(20)

    holder = threading.Thread(target=lambda: database.write(hold))
    holder.start()
    inside.wait(20)
    with pytest.raises(StoreError, match="has had others to answer for 1 s") as refused:
        store.record([("lea", Interaction("1", "i1", 1, True, None, START))], now=START)
    assert refused.value.kind == "busy"
    go.set()
    holder.join()
    assert len(store.known("lea").rows) == 0  # who was told "busy" does not find it stored later
    database.close()


def test_a_database_without_its_tables_is_damaged(server: Server) -> None:
    from lernpfad.serve.postgres import Postgres

    database = Postgres(server.fresh("emptied"))
    with pytest.raises(StoreError, match=r"is damaged .relation .facts. does not exist") as refused:
        database.read(lambda on: on.execute("SELECT value FROM facts").fetchone())
    assert refused.value.kind == DAMAGED
    database.close()
