"""PostgreSQL, for several replicas on one store. Its driver is the extra `postgres`."""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from time import monotonic
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from lernpfad.core import ConfigError
from lernpfad.serve.database import BUSY, DAMAGED, FULL, GONE, Dialect, StoreError, Transaction
from lernpfad.serve.tables import LEARNER_TABLES
from lernpfad.serve.together import Queue, Waiting, run, settling

T = TypeVar("T")

PATIENCE: Final = 10
"""Seconds to wait for a connection, a lock or a statement."""
TOGETHER: Final = 64
"""Writers that share a commit: more than a server has threads."""

_SECRET: Final = re.compile(r"\"[^\"]*@[^\"]*\"")
"""What a driver quotes of a URL may hold its password."""
_TRIES: Final = 2
_GRACE: Final = 2.0
"""Seconds beyond PATIENCE that the server has to say that a statement took too long, before it is given up."""
_REST: Final = 1.0
"""Seconds without a new try after one to connect took longer than this and failed; nobody waits for another then."""
_SHARED: Final = "SELECT pg_advisory_xact_lock(6062)"
"""One replica commits for several at a time: they lock their learners in no common order."""
_FUNCTION: Final = (
    "CREATE OR REPLACE FUNCTION lernpfad_frozen() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
)
_TRIGGER: Final = (
    "CREATE OR REPLACE TRIGGER {table}_frozen BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION lernpfad_frozen()"
)


class Postgres:
    """A database on a server. A connection that broke is opened again, and what it was to do is done once more.

    url: postgresql://user@host/name; the password may be in it, or where libpq looks (PGPASSWORD, ~/.pgpass).
    together: how many writers that wait share one commit. patience: seconds to wait for a connection, a lock or a
    statement.
    """

    dialect = Dialect(
        number="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        blob="BYTEA",
        lock=" FOR UPDATE",
        alone="SELECT pg_advisory_xact_lock(6061)",
        frozen=(_FUNCTION, _TRIGGER),
    )

    def __init__(self, url: str, *, together: int = TOGETHER, patience: int = PATIENCE) -> None:
        try:
            import psycopg
        except ImportError as problem:
            raise ConfigError(
                "store=postgresql://... needs the extra 'postgres', not installed here: "
                "pip install 'lernpfad[postgres]'"
            ) from problem
        self._driver = psycopg
        self._connection_type = _timed(psycopg)
        self._url = url
        self.patience = patience
        self._queue = Queue(together)
        self._rests = 0.0
        self._locks = {True: Lock(), False: Lock()}
        self._open: dict[bool, Any] = {}
        self.read(lambda on: on.execute("SELECT 1").fetchone())

    def read(self, work: Callable[[Transaction], T]) -> T:
        """One consistent look."""
        if not self._locks[False].acquire(timeout=self.patience):
            raise self._slow()
        try:
            return self._run(work, writing=False)
        finally:
            self._locks[False].release()

    def write(self, work: Callable[[Transaction], T]) -> T:
        """All or nothing, and on the server's disk when it returns; whoever waits meanwhile shares the next commit."""
        mine = self._queue.add(work)
        if not self._locks[True].acquire(timeout=self.patience):
            if self._queue.withdrawn(mine):
                raise self._slow()
            self._locks[True].acquire()  # it is being written
        try:
            while not mine.done:
                self._commit(self._queue.taken())
        finally:
            self._locks[True].release()
        result: T = mine.outcome()
        return result

    def scrub(self) -> None:
        """Let the server take deleted rows out of its tables; others write meanwhile, and it may take its time.

        No query finds them then. Their bytes stay in the free part of a page until something else needs the place.
        """
        self._vacuum("VACUUM")

    def rewrite(self) -> None:
        """Write every table into a new file; nobody else can use it meanwhile."""
        self._vacuum("VACUUM FULL")

    def _vacuum(self, how: str) -> None:
        with self._told(), self._connected(patience=0) as connection:
            connection.execute(f"{how} learners, {', '.join(LEARNER_TABLES)}")

    def close(self) -> None:
        """Close the connections."""
        for writing, lock in self._locks.items():
            with lock:
                self._drop(writing)

    def __str__(self) -> str:
        parts = urlsplit(self._url)
        return f"the store postgresql://{parts.hostname or ''}{parts.path}"

    def _slow(self) -> StoreError:
        return StoreError(BUSY, f"{self} has had others to answer for {self.patience} s; see pg_stat_activity")

    def _commit(self, jobs: Sequence[Waiting]) -> None:
        everybodys = (self._driver.OperationalError, self._driver.InterfaceError)

        def work(on: Transaction) -> None:
            # one alone locks its learners in order, and is begun anew after a deadlock with those who do not
            if len(jobs) > 1:
                on.execute(_SHARED)
            run(on, jobs, everybodys=everybodys)

        with settling(jobs):
            self._run(work, writing=True)

    def _run(self, work: Callable[[Transaction], T], *, writing: bool) -> T:
        """Work on a connection whose lock is held."""
        with self._told():
            for tried in range(1, _TRIES + 1):
                kept = writing in self._open
                try:
                    connection = self._connection(writing)
                    with connection.transaction():
                        return work(_Marked(connection))
                except (self._driver.OperationalError, self._driver.InterfaceError) as problem:
                    self._drop(writing)
                    broke = kept and not isinstance(problem, self._driver.errors.QueryCanceled | TimeoutError)
                    if tried == _TRIES or not (broke or isinstance(problem, self._driver.errors.DeadlockDetected)):
                        raise
            raise AssertionError("the last try returns or raises")

    def _connection(self, writing: bool) -> Any:
        if writing not in self._open:
            if monotonic() < self._rests:
                raise self._driver.OperationalError("no connection a moment ago, the next try is due")
            began = monotonic()
            try:
                self._open[writing] = self._connected(patience=self.patience)
            except self._driver.OperationalError:
                if monotonic() - began > _REST:  # whoever is refused at once costs nobody time
                    self._rests = monotonic() + _REST
                raise
        return self._open[writing]

    def _connected(self, *, patience: int) -> Any:
        """A new connection. patience: seconds that a statement may take, 0 for any number."""
        options = f"-c statement_timeout={patience}s -c lock_timeout={patience}s -c synchronous_commit=on"
        try:
            connection = self._connection_type.connect(
                self._url,
                autocommit=True,
                connect_timeout=self.patience,
                options=options,
                client_encoding="utf8",
                keepalives_idle=self.patience,
                keepalives_interval=2,
                keepalives_count=3,
                tcp_user_timeout=1000 * self.patience,
            )
        except self._driver.ProgrammingError as problem:  # the URL is none, or has a word that libpq does not know
            line = _SECRET.sub('"..."', " ".join(str(problem).split()))
            raise ConfigError(f"store=: {line}; mend the URL") from problem
        connection.patience = patience + _GRACE if patience else None
        return connection

    def _drop(self, writing: bool) -> None:
        connection = self._open.pop(writing, None)
        if connection is not None:
            with suppress(self._driver.Error):
                connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        errors = self._driver.errors
        try:
            yield
        except (
            *(self._driver.OperationalError, self._driver.InterfaceError, self._driver.InternalError),
            *(errors.ReadOnlySqlTransaction, errors.UndefinedTable),
        ) as problem:
            line = " ".join(str(problem).split())
            if isinstance(problem, errors.UndefinedTable | errors.DataCorrupted | errors.IndexCorrupted):
                raise StoreError(DAMAGED, f"{self} is damaged ({line}); restore a backup and start anew") from problem
            if isinstance(problem, errors.DiskFull):
                raise StoreError(FULL, f"{self} cannot grow ({line}); free space on its disk") from problem
            if isinstance(problem, errors.LockNotAvailable | errors.QueryCanceled | errors.DeadlockDetected):
                raise StoreError(BUSY, f"{self} is held by somebody else ({line}); see pg_stat_activity") from problem
            raise StoreError(GONE, f"{self} cannot be reached ({line}); start it, or mend store=") from problem


def _timed(driver: Any) -> Any:
    """The driver's connection, which gives a statement up that is not answered in time: the server may be halted."""

    class Timed(driver.Connection):  # type: ignore[misc]
        patience: float | None = None

        def wait(self, waiting: Any, *given: Any, **named: Any) -> Any:
            return super().wait(waiting if self.patience is None else self._bounded(waiting), *given, **named)

        def _bounded(self, waiting: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
            deadline = monotonic() + (self.patience or 0.0)
            ready = None
            while True:
                try:
                    asked = waiting.send(ready)
                except StopIteration as ended:
                    return ended.value
                ready = yield asked
                if not ready and monotonic() > deadline:
                    self.close()
                    raise _no_answer(driver, self.patience)

    return Timed


def _no_answer(driver: Any, seconds: float | None) -> Exception:
    class NoAnswer(driver.OperationalError, TimeoutError):  # type: ignore[misc]
        """The server did not answer."""

    return NoAnswer(f"no answer for {seconds:g} s")


class _Marked:
    """A connection that takes `?` for its parameters, as the other database does."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str, given: Sequence[Any] = (), /) -> Any:
        """Run one statement."""
        return self._connection.execute(statement.replace("?", "%s") if given else statement, given or None)
