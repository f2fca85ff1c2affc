"""What it costs and gains that large blocks of memory are the system's again at once (`lernpfad.serve.heap`).

    python experiments/serving/blocks.py --out experiments/serving/blocks.json

The same bundle (BKT, ALS, debt per minute; posted histories of 200 rows) served as it is and with glibc left to itself,
for growing catalogues, eight connections that ask again as soon as they were answered. Both servers have a turn in each
round, since a shared machine is now fast and now slow; told are medians of the rounds. Server on core 0, client on 1.
"""

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from latency import CONNECTIONS, K, free_port, of_rounds
from latency_bundles import catalog, log, posted, written
from latency_load import CLIENT_CORE, Asker, Server, saturated

CATALOGUES: Final = (1000, 10_000, 100_000)
LEFT: Final = "from lernpfad.serve import heap; heap.give_back_large_blocks = lambda items: False"
"""What a process does first that leaves glibc to itself."""
SERVE: Final = "import sys; from lernpfad.serve.settings import main; main(sys.argv[1:])"
WAYS: Final = {"given back": SERVE, "left to glibc": f"{LEFT}; {SERVE}"}


def turn(bundle: Path, code: str, bodies: list[bytes], *, seconds: float) -> dict[str, float]:
    """Answers a second, processor time of the server for one, and what it holds after all of them."""
    port = free_port()
    words = ["-c", code, f"bundle={bundle}", f"port={port}", "log=warning"]
    with Server(words, port=port, ready="/v1/ready", err=bundle.with_suffix(".err")) as server:
        askers = [Asker(server.port, "/v1/next-items", {}) for _ in range(CONNECTIONS)]
        saturated(askers, bodies, seconds=seconds / 4)
        spent = server.cpu_seconds()
        found = saturated(askers, bodies, seconds=seconds)
        assert not found["refused"]
        cpu = 1000 * (server.cpu_seconds() - spent) / found["requests"]
        return {"rate": found["rate"], "cpu_ms": round(cpu, 2), "megabytes": server.megabytes()}


def measured(folder: Path, given: argparse.Namespace) -> list[dict[str, Any]]:
    found = []
    for items in CATALOGUES:
        train = log(catalog(items))
        bundle, bodies = written(folder / f"items-{items}", "bkt", train), posted(train, K)
        rounds = [
            {way: turn(bundle, code, bodies, seconds=given.seconds) for way, code in WAYS.items()}
            for _ in range(given.rounds)
        ]
        found.append(
            {"items": items, "rounds": rounds} | {way: of_rounds([one[way] for one in rounds]) for way in WAYS}
        )
        print(json.dumps(found[-1]), flush=True)
    return found


def table(found: list[Mapping[str, Any]]) -> str:
    """Markdown: both ways, and the processor time as times that of glibc left to itself, of the rounds each."""
    lines = ["| items | ms of the processor | left to glibc | times (rounds) | MB | left to glibc |", "|" + "---|" * 6]
    for one in found:
        ours, left = (one[way] for way in WAYS)
        times = [each["given back"]["cpu_ms"] / each["left to glibc"]["cpu_ms"] for each in one["rounds"]]
        middle, spread = f"{statistics.median(times):.2f}", f"{min(times):.2f} to {max(times):.2f}"
        cells = [f"{one['items']:,}", ours["cpu_ms"], left["cpu_ms"], f"{middle} ({spread})"]
        lines.append("| " + " | ".join(str(cell) for cell in [*cells, ours["megabytes"], left["megabytes"]]) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), given)
    print(table(found))
    if given.out:
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
