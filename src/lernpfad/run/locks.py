"""One process at a time. A lock is a transaction on a SQLite file, so it ends with its process, on every system."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_PATIENCE = 120.0


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process is inside with this path, for two minutes at most. Raises sqlite3.Error, OSError."""
    with closing(_opened(path, _PATIENCE)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Whether this process has got the path for itself, told at once; another one that has it keeps it."""
    with closing(_opened(path, 0.0)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            yield False
            return
        yield True


def _opened(path: Path, patience: float) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    return sqlite3.connect(path, timeout=patience, isolation_level=None)
