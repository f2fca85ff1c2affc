"""The embedded database: one SQLite file and its write-ahead log. A commit is synced to the disk before it returns."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import Final, TypeVar

from lernpfad.serve.database import BUSY, DAMAGED, FULL, GONE, Dialect, StoreError, Transaction
from lernpfad.serve.sqlite_log import Index, damage, index_of, log_of
from lernpfad.serve.together import Queue, Waiting, run, settling

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)

PATIENCE: Final = 10.0
"""Seconds to wait for another process that writes."""
TOGETHER: Final = 64
"""Writers that share a commit: more than a server has threads."""

_PAUSE: Final = 0.01
"""Seconds between two tries to open a file that another process is making."""
_REST: Final = 0.05
"""Seconds between two tries to empty a log that somebody reads."""

_SETTINGS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # in WAL mode NORMAL would lose the last commits when the power goes
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # deleted rows are overwritten, not only forgotten
)
_REMEDIES: Final = {
    DAMAGED: "is damaged ({problem}); stop, move {name}, {name}-wal and {name}-shm away, put a backup in their place, "
    "or start with another store=",
    FULL: "cannot grow ({problem}); free space on its disk",
    BUSY: "is held by another process ({problem}); see who has it open",
    GONE: "cannot be reached ({problem}); put it back, or mend its folder's permissions",
}


class Sqlite:
    """One file. One transaction writes at a time, across threads and processes; readers go on meanwhile.

    max_pages: pages of 4 KiB that the file may grow to; None for as many as the disk holds. together: how many writers
    that wait share one commit.
    """

    dialect = Dialect(
        number="INTEGER PRIMARY KEY AUTOINCREMENT",
        blob="BLOB",
        lock="",
        alone="",
        frozen=(
            "CREATE TRIGGER IF NOT EXISTS {table}_frozen BEFORE UPDATE ON {table} "
            "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
        ),
    )

    def __init__(
        self, path: Path, *, max_pages: int | None = None, patience: float = PATIENCE, together: int = TOGETHER
    ) -> None:
        self.path = path
        self.max_pages = max_pages
        self.patience = patience
        self._queue = Queue(together)
        self._locks = {True: Lock(), False: Lock()}
        self._open: dict[bool, sqlite3.Connection] = {}
        self._door = Lock()  # held while a connection comes or goes
        self._index: Index | None = None
        self._log: tuple[int, ...] = ()
        self._owes = False
        with self._locks[True], self._told():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # learners' answers are nobody else's to read
            self._file = self._identity()
            self._connection(True)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """One consistent look; does not wait for writers."""
        self._keep_log()
        with self._locks[False], self._told():
            connection = self._connection(False)
            with self._left_clean(False):
                connection.execute("BEGIN")
                result = work(connection)
                connection.execute("COMMIT")
            return result

    def write(self, work: Callable[[Transaction], T]) -> T:
        """All or nothing, and on the disk when it returns; whoever waits meanwhile shares the next commit."""
        self._keep_log()
        mine = self._queue.add(work)
        with self._locks[True]:
            while not mine.done:
                self._commit(self._queue.taken())
        self._keep_log()  # if the log went just now, what is in it has to be elsewhere before anybody is told
        self._pay()
        result: T = mine.outcome()
        return result

    def scrub(self) -> None:
        """Write the whole log into the file, where deleted rows are zeros, and empty it.

        Others go on while it waits for whoever reads. If that takes too long it raises, and every write tries again.
        """
        self._owes = True
        deadline = monotonic() + self.patience
        while not self._emptied():
            if monotonic() > deadline:
                keeps = "its log keeps what was erased until a write, or `lernpfad serve scrub`, finds nobody reading"
                raise StoreError(BUSY, f"{self} is being read; {keeps}")
            sleep(_REST)

    def rewrite(self) -> None:
        """The same: SQLite has overwritten deleted rows with zeros already."""
        self.scrub()

    def close(self) -> None:
        """Close the file."""
        self._pay()
        with self._locks[True], self._locks[False]:
            self._drop(False)
            self._drop(True)

    def __str__(self) -> str:
        return f"the store {self.path}"

    def _emptied(self) -> bool:
        """Try once, waiting for nobody in other processes."""
        with self._locks[True], self._locks[False], self._told():
            connection = self._connection(True)
            connection.execute("PRAGMA busy_timeout=0")
            try:
                self._owes = bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            finally:
                connection.execute(f"PRAGMA busy_timeout={int(1_000 * self.patience)}")
        return not self._owes

    def _pay(self) -> None:
        """If a log could not be emptied after an erasure, try again."""
        if self._owes:
            with suppress(StoreError):
                self._emptied()

    def _commit(self, jobs: Sequence[Waiting]) -> None:
        with settling(jobs), self._told():
            connection = self._connection(True)
            with self._left_clean(True):
                connection.execute("BEGIN IMMEDIATE")
                run(connection, jobs, everybodys=(sqlite3.DatabaseError,))
                self._keep_whole()  # nobody else empties the log now
                connection.execute("COMMIT")

    def _connection(self, writing: bool) -> sqlite3.Connection:
        try:
            if self._identity() != self._file:
                raise FileNotFoundError("another file lies there; to serve from that one, start anew")
        except OSError:
            self._drop(writing)  # a commit to the old file, wherever it lies now, would be lost
            raise
        with self._door:
            self._keep_whole()
            if writing not in self._open:
                self._open[writing] = self._opened()
            return self._open[writing]

    def _keep_whole(self) -> None:
        """Refuse to go on with a log that was cut.

        A commit would leave a hole in it, which the next checkpoint carries into the file, and a new connection would
        take what is left for the whole.
        """
        lost = damage(self.path) if self._index is None else self._index.lacking()
        if lost and (self._index is None or self._log_is_ours()):
            raise StoreError(DAMAGED, self._line(DAMAGED, lost))

    def _opened(self) -> sqlite3.Connection:
        # mode=rw: a file that has gone is an error, not an empty store
        address = f"{self.path.resolve().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            address, uri=True, timeout=self.patience, isolation_level=None, check_same_thread=False
        )
        try:
            for setting in _SETTINGS:
                self._set(connection, setting)
            if self.max_pages is not None:
                connection.execute(f"PRAGMA max_page_count={int(self.max_pages)}")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on there is a log
            self._log = self._log_identity()
            self._index = self._index or Index(self.path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _set(self, connection: sqlite3.Connection, setting: str) -> None:
        """Set it, with patience: SQLite itself waits for nobody while a new file becomes one with a log."""
        deadline = monotonic() + self.patience
        while True:
            try:
                connection.execute(setting)
                return
            except sqlite3.OperationalError as problem:
                if _kind(problem) != BUSY or monotonic() > deadline:
                    raise
            sleep(_PAUSE)

    def _identity(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_dev, found.st_ino

    def _log_identity(self) -> tuple[int, ...]:
        return tuple(of(self.path).stat().st_ino for of in (log_of, index_of))

    def _log_is_ours(self) -> bool:
        try:
            return not self._open or self._log_identity() == self._log
        except OSError:
            return False

    def _file_is_ours(self) -> bool:
        try:
            return self._identity() == self._file
        except OSError:
            return False

    def _keep_log(self) -> None:
        """If somebody took the log away, bring what is in it into the file: the connections still have it open."""
        if self._log_is_ours() or not self._file_is_ours():
            return
        with self._locks[True], self._locks[False], self._told():
            if self._log_is_ours():
                return
            _LOG.error("%s: its log, %s, was taken away; leave it there", self, log_of(self.path).name)
            for connection in list(self._open.values())[:1]:
                connection.execute("PRAGMA wal_checkpoint(FULL)")
            self._drop(False)
            self._drop(True)

    @contextmanager
    def _left_clean(self, writing: bool) -> Iterator[None]:
        """Nothing stays begun: a transaction that cannot be rolled back goes with its connection."""
        connection = self._open[writing]
        try:
            yield
        except BaseException as problem:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            broken = isinstance(problem, sqlite3.DatabaseError) and _kind(problem) in (DAMAGED, GONE)
            if broken or connection.in_transaction:
                self._drop(writing)
            raise

    def _drop(self, writing: bool) -> None:
        with self._door:
            if writing in self._open:
                with suppress(sqlite3.Error):
                    self._open.pop(writing).close()
            if self._index is not None and not self._open:
                self._index.close()
                self._index = None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError) as problem:
            if isinstance(problem, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise  # a mistake of ours
            kind = _kind(problem)
            raise StoreError(kind, self._line(kind, problem)) from problem

    def _line(self, kind: str, problem: object) -> str:
        return f"{self} {_REMEDIES[kind].format(problem=problem, name=self.path.name)}"


def _kind(problem: Exception) -> str:
    code = getattr(problem, "sqlite_errorcode", None)
    if code is None:
        return FULL if getattr(problem, "errno", None) == 28 else GONE
    primary = code & 0xFF
    known = {
        sqlite3.SQLITE_CORRUPT: DAMAGED,
        sqlite3.SQLITE_NOTADB: DAMAGED,
        sqlite3.SQLITE_FULL: FULL,
        sqlite3.SQLITE_BUSY: BUSY,
        sqlite3.SQLITE_LOCKED: BUSY,
        sqlite3.SQLITE_CANTOPEN: GONE,
        sqlite3.SQLITE_IOERR: GONE,
        sqlite3.SQLITE_READONLY: GONE,
        sqlite3.SQLITE_PERM: GONE,
    }
    return known.get(primary, DAMAGED)
