"""Kill the writer of a store over and over in a write storm, and count what was lost and what was doubled.

    python experiments/serving/kill.py kills=100 out=experiments/serving/kill.json [store=postgresql://...]

A writer stores interactions singly and in batches, as fast as it can, and tells the id of each once it is acknowledged.
It is killed (SIGKILL) after a random while; the next one goes on with the same store, and posts again what the last one
may have left unacknowledged. At the end every acknowledged id has to be there, and every id once.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from lernpfad.serve.database import connect
from lernpfad.serve.store import Interaction, Store

START = 1_767_600_000.0
LEARNERS = 20
LONGEST_BATCH = 30


def write(where: str, first: int) -> None:
    """The writer: rows `first`, `first + 1`, ... for ever."""
    store = Store(connect(where))
    luck = random.Random(first)
    while True:
        size = luck.choice((1, 1, 1, LONGEST_BATCH))
        rows = [Interaction(str(n), str(n), n % 2, True, None, START + n) for n in range(first, first + size)]
        store.record([(f"learner-{int(row.id) % LEARNERS}", row) for row in rows], now=START)
        print(first + size, flush=True)  # every row below this one is acknowledged
        first += size


def killed(where: str, first: int, seconds: float) -> int:
    """How far a writer said that it had come before it was killed."""
    command = [sys.executable, __file__, "writer", where, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = writer.stdout.readline()  # it is under way
        time.sleep(seconds)
        os.kill(writer.pid, signal.SIGKILL)
        said += writer.stdout.read()
    return int([line for line in said.splitlines(keepends=True) if line.endswith("\n")][-1])


def measured(where: str, kills: int) -> dict[str, Any]:
    luck = random.Random(0)
    acknowledged, began = 0, time.perf_counter()
    for _ in range(kills):
        acknowledged = killed(where, acknowledged, luck.uniform(0.0, 0.3))
    store = Store(connect(where))
    rows = store.database.read(lambda on: on.execute("SELECT item FROM interactions").fetchall())
    places = store.database.read(lambda on: on.execute("SELECT learner, place FROM interactions").fetchall())
    found = Counter(int(item) for (item,) in rows)
    return {
        "store": "postgresql" if "://" in where else "sqlite",
        "kills": kills,
        "acknowledged": acknowledged,
        "stored": len(rows),
        "lost": sum(n not in found for n in range(acknowledged)),
        "doubled": sum(count > 1 for count in found.values()) + len(places) - len(set(places)),
        "seconds": round(time.perf_counter() - began, 1),
    }


def main(words: list[str]) -> None:
    if words[:1] == ["writer"]:
        write(words[1], int(words[2]))
    given = dict(word.split("=", 1) for word in words)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(given.get("store", str(Path(folder) / "learners.db")), int(given.get("kills", "100")))
    text = json.dumps(found, indent=1)
    print(text)
    if "out" in given:
        Path(given["out"]).write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
