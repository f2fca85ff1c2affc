"""What was acknowledged is in SQLite's log for a while: a log that was damaged, cut or taken away is noticed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lernpfad.serve import database as databases
from lernpfad.serve.database import StoreError, Transaction
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.sqlite_log import damage, index_of, log_of
from lernpfad.serve.store import Interaction, Store
from serve.stack import START

ROWS = 30


def row(name: object) -> list[tuple[str, Interaction]]:
    return [("lea", Interaction(str(name), "i1", 1, True, None, START))]


def crashed(folder: Path) -> Path:
    """The files as they lie there after a crash: every row its own commit, all of it in the log."""
    store = Store(Sqlite(folder / "running" / "l.db"))
    for n in range(ROWS):
        store.record(row(n), now=START)
    (folder / "crashed").mkdir()
    for one in (folder / "running").iterdir():
        shutil.copy(one, folder / "crashed")
    store.database.close()
    return folder / "crashed" / "l.db"


def overwrite(path: Path, first: int, last: int) -> None:
    with path.open("r+b") as file:
        file.seek(first)
        file.write(b"\xa5" * (last - first))


def head(path: Path) -> None:
    overwrite(log_of(path), 0, 32)


def middle(path: Path) -> None:
    size = log_of(path).stat().st_size
    overwrite(log_of(path), size // 2, size // 2 + 8)


def half(path: Path) -> None:
    os.truncate(log_of(path), log_of(path).stat().st_size // 2)


def whole(path: Path) -> None:
    log_of(path).unlink()


def everything_but_the_log(path: Path) -> None:
    os.truncate(path, 0)


HARM = {
    "the head of its log cannot be read": head,
    "of its log cannot be read, and commits follow": middle,
    "frames": half,
    "its log holds 0 of": whole,
    "it is empty, its log is not": everything_but_the_log,
}


def test_after_a_crash_all_that_was_acknowledged_is_there(tmp_path: Path) -> None:
    path = crashed(tmp_path)
    assert damage(path) == ""
    assert len(Store(Sqlite(path)).known("lea").rows) == ROWS


@pytest.mark.parametrize("line", HARM)
def test_acknowledged_rows_are_not_lost_in_silence(tmp_path: Path, line: str) -> None:
    path = crashed(tmp_path)
    HARM[line](path)
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    with pytest.raises(StoreError, match=line) as refused:
        Sqlite(path)
    assert refused.value.kind == databases.DAMAGED
    assert "move l.db, l.db-wal and l.db-shm away, put a backup in their place" in str(refused.value)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before


def torn(path: Path) -> None:
    """The last commit did not reach the disk whole."""
    overwrite(log_of(path), log_of(path).stat().st_size - 50, log_of(path).stat().st_size)


def begun(path: Path) -> None:
    """And part of one frame more was written."""
    with log_of(path).open("ab") as log:
        log.write(b"\xa5" * 1_000)


@pytest.mark.parametrize("harm", [torn, begun])
def test_a_commit_that_was_not_acknowledged_is_no_damage(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = crashed(tmp_path)
    index_of(path).unlink()  # after a power cut nothing is known but what is on the disk
    harm(path)
    assert damage(path) == ""
    assert len(Store(Sqlite(path)).known("lea").rows) in (ROWS - 1, ROWS)


def test_frames_of_an_older_log_are_no_damage(tmp_path: Path) -> None:
    store = Store(Sqlite(tmp_path / "running" / "l.db"))
    store.record(row("x"), now=START)
    writer = store.database._connection(True)  # type: ignore[attr-defined]
    writer.execute("PRAGMA wal_checkpoint(FULL)").fetchone()  # what comes next begins the log anew, over the old frames
    store.record(row("y"), now=START)
    (tmp_path / "crashed").mkdir()
    for one in (tmp_path / "running").iterdir():
        shutil.copy(one, tmp_path / "crashed")
    assert damage(tmp_path / "crashed" / "l.db") == ""
    assert len(Store(Sqlite(tmp_path / "crashed" / "l.db")).known("lea").rows) == 2


def test_a_log_taken_away_from_a_running_store_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "running" / "l.db"
    store = Store(Sqlite(path))
    store.record(row(1), now=START)
    log_of(path).unlink()
    index_of(path).unlink()
    store.record(row(2), now=START)
    assert len(store.known("lea").rows) == 2
    shutil.copytree(path.parent, tmp_path / "crashed")  # nothing that was acknowledged is in open files alone
    assert len(Store(Sqlite(tmp_path / "crashed" / "l.db")).known("lea").rows) == 2


@pytest.mark.parametrize("left", ["nothing", "head", "half"])
@pytest.mark.parametrize("scrubbed", [False, True])
def test_a_log_cut_short_under_a_running_store_is_not_written_on(tmp_path: Path, left: str, scrubbed: bool) -> None:
    path = tmp_path / "l.db"
    store = Store(Sqlite(path))
    if scrubbed:
        store.database.scrub()  # so that the log is not the first one
    for n in range(ROWS):
        store.record(row(n), now=START)
    os.truncate(log_of(path), {"nothing": 0, "head": 32, "half": log_of(path).stat().st_size // 2}[left])
    content = path.read_bytes(), log_of(path).read_bytes()
    refused = r"is damaged .its log was cut to less than"
    for attempt in (lambda: store.record(row("late"), now=START), lambda: store.known("lea"), store.database.scrub):
        with pytest.raises(StoreError, match=refused):
            attempt()
    assert (path.read_bytes(), log_of(path).read_bytes()) == content
    store.database.close()
    with pytest.raises(StoreError, match=r"is damaged .its log holds"):
        Sqlite(path)


def test_a_log_cut_while_a_commit_is_made_takes_it_back(tmp_path: Path) -> None:
    store = Store(Sqlite(tmp_path / "l.db"))
    store.record(row(1), now=START)
    content = (tmp_path / "l.db").read_bytes()

    def cut(on: Transaction) -> None:
        on.execute("INSERT INTO facts (name, value) VALUES ('a', 'b')")
        os.truncate(log_of(tmp_path / "l.db"), 0)

    with pytest.raises(StoreError, match="its log was cut") as refused:
        store.database.write(cut)
    assert refused.value.kind == databases.DAMAGED
    assert (tmp_path / "l.db").read_bytes() == content
    assert not log_of(tmp_path / "l.db").stat().st_size


def test_a_log_that_was_cut_is_not_opened_anew(tmp_path: Path) -> None:
    """To SQLite it would be a log with less in it."""
    database = Sqlite(tmp_path / "l.db")
    store = Store(database)
    store.record(row(1), now=START)
    os.truncate(log_of(tmp_path / "l.db"), 0)
    database.close()
    with pytest.raises(StoreError, match="its log holds 0 of") as refused:
        store.known("lea")
    assert refused.value.kind == databases.DAMAGED


EMPTIED = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1])
for line in sys.stdin:
    print(other.execute(line).fetchone(), flush=True)
"""


def test_a_log_that_another_process_emptied_is_gone_on_with(tmp_path: Path) -> None:
    """Again and again, whether it closes the file then or goes on."""
    path = tmp_path / "l.db"
    store = Store(Sqlite(path))
    size = 0
    command = [sys.executable, "-c", EMPTIED, str(path)]
    for ending in (False, True):
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin is not None
            assert other.stdout is not None
            for n in range(size, size + ROWS):
                store.record(row(n), now=START)
            size += ROWS
            other.stdin.write("PRAGMA wal_checkpoint(TRUNCATE)\n")
            other.stdin.flush()
            assert other.stdout.readline() == "(0, 0, 0)\n"
            assert log_of(path).stat().st_size == 0
            if ending:
                other.stdin.close()
                assert other.wait(timeout=60) == 0
            assert len(store.known("lea").rows) == size
            store.record(row(f"late-{ending}"), now=START)
            size += 1
            assert len(store.known("lea").rows) == size
            if not ending:
                other.stdin.close()
    store.database.close()
    assert len(Store(Sqlite(path)).known("lea").rows) == size


def test_a_transaction_that_cannot_be_rolled_back_does_not_stay(tmp_path: Path) -> None:
    """Begun for ever, it would let nobody write until the next start."""
    database = Sqlite(tmp_path / "l.db")
    store = Store(database)

    def broken(on: object) -> None:
        on.execute("ROLLBACK")  # type: ignore[attr-defined]
        on.execute("BEGIN")  # type: ignore[attr-defined]
        raise MemoryError

    with pytest.raises(MemoryError):
        database.write(broken)
    assert store.record(row(1), now=START).stored == 1
