"""A store filled with SQL as the service fills it, for `learners.py`: learners, interactions, states, decisions."""

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
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
        self.luck = random.Random(0)

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
        names = [self.store.pseudonym(learner(n)) for n in numbers]
        self._many("learners", "pseudonym, counted", ((name, ROWS) for name in names))
        last = self.database.read(lambda on: on.execute("SELECT max(number) FROM learners").fetchone())[0]
        keys = dict(zip(numbers, range(last - len(numbers) + 1, last + 1), strict=True))
        for table in TABLES:
            named = table != "states"
            columns = f"learner, {'id, ' if named else ''}{self.columns[table]}"
            self._many(table, columns, self._rows(table, keys, named=named))

    def _rows(self, table: str, keys: dict[int, int], *, named: bool) -> Iterator[tuple[Any, ...]]:
        for n, key in keys.items():
            if table != "interactions" and n % 2:
                continue
            for one in self.rows[table][n % LEARNERS]:
                yield (key, f"{self.luck.getrandbits(128):032x}", *one) if named else (key, *one)

    def _many(self, table: str, columns: str, given: Iterator[tuple[Any, ...]]) -> None:
        marks = ", ".join("?" for _ in columns.split(", "))
        query, together = f"INSERT INTO {table} ({columns}) VALUES ({marks})", list(given)

        def work(on: Any) -> None:
            if isinstance(on, sqlite3.Connection):
                on.execute("PRAGMA cache_size=-2000000")  # KiB: the indices are filled in no order
                on.executemany(query, together)
            else:
                on._connection.cursor().executemany(query.replace("?", "%s"), together)

        self.database.write(work)
