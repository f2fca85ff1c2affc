"""PostgreSQL, for several replicas on one store. Its driver is the extra `postgres`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from lernpfad.core import ConfigError
from lernpfad.serve.database import BUSY, FULL, GONE, Dialect, StoreError, Transaction
from lernpfad.serve.tables import LEARNER_TABLES

T = TypeVar("T")

PATIENCE: Final = 10
"""Seconds to wait for a connection, a lock or a statement."""

_TRIES: Final = 2
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
    """

    dialect = Dialect(
        number="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        blob="BYTEA",
        lock=" FOR UPDATE",
        alone="SELECT pg_advisory_xact_lock(6061)",
        frozen=(_FUNCTION, _TRIGGER),
    )

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ImportError as problem:
            raise ConfigError(
                "store=postgresql://... needs the extra 'postgres', not installed here: "
                "pip install 'lernpfad[postgres]'"
            ) from problem
        self._driver = psycopg
        self._url = url
        self._locks = {True: Lock(), False: Lock()}
        self._open: dict[bool, Any] = {}
        self.read(lambda on: on.execute("SELECT 1").fetchone())

    def read(self, work: Callable[[Transaction], T]) -> T:
        """One consistent look."""
        return self._run(work, writing=False)

    def write(self, work: Callable[[Transaction], T]) -> T:
        """All or nothing, and on the server's disk when it returns."""
        return self._run(work, writing=True)

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

    def _run(self, work: Callable[[Transaction], T], *, writing: bool) -> T:
        with self._locks[writing], self._told():
            for tried in range(1, _TRIES + 1):
                try:
                    connection = self._connection(writing)
                    with connection.transaction():
                        return work(_Marked(connection))
                except (self._driver.OperationalError, self._driver.InterfaceError):
                    self._drop(writing)
                    if tried == _TRIES:
                        raise
            raise AssertionError("the last try returns or raises")

    def _connection(self, writing: bool) -> Any:
        if writing not in self._open:
            self._open[writing] = self._connected(patience=PATIENCE)
        return self._open[writing]

    def _connected(self, *, patience: int) -> Any:
        """A new connection. patience: seconds that a statement may take, 0 for any number."""
        options = f"-c statement_timeout={patience}s -c lock_timeout={patience}s -c synchronous_commit=on"
        return self._driver.connect(
            self._url, autocommit=True, connect_timeout=PATIENCE, options=options, client_encoding="utf8"
        )

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
        except (self._driver.OperationalError, self._driver.InterfaceError, errors.ReadOnlySqlTransaction) as problem:
            line = " ".join(str(problem).split())
            if isinstance(problem, errors.DiskFull):
                raise StoreError(FULL, f"{self} cannot grow ({line}); free space on its disk") from problem
            if isinstance(problem, errors.LockNotAvailable | errors.QueryCanceled | errors.DeadlockDetected):
                raise StoreError(BUSY, f"{self} is held by somebody else ({line}); see pg_stat_activity") from problem
            raise StoreError(GONE, f"{self} cannot be reached ({line}); start it, or mend store=") from problem


class _Marked:
    """A connection that takes `?` for its parameters, as the other database does."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, statement: str, given: Sequence[Any] = (), /) -> Any:
        """Run one statement."""
        return self._connection.execute(statement.replace("?", "%s") if given else statement, given or None)
