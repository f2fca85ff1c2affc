"""Interactions a second that an SQLite store acknowledges to writers at once, with and without group commit.

    python experiments/serving/commits.py seconds=5 out=experiments/serving/commits.json [folder=/var/tmp]

Each writer is a thread that stores one interaction after the other, each on the disk before the next. The two ways take
turns on the same disk, so that both meet the same neighbours.
"""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from lernpfad.serve.sqlite import TOGETHER, Sqlite
from lernpfad.serve.store import Interaction, Store

START = 1_767_600_000.0
WRITERS = (1, 8, 32)
ROUNDS = 3


def acknowledged(folder: Path, *, writers: int, together: int, seconds: float) -> float:
    """Interactions a second that were acknowledged."""
    store = Store(Sqlite(folder / "learners.db", together=together))
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


def measured(where: str | None, *, seconds: float) -> list[dict[str, Any]]:
    rows = []
    for writers in WRITERS:
        rates: dict[int, list[float]] = {1: [], TOGETHER: []}
        for _ in range(ROUNDS):
            for together, found in rates.items():
                with tempfile.TemporaryDirectory(dir=where) as folder:
                    found.append(acknowledged(Path(folder), writers=writers, together=together, seconds=seconds))
        alone, shared = (sorted(found)[ROUNDS // 2] for found in rates.values())
        rows.append({"writers": writers, "alone": alone, "together": shared, "ratio": shared / alone})
    return rows


def main(words: list[str]) -> None:
    given = dict(word.split("=", 1) for word in words)
    found = measured(given.get("folder"), seconds=float(given.get("seconds", "5")))
    text = json.dumps({"unit": "interactions a second, median of 3", "rows": found}, indent=1) + "\n"
    if "out" in given:
        Path(given["out"]).write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main(sys.argv[1:])
