"""What a stored learner costs as the store fills: 1,000 to 1,000,000 learners of 20 interactions each.

    python experiments/serving/learners.py --out experiments/serving/learners.json
    python experiments/serving/learners.py --store postgresql://user@host/empty --learners 1000 10000 100000 --out ...

One store that grows, filled with SQL in its own tables (`learners_fill.py`), because 20 million posts would take hours.
Learners are drawn at random, none twice, and asked about one after the other over one connection; figures in ms.
`known`: the state is in the store. `new`: it is not, and 20 rows are walked. The figures are of the second half.
"""

import argparse
import json
import os
import random
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from latency import ITEMS, K, lernpfad
from latency_bundles import ROLE, catalog, log, written
from latency_load import CLIENT_CORE, Server, told
from learners_fill import Filled, learner, row

LEARNERS = (1_000, 10_000, 100_000, 1_000_000)
JSON = {"content-type": "application/json"}


class Wire:
    """One kept connection with an API key."""

    def __init__(self, port: int, key: str) -> None:
        self.http = HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = JSON | {"authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> float:
        """Milliseconds to the end of the answer, which has to be 200."""
        sent = None if body is None else json.dumps(body)
        asked = time.perf_counter()
        self.http.request(method, path, sent, self.headers | dict(headers or {}))
        answer = self.http.getresponse()
        text = answer.read()
        took = 1000 * (time.perf_counter() - asked)
        assert answer.status == 200, text[:300]
        return took


def ways(wire: Wire) -> dict[str, Callable[[int], float]]:
    """What is asked about learner n."""

    def about(path: str, n: int, **more: Any) -> float:
        return wire.ask("POST", f"/v1/learners/{path}", {"learner": learner(n), **more})

    return {
        "next-items, known": lambda n: about("next-items", n & ~1, role=ROLE, k=K),
        "next-items, new": lambda n: about("next-items", n | 1, role=ROLE, k=K),
        "profile, known": lambda n: about("profile", n & ~1, role=ROLE),
        "interactions": lambda n: wire.ask("POST", "/v1/learners/interactions", row(n)),
        "erase": lambda n: wire.ask("DELETE", "/v1/learners", headers={"x-learner": learner(n)}),
    }


def asked(server: Server, wire: Wire, numbers: list[int], *, each: int) -> dict[str, Any]:
    """Percentiles and processor time of each way. numbers: learners with a state, each followed by one without.

    The ways take turns, so that all of them meet the same neighbours on the machine.
    """
    took: dict[str, list[float]] = {name: [] for name in ways(wire)}
    spent = dict.fromkeys(took, 0.0)
    for turn in range(2 * each):
        for name, ask in ways(wire).items():
            before = processor(server)
            answered = ask(numbers.pop())
            if turn >= each:
                took[name].append(answered)
                spent[name] += processor(server) - before
    return {name: told(took[name], []) | {"cpu_ms": round(spent[name] / each, 2)} for name in took}


def processor(server: Server) -> float:
    """Milliseconds that the server's threads have run."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in tasks) / 1e6


def measured(store: str, bundle: Path, sizes: tuple[int, ...], *, each: int) -> list[dict[str, Any]]:
    rows, filled, rng = [], Filled(store, bundle), random.Random(0)
    gone: set[int] = set()
    for size in sizes:
        began = time.perf_counter()
        filled.to(size)
        took = time.perf_counter() - began
        few = min(each, size // 25)
        numbers = [n for n in rng.sample(range(0, size, 2), size // 2) if n not in gone][: 10 * few]
        gone.update(numbers)
        with lernpfad(bundle, store) as server:
            figures = asked(server, Wire(server.port, filled.key), numbers, each=few)
            facts = {"megabytes": server.megabytes(), "disk_megabytes": filled.megabytes()}
        rows.append({"learners": size, "fill_seconds": round(took, 1), **facts, "ways": figures})
        print(json.dumps(rows[-1]), flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: p50 / p99 / processor time of each way, a row a size."""
    names = list(rows[0]["ways"])
    lines = [f"| learners | {' | '.join(names)} | server MB | disk MB |", "|---" * (len(names) + 3) + "|"]
    for one in rows:
        figures = [one["ways"][name] for name in names]
        cells = [f"{of['p50']} / {of['p99']} / {of['cpu_ms']}" for of in figures]
        lines.append(f"| {one['learners']:,} | {' | '.join(cells)} | {one['megabytes']} | {one['disk_megabytes']} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", nargs="+", type=int, default=LEARNERS)
    parser.add_argument("--each", type=int, default=200, help="requests of each way, after as many to warm up")
    parser.add_argument("--store", default="", help="an empty PostgreSQL database; an SQLite file of its own without")
    parser.add_argument("--folder", help="where the SQLite file is made; it takes some 10 GB for a million learners")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        bundle = written(Path(folder) / "bkt", "bkt", log(catalog(ITEMS)))
        store = given.store or str(Path(folder) / "learners.db")
        load = os.getloadavg()[0]
        rows = measured(store, bundle, tuple(given.learners), each=given.each)
    print(table(rows))
    if given.out:
        kind = re.match(r"(\w+)://", store)
        found = {"store": kind[1] if kind else "sqlite", "load": [load, os.getloadavg()[0]], "sizes": rows}
        given.out.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
