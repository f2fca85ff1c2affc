"""Where learner state is kept: what every database has to do for it, and the one that an address names."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from lernpfad.core import ConfigError, LernpfadError

T = TypeVar("T")

SERVERS: Final = ("postgresql://", "postgres://")

DAMAGED, FULL, BUSY, GONE = "damaged", "full", "busy", "gone"


class StoreError(LernpfadError):
    """The store cannot do its work now; `kind` says why in a word that may be shown to anybody."""

    def __init__(self, kind: str, line: str) -> None:
        super().__init__(line)
        self.kind = kind


class Cursor(Protocol):
    """The outcome of one statement."""

    @property
    def rowcount(self) -> int:
        """Rows that the statement changed."""
        ...

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows."""
        ...


class Transaction(Protocol):
    """All or nothing; statements mark their parameters with `?`."""

    def execute(self, statement: str, given: Sequence[Any] = ..., /) -> Cursor:
        """Run one statement."""
        ...


@dataclass(frozen=True)
class Dialect:
    """Where the databases differ.

    number: type of a key that counts up and is never used twice. blob: type of bytes. lock: ends a SELECT whose rows
    nobody else may change until the transaction ends. alone: a statement after which this transaction is the only
    one that makes tables, or "". frozen: statements that forbid any UPDATE of `{table}`.
    """

    number: str
    blob: str
    lock: str
    alone: str
    frozen: tuple[str, ...]


class Database(Protocol):
    """Transactions that are on the disk when they return. Raises StoreError, and works again once it can."""

    @property
    def dialect(self) -> Dialect:
        """How it wants to be spoken to."""
        ...

    def read(self, work: Callable[[Transaction], T]) -> T:
        """What `work` makes of one consistent look."""
        ...

    def write(self, work: Callable[[Transaction], T]) -> T:
        """What `work` returns, once what it did is durable. It may be called again, so it must bear that."""
        ...

    def scrub(self) -> None:
        """Take deleted rows out of the files, as far as that goes while others write."""
        ...

    def rewrite(self) -> None:
        """Leave nothing of deleted rows in the files, even if others have to wait for it."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


def connect(where: str) -> Database:
    """The database at `where`: a PostgreSQL URL, else the path of an SQLite file, which is made if it is not there."""
    if where.startswith(SERVERS):
        from lernpfad.serve.postgres import Postgres

        return Postgres(where)
    if "://" in where:
        raise ConfigError(
            f"store={where.partition('://')[0]}://...: expected the path of an SQLite file, or postgresql://host/name"
        )
    from lernpfad.serve.sqlite import Sqlite

    return Sqlite(Path(where))
