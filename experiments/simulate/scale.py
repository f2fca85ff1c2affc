"""What does a larger workforce cost? Memory and throughput of `lernpfad simulate scenario=enterprise` by its size.

    python experiments/simulate/scale.py

writes scale.md beside this file. Settings: --people (several), --weeks, --cohort. Every size runs in a process of its
own, on one thread, so that its peak memory is its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def measured(words: list[str], folder: Path) -> dict[str, Any]:
    """Run the command in this process; what it took, and what it left on disk."""
    from lernpfad.run.cli import main

    began, worked = time.perf_counter(), time.process_time()
    code = main(["simulate", *words, f"folder={folder}/log", f"runs={folder}/runs", "tracking=none", "progress=false"])
    assert code == 0
    (summary,) = folder.rglob("summary.json")
    files = list((folder / "log").rglob("*.parquet"))
    return {
        "offers": json.loads(summary.read_text())["offers"],
        "accepted": json.loads(summary.read_text())["accepted"],
        "seconds": time.perf_counter() - began,
        "work": time.process_time() - worked,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk": sum(one.stat().st_size for one in files) / 2**20,
    }


def alone(words: list[str]) -> dict[str, Any]:
    """`measured` in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--one", folder, *words]
        done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def row(name: str, one: dict[str, Any]) -> str:
    """A line of the table; rates are per minute of processor time, which others on the machine do not touch."""
    rate = one["offers"] / one["work"] * 60
    return (
        f"| {name} | {one['offers']:,.0f} | {one['memory']:,.0f} | {one['disk']:,.0f} | {one['work']:,.0f} | "
        f"{one['seconds']:,.0f} | {rate / 1e6:.2f} | {rate * one['accepted'] / 1e6:.2f} |"
    )


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[3:], Path(sys.argv[2]))))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--weeks", type=int, default=2)
    parser.add_argument("--cohort", type=int, default=2_000)
    options = parser.parse_args()
    lines = [
        "# What a larger workforce costs",
        "",
        f"    {' '.join(['python experiments/simulate/scale.py', *sys.argv[1:]])}",
        "",
        f"`lernpfad simulate scenario=enterprise weeks={options.weeks}`, cohorts of {options.cohort:,} people, with",
        "the Parquet that it writes; one process, one thread. Memory is the peak of the process (resident set), 100 MB",
        "of it Python and its libraries. An interaction is an offer with what came of it, declined ones included.",
        f"Others claimed {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores when it began: trust processor seconds.",
        "",
        "| people | interactions | peak memory, MB | on disk, MB | processor seconds | seconds "
        "| million interactions a minute and core | accepted ones |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for people in options.people:
        settings = ["scenario=enterprise", f"learners={people}", f"weeks={options.weeks}", f"cohort={options.cohort}"]
        lines.append(row(f"{people:,}", alone(settings)))
        print(lines[-1], flush=True)
    (HERE / "scale.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
