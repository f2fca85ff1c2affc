"""Break a real server in every way of the list, and write down what its clients see, what its log says, what is lost.

    python experiments/serving/faults.py out=experiments/serving/faults.json [only=full,gone]

Needs root for a small file system that can be filled, and PostgreSQL 15 for its own faults.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import faults_clock
import faults_corrupt
import faults_disk
import faults_postgres
import faults_slow
from latency_bundles import catalog, log, written

FAULTS: Final[dict[str, Callable[[Path, Path], Iterator[dict[str, Any]]]]] = {
    "full": faults_disk.full,
    "full_at_start": faults_disk.full_at_start,
    "gone": faults_disk.gone,
    "removed": faults_disk.removed,
    "unlogged": faults_disk.unlogged,
    "damaged": faults_corrupt.damaged,
    "restarted": faults_postgres.restarted,
    "crashed": faults_postgres.crashed,
    "cut": faults_postgres.cut,
    "silent": faults_postgres.silent,
    "frozen": faults_postgres.frozen,
    "clock": faults_clock.jumps,
    "slow": faults_slow.clients,
}


def main(words: list[str]) -> None:
    given = dict(word.split("=", 1) for word in words)
    names = given.get("only", ",".join(FAULTS)).split(",")
    out = Path(given["out"]) if "out" in given else None
    found = json.loads(out.read_text()) if out is not None and out.exists() else {}
    with tempfile.TemporaryDirectory(prefix="faults-", dir="/tmp") as folder:
        bundle = written(Path(folder) / "bundle", "bkt", log(catalog(200)))
        for name in names:
            for rows in FAULTS[name](bundle, Path(folder)):
                found[name] = rows
                if out is not None:
                    out.write_text(json.dumps(found, indent=1) + "\n")
            print(json.dumps({name: found[name]}, indent=1), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
