"""Ten minutes at 80 % of what one worker takes at most: latency, memory, files and log of changes stay as they are.

    python experiments/serving/soak.py --minutes 10 --out experiments/serving/soak.json

An SQLite store of 1,000 learners of 200 rows, API keys, 1,000 candidates. Of 20 requests 14 ask for the next items of a
stored learner, 3 post a history of 200 rows, 2 store an interaction and 1 asks for a profile. What one worker takes at
most of this mix is measured first, in the same run; then requests come by the clock at 80 % of that, and latency counts
from the planned moment. Server on core 0, client on core 1. Memory is what the kernel says is resident, each 5 s.
"""

import argparse
import json
import os
import random
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final

from latency import ITEMS, TRACERS, K, lernpfad
from latency_bundles import LEARNERS, ROLE, catalog, log, posted, rows, written
from latency_load import CLIENT_CORE, Asker, Server
from soak_told import drawn, judged, table

MIX: Final = {"next items": 14, "posted history": 3, "interaction": 2, "profile": 1}
STORED, CONNECTIONS, SHARE, EVERY = 1_000, 8, 0.8, 5.0
MOST_SECONDS: Final = 20.0
LATER: Final = 1_767_600_000.0 + 3_600_000.0

Body = tuple[str, str, bytes]
"""Kind, path and body of a request."""


def requests(histories: list[bytes]) -> Iterator[Body]:
    """The mix for ever, in shuffled twenties; ids of interactions never come twice."""
    rng, n = random.Random(0), 0
    kinds = [kind for kind, count in MIX.items() for _ in range(count)]
    while True:
        rng.shuffle(kinds)
        for kind in kinds:
            n += 1
            yield request(kind, n, learner=f"learner-{rng.randrange(STORED)}", history=rng.choice(histories))


def request(kind: str, n: int, *, learner: str, history: bytes) -> Body:
    if kind == "posted history":
        return kind, "/v1/next-items", history
    if kind == "interaction":
        body: dict[str, Any] = {"learner": learner, "id": f"soak-{n}", "item": f"item-{n % ITEMS:06d}"}
        return kind, "/v1/learners/interactions", json.dumps(body | {"outcome": "correct", "time": LATER + n}).encode()
    asked: dict[str, Any] = {"learner": learner, "role": ROLE}
    if kind == "profile":
        return kind, "/v1/learners/profile", json.dumps(asked).encode()
    return kind, "/v1/learners/next-items", json.dumps(asked | {"k": K}).encode()


class Client:
    """Connections that ask what is next in line; keeps (seconds since the start, kind, ms, status) of each answer."""

    def __init__(self, port: int, key: str, source: Iterator[Body]) -> None:
        self.port, self.source, self.lock = port, source, threading.Lock()
        self.headers = {"content-type": "application/json", "authorization": f"Bearer {key}"}
        self.answers: list[tuple[float, str, float, int]] = []
        self.planned = 0

    def run(self, *, seconds: float, rate: float | None = None) -> float:
        """Answers a second. rate: requests a second by the clock; None: each as soon as the one before is answered."""
        begin, self.answers, self.planned = time.perf_counter() + 0.1, [], 0
        threads = [threading.Thread(target=self._ask, args=(begin, seconds, rate)) for _ in range(CONNECTIONS)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        return len(self.answers) / (time.perf_counter() - begin)

    def _ask(self, begin: float, seconds: float, rate: float | None) -> None:
        wire = HTTPConnection("127.0.0.1", self.port, timeout=60)
        while True:
            with self.lock:
                planned = begin + self.planned / rate if rate else time.perf_counter()
                if max(planned, time.perf_counter()) > begin + seconds:
                    return
                self.planned += 1
                kind, path, body = next(self.source)
            time.sleep(max(0.0, planned - time.perf_counter()))
            try:
                wire.request("POST", path, body, self.headers)
                answer = wire.getresponse()
                answer.read()
                status = answer.status
            except OSError:
                wire.close()
                status = 0
            now = time.perf_counter()
            self.answers.append((now - begin, kind, 1000 * (now - planned), status))


class Watch:
    """Looks at the server each few seconds, from a thread."""

    def __init__(self, server: Server, store: Path) -> None:
        self.server, self.store = server, store
        self.seen: list[dict[str, float]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        begin = time.perf_counter()
        while True:
            self.seen.append({"seconds": round(time.perf_counter() - begin, 1), **self.now()})
            if self._over.wait(EVERY):
                return

    def now(self) -> dict[str, float]:
        """MB resident and at most, files open, threads, MB of the store and of its log of changes."""
        home = Path(f"/proc/{self._pid()}")
        text = (home / "status").read_text()

        def told(name: str) -> float:
            found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
            assert found is not None
            return float(found[1])

        wal = self.store.with_name(f"{self.store.name}-wal")
        return {
            "rss": round(told("VmRSS") / 1024, 2),
            "peak": round(told("VmHWM") / 1024, 2),
            "threads": told("Threads"),
            "files": float(len(list((home / "fd").iterdir()))),
            "store": round(self.store.stat().st_size / 2**20, 2),
            "wal": round(wal.stat().st_size / 2**20, 2) if wal.exists() else 0.0,
            "load": round(os.getloadavg()[0], 2),
        }

    def _pid(self) -> int:
        return self.server.process.pid  # taskset has become the server


def filled(server: Server, key: str, train: Any) -> None:
    """Learners of 200 rows each, made of the made-up ones."""
    asker = Asker(server.port, "/v1/learners/interactions/batch", {"authorization": f"Bearer {key}"})
    made = [rows(train, j) for j in range(LEARNERS)]
    for n in range(STORED):
        hers = [one | {"learner": f"learner-{n}", "id": str(at)} for at, one in enumerate(made[n % LEARNERS])]
        asker.post(json.dumps({"interactions": hers}).encode())
    assert not asker.refused


def soaked(folder: Path, tracer: str, *, minutes: float, told: Callable[[Any], None]) -> dict[str, Any]:
    train = log(catalog(ITEMS))
    bundle, store = written(folder / tracer, tracer, train), folder / "learners.db"
    with lernpfad(bundle, store) as server:
        found = re.search(r"lp_\S+", server.err.read_text())
        assert found is not None, "the first start shows a key"
        filled(server, found[0], train)
        client = Client(server.port, found[0], requests(posted(train, K)))
        client.run(seconds=MOST_SECONDS)  # the states of all learners, and whatever else is made once
        most = client.run(seconds=MOST_SECONDS)
        told(f"at most {most:.1f} a second")
        rate = SHARE * most
        spent = server.cpu_seconds()
        with Watch(server, store) as watch:
            answered = client.run(seconds=60 * minutes, rate=rate)
        spent = server.cpu_seconds() - spent
    facts = {"tracer": tracer, "most": round(most, 1), "rate": round(rate, 1), "answered": round(answered, 1)}
    facts["cores"] = round(spent / (60 * minutes), 2)
    return facts | judged(client.answers, watch.seen, planned=int(60 * minutes * rate))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--tracer", default="dkt", choices=TRACERS)
    parser.add_argument("--out", type=Path, help="a picture is drawn beside it")
    given = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    with tempfile.TemporaryDirectory() as folder:
        found = soaked(Path(folder), given.tracer, minutes=given.minutes, told=lambda line: print(line, flush=True))
    print(table(found))
    if given.out:
        given.out.write_text(json.dumps(found) + "\n")
        given.out.with_suffix(".png").write_bytes(drawn(found))


if __name__ == "__main__":
    main()
