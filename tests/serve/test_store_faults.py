"""What breaks is told in one line, nothing acknowledged is lost, and it goes on when it can."""

import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from lernpfad.core import ConfigError
from lernpfad.serve import database as databases
from lernpfad.serve.database import Database, StoreError, connect
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Interaction, Recorded, Store
from serve.postgres import Server
from serve.stack import START

KILLS = 5
WRITER = Path(__file__).with_name("writer.py")


def rows(count: int, *, first: int = 0, item: str = "i1") -> list[tuple[str, Interaction]]:
    return [("lea", Interaction(str(n), item, 1, True, None, START + n)) for n in range(first, first + count)]


def killed_after(where: str, lines: int, name: str) -> list[str]:
    """The ids that a writer said were stored before it was killed, at the latest after so many."""
    command = [sys.executable, str(WRITER), where, "100000", name]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    said = [writer.stdout.readline() for _ in range(lines)]
    os.kill(writer.pid, signal.SIGKILL)
    # not communicate(): it reads the pipe itself and leaves out what readline() had already taken from it
    rest = writer.stdout.read()
    writer.stdout.close()
    writer.wait(timeout=60)
    whole = [line for line in ("".join(said) + rest).splitlines(keepends=True) if line.endswith("\n")]
    return [line.strip() for line in whole]


def test_killed_in_a_write_storm_nothing_acknowledged_is_lost_and_nothing_doubled(where: str) -> None:
    acknowledged: set[str] = set()
    for n in range(KILLS):
        acknowledged |= set(killed_after(where, 20 + 7 * n, f"w{n}"))
    assert len(acknowledged) > 20 * KILLS / 2
    with closing(connect(where)) as database:
        stored = database.read(lambda on: on.execute("SELECT item FROM interactions").fetchall())
    counted = Counter(item for (item,) in stored)
    assert acknowledged <= set(counted)
    assert set(counted.values()) == {1}
    assert len(set(counted) - acknowledged) <= 3 * KILLS  # at most the batch that was on its way


@pytest.mark.parametrize("at", ["head", "everywhere"])
def test_a_file_that_is_no_database_is_one_line_and_is_left_alone(tmp_path: Path, at: str) -> None:
    path = tmp_path / "learners.db"
    store = Store(Sqlite(path))
    store.record(rows(200), now=START)
    store.database.close()
    content = bytearray(path.read_bytes())
    content[: 100 if at == "head" else len(content)] = b"\xa5" * (100 if at == "head" else len(content))
    path.write_bytes(content)
    with pytest.raises(StoreError) as refused:
        Store(connect(str(path)))
    assert refused.value.kind == databases.DAMAGED
    assert str(refused.value).startswith(f"the store {path} is damaged (")
    assert str(refused.value).endswith("put a backup in their place, or start with another store=")
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == content


def test_damage_inside_is_told_when_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "learners.db"
    store = Store(Sqlite(path))
    store.record(rows(2_000), now=START)
    store.database.close()
    content = bytearray(path.read_bytes())
    content[20 * 4096 : -4096] = b"\xa5" * (len(content) - 21 * 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        Store(connect(str(path))).known("lea")


def test_a_full_disk_refuses_the_row_and_keeps_the_rest(tmp_path: Path) -> None:
    store = Store(Sqlite(tmp_path / "learners.db", max_pages=40))
    batch, sizes = 20, []

    def fill() -> None:
        while len(sizes) < 5_000:
            sizes.append(store.record(rows(batch, first=sum(sizes), item="x" * 200), now=START).stored)

    with pytest.raises(StoreError, match="cannot grow") as refused:
        fill()
    acknowledged = sum(sizes)
    assert refused.value.kind == databases.FULL
    assert len(store.known("lea").rows) == acknowledged > 0
    store.database.close()
    roomy = Store(Sqlite(tmp_path / "learners.db"))  # somebody made room: the same post is taken now
    assert roomy.record(rows(batch, first=acknowledged, item="x" * 200), now=START) == Recorded(batch, 0)


def test_a_file_that_went_away_and_came_back(tmp_path: Path) -> None:
    path, away = tmp_path / "learners.db", tmp_path / "away.db"
    store = Store(Sqlite(path))
    store.record(rows(1), now=START)
    store.database.scrub()
    path.rename(away)
    for attempt in (lambda: store.record(rows(1, first=1), now=START), lambda: store.known("lea")):
        with pytest.raises(StoreError, match="cannot be reached") as refused:
            attempt()  # not into the file that lies elsewhere now
        assert refused.value.kind == databases.GONE
    assert not path.exists()
    away.rename(path)
    assert store.record(rows(2), now=START) == Recorded(stored=1, repeated=1)
    assert len(store.known("lea").rows) == 2


def test_another_file_in_its_place_is_not_written_to(tmp_path: Path) -> None:
    """Its ids are hashed under another secret: rows would go to learners whom nobody finds again."""
    path = tmp_path / "learners.db"
    store = Store(Sqlite(path))
    for end in ("", "-wal", "-shm"):
        path.with_name(f"learners.db{end}").rename(tmp_path / f"old.db{end}")
    other = Store(Sqlite(path))
    with pytest.raises(StoreError, match="another file lies there; to serve from that one, start anew"):
        store.record(rows(1), now=START)
    assert len(other.known("lea").rows) == 0


def test_another_writer_is_waited_for_and_then_told_of(tmp_path: Path) -> None:
    patient = Store(Sqlite(tmp_path / "learners.db", patience=0.05))
    other = Sqlite(tmp_path / "learners.db")

    def meanwhile(on: object) -> str:
        with pytest.raises(StoreError, match="is held by another process") as refused:
            patient.record(rows(1), now=START)
        assert len(patient.known("lea").rows) == 0  # readers go on
        return refused.value.kind

    assert other.write(meanwhile) == databases.BUSY
    assert patient.record(rows(1), now=START).stored == 1


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    store = Store(database)

    def broken(on: object) -> None:
        on.execute("INSERT INTO facts (name, value) VALUES ('a', 'b')")  # type: ignore[attr-defined]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.write(broken)
    assert store.database.read(lambda on: on.execute("SELECT name FROM facts WHERE name = 'a'").fetchall()) == []
    assert store.record(rows(1), now=START).stored == 1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be reached"):
        connect(str(tmp_path / "file" / "learners.db"))


def test_a_server_that_restarts_is_found_again(server: Server) -> None:
    store = Store(connect(server.fresh("restarted")))
    store.record(rows(1), now=START)
    server.stop("immediate")
    with pytest.raises(StoreError, match="the store postgresql:///restarted cannot be reached") as refused:
        store.record(rows(1, first=1), now=START)
    assert refused.value.kind == databases.GONE
    assert "\n" not in str(refused.value)
    server.start()
    assert store.record(rows(2), now=START) == Recorded(stored=1, repeated=1)
    server.stop("fast")
    server.start()
    assert len(store.known("lea").rows) == 2  # not even an error: the connection is made anew
    store.database.close()


def test_a_server_that_is_not_there_is_one_line_without_the_password(server: Server) -> None:
    with pytest.raises(StoreError) as refused:
        connect("postgresql://lea:s3cret@127.0.0.1:1/learners")
    assert "the store postgresql://127.0.0.1/learners cannot be reached" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("url", ["postgresql://lea:s3cret@host/name?foo=1", "postgresql://lea:s3cret@[::1/name"])
def test_a_url_that_is_none_is_one_line_without_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match="mend the URL") as refused:
        connect(url)
    assert "s3cret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r"needs the extra 'postgres', .*pip install 'lernpfad\[postgres\]'"):
        connect("postgresql://host/name")
