"""What `lernpfad score` takes as its file grows: resident memory and seconds for 60, 600 and 6,000 learners.

python experiments/serving/batch.py --out experiments/serving/batch.json
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from latency_bundles import HOUR, START, catalog, log, written

ITEMS, ROWS, TOGETHER = 800, 130, 16
LEARNERS = (60, 600, 6000)


def logs(path: Path, learners: int) -> None:
    """Made-up histories, a row group for every sixty learners."""
    rng, rows = np.random.default_rng(2), learners * ROWS
    table = {
        "learner": np.repeat([f"p{j:05d}" for j in range(learners)], ROWS),
        "item": np.array([f"item-{n:06d}" for n in range(ITEMS)])[rng.integers(0, ITEMS, rows)],
        "time": START + HOUR * np.tile(np.arange(ROWS), learners),
        "outcome": rng.integers(0, 2, rows).astype(np.int8),
        "accepted": np.ones(rows, dtype=bool),
        "minutes": np.full(rows, 5.0, dtype=np.float32),
    }
    pq.write_table(pa.table(table), path, row_group_size=60 * ROWS)


def scored(bundle: Path, learners: Path, out: Path) -> dict[str, Any]:
    """One run of the command, in a process of its own."""
    began = time.perf_counter()
    words = ["-m", "lernpfad", "score", f"bundle={bundle}", f"learners={learners}", f"out={out}"]
    words += [f"together={TOGETHER}", "k=3"]
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL) as running:
        most = 0.0
        while running.poll() is None:
            most = max(most, held(running.pid))
            time.sleep(0.02)
    if running.returncode:
        raise RuntimeError(f"lernpfad score ended with {running.returncode}")
    return {"megabytes": round(most, 1), "seconds": round(time.perf_counter() - began, 1)}


def held(process: int) -> float:
    """The most that a process has held so far, MB; 0 once it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def main(given: argparse.Namespace) -> None:
    """Each size once."""
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        bundle = written(folder / "bundle", given.tracer, log(catalog(ITEMS)))
        found = []
        for learners in LEARNERS:
            path = folder / f"logs-{learners}.parquet"
            logs(path, learners)
            found.append({"learners": learners, **scored(bundle, path, folder / f"out-{learners}")})
            print(json.dumps(found[-1]), flush=True)
    if given.out:
        given.out.write_text(json.dumps({"tracer": given.tracer, "rows": ROWS, "runs": found}, indent=1) + "\n")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tracer", default="bkt", choices=("bkt", "dkt"))
    asked.add_argument("--out", type=Path)
    main(asked.parse_args())
