"""Faults of the disk under an SQLite store: full, gone and back, its log taken away."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from faults_server import Running, Storm, kept


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own in memory; mounting it needs root."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def mended(
    server: Running, storm: Storm, mend: Callable[[], object], *, fault: str, name: str, after: float
) -> dict[str, Any]:
    """What clients see of a fault that has begun, and once it is mended. after: seconds from here until it is."""
    began, seen = time.monotonic(), server.seen()
    time.sleep(after)
    ended = time.monotonic()
    mend()
    time.sleep(2)
    storm.stop()
    return {
        "fault": fault,
        "client": seen,
        f"storm while {name}": storm.answered(began, ended),
        "first write after": storm.first("write", ended),
        "log": server.log(),
        "tracebacks": server.tracebacks(),
    }


def full(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """The disk is filled while four write and two read, and freed again."""
    with small_disk(folder / "disk", "16m") as disk:
        where = str(disk / "learners.db")
        with Running(bundle, where) as server:
            storm, ballast = Storm([server]), disk / "ballast"
            time.sleep(2)
            with ballast.open("wb", buffering=0) as filled, suppress(OSError):
                while True:
                    filled.write(b"\0" * 4096)
            time.sleep(3)
            fault = "disk full (the file system under SQLite), freed after 5 s"
            seen = mended(server, storm, ballast.unlink, fault=fault, name="full", after=2)
            found = seen | {"seconds to stop": server.stop()}
        yield found | kept(where, storm.acknowledged)


def full_at_start(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """It is started on a full disk."""
    with small_disk(folder / "full", "64k") as disk:
        where = str(disk / "learners.db")
        (disk / "ballast").write_bytes(b"\0" * 61_440)
        server = Running(bundle, where)
        yield {
            "fault": "disk full at the start",
            "exit code": server.process.poll(),
            "log": server.log(),
            "tracebacks": server.tracebacks(),
        }
        server.stop()


def gone(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """The file is moved away with its log while four write and two read, and put back."""
    where, away = folder / "gone" / "learners.db", folder / "away"
    away.mkdir()
    with Running(bundle, str(where)) as server:
        storm = Storm([server])
        time.sleep(2)
        for one in where.parent.iterdir():
            one.rename(away / one.name)
        time.sleep(1)

        def put_back() -> None:
            for one in away.iterdir():
                one.rename(where.parent / one.name)

        fault = "SQLite file moved away with its log, and put back"
        found = mended(server, storm, put_back, fault=fault, name="gone", after=1)
    yield found | kept(str(where), storm.acknowledged)


def unlogged(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """The write-ahead log is deleted under a running server, which is killed two seconds later."""
    where = folder / "unlogged" / "learners.db"
    with Running(bundle, str(where)) as server:
        storm = Storm([server])
        time.sleep(1)
        for name in ("learners.db-wal", "learners.db-shm"):
            os.unlink(where.with_name(name))
        since = time.monotonic()
        time.sleep(2)
        seen, answered = server.seen(), storm.answered(since)
        os.kill(server.process.pid, 9)
        storm.stop()
        found = {
            "fault": "SQLite's log (-wal, -shm) deleted while running, killed 2 s later",
            "client": seen,
            "storm meanwhile": answered,
            "log": server.log(),
            "tracebacks": server.tracebacks(),
        }
        server.process.wait()
    yield found | kept(str(where), storm.acknowledged)


def removed(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """The file is removed for good; another start makes no empty store of it behind a running server's back."""
    where = folder / "removed" / "learners.db"
    with Running(bundle, str(where)) as server:
        storm = Storm([server])
        time.sleep(1)
        shutil.copytree(where.parent, folder / "backup")
        shutil.rmtree(where.parent)
        time.sleep(1)
        seen = server.seen()
        storm.stop()
        yield {
            "fault": "SQLite file and its folder removed for good",
            "client": seen,
            "file made anew": where.exists(),
            "log": server.log(),
            "tracebacks": server.tracebacks(),
            "seconds to stop": server.stop(),
        }
