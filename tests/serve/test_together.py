"""Writers that share a commit: each gets its own result or refusal, and a failed commit is everybody's."""

import threading
from pathlib import Path
from typing import Any

import pytest

from lernpfad.serve.database import Database, StoreError, Transaction
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import ConflictError, Interaction, Store
from serve.postgres import Server
from serve.stack import START

NOW = START + 1e6


class Held:
    """Lets a first writer wait inside its transaction until `others` more have got in line."""

    def __init__(self, database: Any) -> None:
        self.database = database
        self.inside, self.go = threading.Event(), threading.Event()
        self.commits = 0
        self.thread = threading.Thread(target=lambda: database.write(self._wait))
        self.thread.start()
        self.inside.wait(10)

    def _wait(self, on: Transaction) -> None:
        self.inside.set()
        self.go.wait(10)

    def release(self, waiting: int) -> None:
        for _ in range(1_000):
            if len(self.database._queue._waiting) == waiting:
                break
            threading.Event().wait(0.01)
        self.go.set()
        self.thread.join()


def together(database: Database, rows: list[tuple[str, Interaction]]) -> dict[int, object]:
    """What each of the writers got who waited at the same time; by place."""
    store, found = Store(database), dict[int, object]()

    def write(place: int) -> None:
        try:
            found[place] = store.record([rows[place]], now=NOW).stored
        except Exception as problem:
            found[place] = problem

    held = Held(database)
    threads = [threading.Thread(target=write, args=(place,)) for place in range(len(rows))]
    for one in threads:
        one.start()
    held.release(len(rows))
    for one in threads:
        one.join()
    return found


def row(name: str, item: str = "i1") -> Interaction:
    return Interaction(name, item, 1, True, None, START)


@pytest.mark.parametrize("most", [1, 2, 64])
def test_each_writer_gets_its_own_result(tmp_path: Path, most: int) -> None:
    each_gets_its_own(Sqlite(tmp_path / "l.db", together=most))


@pytest.mark.parametrize("most", [1, 64])
def test_each_writer_on_postgresql_gets_its_own_result(server: Server, most: int) -> None:
    from lernpfad.serve.postgres import Postgres

    database = Postgres(server.fresh(f"together{most}"), together=most)
    each_gets_its_own(database)
    database.close()


def test_a_lone_writer_waits_for_no_other_replica(server: Server) -> None:
    """While another replica commits for several, one alone goes on, and those who would share a commit wait."""
    from lernpfad.serve.postgres import _SHARED, Postgres

    url = server.fresh("lone")
    database, other = Postgres(url, patience=1), Postgres(url)
    Store(database)

    def meanwhile(on: Transaction) -> dict[int, object]:
        on.execute(_SHARED)
        assert Store(database).record([("lea", row("alone"))], now=NOW).stored == 1
        return together(database, [("lea", row("a")), ("leo", row("b"))])

    found = other.write(meanwhile)
    assert [type(one) for one in found.values()] == [StoreError] * 2
    assert together(database, [("lea", row("a")), ("leo", row("b"))]) == {0: 1, 1: 1}
    for one in (database, other):
        one.close()


def each_gets_its_own(database: Database) -> None:
    """One refusal among five who wait at the same time."""
    Store(database).record([("lea", row("known"))], now=NOW)
    rows = [("lea", row("a")), ("lea", row("known", "i2")), ("leo", row("b")), ("lea", row("known")), ("lea", row("c"))]
    found = together(database, rows)
    refused = found.pop(1)
    assert isinstance(refused, ConflictError)
    assert found == {0: 1, 2: 1, 3: 0, 4: 1}
    store = Store(database)
    assert (len(store.known("lea").rows), len(store.known("leo").rows)) == (3, 1)
    counted = database.read(lambda on: on.execute("SELECT sum(counted) FROM learners").fetchone())[0]
    assert counted == 4


def test_those_who_wait_share_a_commit(tmp_path: Path) -> None:
    commits = {}
    for most in (1, 64):
        database = Sqlite(tmp_path / f"{most}.db", together=most)
        Store(database)
        seen: list[str] = []
        database._connection(True).set_trace_callback(seen.append)
        together(database, [("lea", row(str(n))) for n in range(20)])
        commits[most] = seen.count("COMMIT")
    assert commits[1] == 1 + 1 + 20  # the tables, the held one, each its own
    assert commits[64] == 1 + 1 + 1


def test_a_commit_that_fails_is_told_to_all_and_leaves_nothing(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "l.db", max_pages=40)
    big = [("lea", row(str(n), "x" * 30_000)) for n in range(6)]
    found = together(database, big)
    assert all(isinstance(one, StoreError) and one.kind == "full" for one in found.values())
    assert len(Store(database).known("lea").rows) == 0
    assert Store(database).record([("lea", row("small"))], now=NOW).stored == 1
