"""A store filled with SQL as the service fills it, for `learners.py`: learners, interactions, states, decisions."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from latency_bundles import LEARNERS, ROLE, START, catalog, log, rows

from lernpfad.serve.bundle import load
from lernpfad.serve.database import connect
from lernpfad.serve.engine import Engine
from lernpfad.serve.keys import SCOPES, Keys
from lernpfad.serve.learners import Learners
from lernpfad.serve.store import Store
from lernpfad.serve.stored import InteractionPost, LearnerItemsRequest

ROWS = 20
TOGETHER = 50_000
TABLES = ("interactions", "states", "decisions")


def learner(n: int) -> str:
    return f"learner-{n:07d}"


def row(n: int) -> dict[str, Any]:
    """A new interaction of learner n."""
    later = START + 3_600_000.0
    return {"learner": learner(n), "id": f"more-{n}", "item": "item-000007", "outcome": "correct", "time": later}


class Filled:
    """A store with a key that grows. Learner 64 m + j has the rows of made-up learner j."""

    def __init__(self, where: str, bundle: Path) -> None:
        self.where, self.size = where, 0
        self.database = connect(where)
        self.store = Store(self.database)
        self.key = Keys(self.database).make(SCOPES, now=time.time())
        self.rows = self._made(bundle)
        self.made = False

    def to(self, size: int) -> None:
        """Learners up to this number, and whatever the server left in the log of changes is in the file."""
        for first in range(self.size, size, TOGETHER):
            numbers = range(first, min(first + TOGETHER, size))
            self._add(numbers)
        self.size = size
        self.database.scrub()

    def megabytes(self) -> float:
        """What it takes on the disk."""
        if self.where.startswith("postgres"):
            query = "SELECT pg_database_size(current_database())"
            return round(self.database.read(lambda on: on.execute(query).fetchone())[0] / 2**20, 1)
        beside = Path(self.where).parent.glob(f"{Path(self.where).name}*")
        return round(sum(one.stat().st_size for one in beside) / 2**20, 1)

    def _made(self, bundle: Path) -> dict[str, list[list[tuple[Any, ...]]]]:
        """Rows of every table without number and id, a list a made-up learner, as the service itself stored them."""
        train = log(catalog(1000))
        found: dict[str, list[list[tuple[Any, ...]]]] = {table: [] for table in TABLES}
        scratch = connect(str(bundle.with_suffix(".scratch.db")))
        learners = Learners(Engine(load(bundle)), Store(scratch))
        for j in range(LEARNERS):
            posts = [
                InteractionPost(learner=learner(j), id=str(n), **one) for n, one in enumerate(rows(train, j)[:ROWS])
            ]
            learners.record(posts, now=START, batch=True)
            learners.next_items(LearnerItemsRequest(learner=learner(j), role=ROLE), now=START + 7_200_000.0)
        scratch.close()
        with closing(sqlite3.connect(bundle.with_suffix(".scratch.db"))) as read:
            for table in TABLES:
                self._columns(table, [one[1] for one in read.execute(f"PRAGMA table_info({table})")])
                for number in range(1, LEARNERS + 1):
                    query = f"SELECT {self.columns[table]} FROM {table} WHERE learner = ?"
                    found[table].append(read.execute(query, (number,)).fetchall())
        return found

    def _columns(self, table: str, names: Sequence[str]) -> None:
        self.columns = getattr(self, "columns", {})
        self.columns[table] = ", ".join(one for one in names if one not in ("number", "learner", "id"))

    def _add(self, numbers: Sequence[int]) -> None:
        names = [(self.store.pseudonym(learner(n)), ROWS) for n in numbers]
        self.database.write(lambda on: self._added(on, names, first=numbers[0]))

    def _added(self, on: Any, names: Sequence[tuple[str, int]], *, first: int) -> None:
        """Learners from `first` on, and what is theirs as copies of the made-up learners' rows."""
        sqlite = isinstance(on, sqlite3.Connection)
        if sqlite:
            on.execute("PRAGMA cache_size=-2000000")  # KiB: the indices are filled in no order
        many = on.executemany if sqlite else on._connection.cursor().executemany
        mark = "?" if sqlite else "%s"
        many(f"INSERT INTO learners (pseudonym, counted) VALUES ({mark}, {mark})", names)
        low = on.execute("SELECT max(number) FROM learners").fetchone()[0] - len(names) + 1
        for table in TABLES:
            columns, drawn = self.columns[table], "lower(hex(randomblob(16)))" if sqlite else "md5(random()::text)"
            if not self.made:
                on.execute(f"CREATE TEMP TABLE made_{table} AS SELECT 0 AS j, {columns} FROM {table} WHERE 1 = 0")
                marks = ", ".join(mark for _ in f"j, {columns}".split(", "))
                given = [(j, *one) for j, hers in enumerate(self.rows[table]) for one in hers]
                many(f"INSERT INTO made_{table} (j, {columns}) VALUES ({marks})", given)
                on.execute(f"CREATE INDEX made_{table}_j ON made_{table} (j)")
            named = table != "states"
            every = 1 if table == "interactions" else 2
            on.execute(
                f"INSERT INTO {table} (learner, {'id, ' if named else ''}{columns}) "
                f"SELECT number, {drawn + ', ' if named else ''}{columns} FROM learners "
                f"CROSS JOIN made_{table} WHERE j = (number - ?) % ? AND number >= ? AND (number - ?) % ? = 0",
                (low - first, LEARNERS, low, low - first, every),
            )
        self.made = True
