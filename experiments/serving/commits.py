"""Interactions a second that a store acknowledges to writers at once, with and without group commit.

    python experiments/serving/commits.py seconds=5 out=experiments/serving/commits.json [folder=/var/tmp]
    python experiments/serving/commits.py database=postgresql seconds=2 out=experiments/serving/commits-postgresql.json

PostgreSQL is one of its own on the same disk, which syncs its commits (fsync=on).

Each writer is a thread that stores one interaction after the other, each on the disk before the next. The two ways take
turns on the same disk, so that both meet the same neighbours.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from lernpfad.serve.database import Database
from lernpfad.serve.postgres import Postgres
from lernpfad.serve.sqlite import TOGETHER, Sqlite
from lernpfad.serve.store import Interaction, Store

START = 1_767_600_000.0
WRITERS = (1, 8, 32)
ROUNDS = 3


def acknowledged(database: Database, *, writers: int, seconds: float) -> float:
    """Interactions a second that were acknowledged."""
    store = Store(database)
    counts, end = [0] * writers, time.perf_counter() + seconds

    def write(me: int) -> None:
        while time.perf_counter() < end:
            row = Interaction(str(counts[me]), "i1", 1, True, None, START + counts[me])
            store.record([(f"learner-{me}", row)], now=START)
            counts[me] += 1

    threads = [threading.Thread(target=write, args=(me,)) for me in range(writers)]
    began = time.perf_counter()
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    taken = time.perf_counter() - began
    store.database.close()
    return sum(counts) / taken


@contextmanager
def databases(kind: str, where: str | None) -> Iterator[Callable[[int], Database]]:
    """Makes a new database that lets so many writers share a commit."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=where) as folder:
            yield lambda together: Sqlite(Path(folder) / f"{uuid4().hex}.db", together=together)
        return
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
    from serve.postgres import Server

    server = Server(fsync=True)
    try:
        yield lambda together: Postgres(server.fresh(f"c{uuid4().hex[:12]}"), together=together)
    finally:
        server.remove()


def measured(make: Callable[[int], Database], *, seconds: float) -> list[dict[str, Any]]:
    rows = []
    for writers in WRITERS:
        rates: dict[int, list[float]] = {1: [], TOGETHER: []}
        for _ in range(ROUNDS):
            for together, found in rates.items():
                found.append(acknowledged(make(together), writers=writers, seconds=seconds))
        alone, shared = (sorted(found)[ROUNDS // 2] for found in rates.values())
        rows.append({"writers": writers, "alone": alone, "together": shared, "ratio": shared / alone})
    return rows


def main(words: list[str]) -> None:
    given = dict(word.split("=", 1) for word in words)
    with databases(given.get("database", "sqlite"), given.get("folder")) as make:
        found = measured(make, seconds=float(given.get("seconds", "5")))
    text = json.dumps({"unit": "interactions a second, median of 3", "rows": found}, indent=1) + "\n"
    if "out" in given:
        Path(given["out"]).write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
