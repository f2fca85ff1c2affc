"""The interaction log is the truth: every row once, in order, by whomever and however often it is posted."""

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lernpfad.core import ConfigError
from lernpfad.serve.database import Database, StoreError, connect
from lernpfad.serve.history import Rows
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Cached, ConflictError, Interaction, MovedError, Recorded, Store
from serve.stack import START

ROW = Interaction("a", "i1", 1, True, 4.0, START)
NOW = START + 1e6
WRITER = Path(__file__).with_name("writer.py")


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def row(name: str, **changed: object) -> Interaction:
    return replace(ROW, id=name, **changed)  # type: ignore[arg-type]


def test_what_is_posted_is_what_is_known(store: Store) -> None:
    rows = [ROW, row("b", item="i2", outcome=0, minutes=None, time=START + 1), row("c", outcome=-1, accepted=False)]
    assert store.record([("lea", one) for one in rows], now=NOW) == Recorded(stored=3, repeated=0)
    assert store.known("lea").rows == Rows(
        item=("i1", "i1", "i2"),
        outcome=(1, -1, 0),
        accepted=(True, False, True),
        minutes=(4.0, 4.0, None),
        time=(START, START, START + 1),
    )
    assert len(store.known("leo").rows) == 0
    assert store.known("leo").number is None


def test_a_repeated_row_counts_once(store: Store) -> None:
    assert store.record([("lea", ROW), ("lea", ROW)], now=NOW) == Recorded(stored=1, repeated=1)
    assert store.record([("lea", ROW), ("leo", ROW)], now=NOW) == Recorded(stored=1, repeated=1)
    assert len(store.known("lea").rows) == len(store.known("leo").rows) == 1


@pytest.mark.parametrize(
    "changed", [{"item": "i2"}, {"outcome": 0}, {"minutes": None}, {"time": START + 1}, {"decision": "ab"}]
)
def test_the_same_id_with_other_content_is_refused_and_nothing_is_stored(
    store: Store, changed: dict[str, object]
) -> None:
    store.record([("lea", ROW)], now=NOW)
    with pytest.raises(ConflictError) as refused:
        store.record([("leo", ROW), ("lea", row("new")), ("lea", row("a", **changed))], now=NOW)
    assert refused.value.place == 2
    assert len(store.known("lea").rows) == 1
    assert len(store.known("leo").rows) == 0


def test_rows_come_back_in_the_order_of_their_times_whatever_the_order_of_arrival(store: Store) -> None:
    arrival = [5, 1, 4, 1, 3, 2]
    for n, late in enumerate(arrival):
        store.record([("lea", row(str(n), item=f"i{n}", time=START + late))], now=NOW)
    assert store.known("lea").rows.item == ("i1", "i3", "i5", "i4", "i2", "i0")  # the two of second 1 as they came


def test_what_was_stored_is_there_after_a_restart(opened: Callable[[], Database]) -> None:
    before = Store(opened())
    before.record([("lea", ROW)], now=NOW)
    before.database.close()
    after = Store(opened())
    assert after.known("lea").rows.item == ("i1",)
    assert after.pseudonym("lea") == before.pseudonym("lea")


def test_a_state_is_kept_and_replaced(store: Store) -> None:
    store.record([("lea", ROW)], now=NOW)
    for cached in (Cached("b1", 1, "d1", b"\x00one"), Cached("b2", 1, "d2", b"two")):
        store.keep("lea", store.known("lea"), cached)
        assert store.known("lea").cached == cached


def test_what_was_computed_before_an_erasure_is_not_stored_after_it(store: Store) -> None:
    store.record([("lea", ROW)], now=NOW)
    known = store.known("lea")
    store.erase("lea", now=NOW)
    with pytest.raises(MovedError):
        store.keep("lea", known, Cached("b", 1, "d", b"state"))
    store.record([("lea", row("z"))], now=NOW)  # she came back: a number is never used twice
    with pytest.raises(MovedError):
        store.keep("lea", known, Cached("b", 1, "d", b"state"))
    assert store.known("lea").cached is None


@pytest.mark.parametrize("table", ["interactions", "receipts"])
def test_the_logs_are_append_only(store: Store, table: str) -> None:
    store.record([("lea", ROW)], now=NOW)
    store.erase("leo", now=NOW)
    column = "item" if table == "interactions" else "hash"
    with pytest.raises(Exception, match="append-only"):
        store.database.write(lambda on: on.execute(f"UPDATE {table} SET {column} = 'other'"))
    assert store.known("lea").rows.item == ("i1",)


def test_two_processes_on_one_store_lose_nothing(where: str) -> None:
    """Both write to the same three learners, half of the ids in common, one by one and in batches."""
    commands = [[sys.executable, str(WRITER), where, "40", name] for name in ("x", "y")]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    acknowledged = [set(one.communicate(timeout=120)[0].split()) for one in writers]
    assert [one.returncode for one in writers] == [0, 0]
    database = connect(where)
    rows = database.read(lambda on: on.execute("SELECT learner, place, item FROM interactions").fetchall())
    counted = database.read(lambda on: on.execute("SELECT number, counted FROM learners").fetchall())
    database.close()
    assert Counter(item for _, _, item in rows) == Counter(acknowledged[0] | acknowledged[1])
    for number, count in counted:
        assert sorted(place for learner, place, _ in rows if learner == number) == list(range(count))
    assert sum(count for _, count in counted) == len(rows)


def test_a_newer_schema_is_refused(store: Store, opened: Callable[[], Database]) -> None:
    store.database.write(lambda on: on.execute("UPDATE facts SET value = '9' WHERE name = 'schema'"))
    with pytest.raises(StoreError, match="the store has schema 9, this lernpfad reads up to 2; upgrade lernpfad"):
        Store(opened())


def test_an_address_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"store=mysql://\.\.\.: expected the path of an SQLite file, or postgresql:"):
        connect("mysql://root:secret@host/x")


def test_a_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    connect(str(tmp_path / "l.db")).close()
    assert (tmp_path / "l.db").stat().st_mode & 0o077 == 0


def test_a_file_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    """SQLite says at once that it is busy while somebody else turns a new file into one with a log."""
    database = Sqlite(tmp_path / "l.db", patience=5.0)
    said = []

    class Busy:
        def execute(self, setting: str) -> None:
            said.append(setting)
            if len(said) < 3:
                problem = sqlite3.OperationalError("database is locked")
                problem.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise problem

    database._set(Busy(), "PRAGMA journal_mode=WAL")
    assert said == ["PRAGMA journal_mode=WAL"] * 3
    database.patience, said[:] = -1.0, []
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        database._set(Busy(), "PRAGMA journal_mode=WAL")
    database.close()
