"""Load on a server from the other core: its process, a steady stream by the clock, and as much as it takes."""

import http.client
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

SERVER_CORE, CLIENT_CORE = 0, 1
ONE_THREAD: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PATIENCE = 240.0


class Server:
    """A process on one core. port: where it listens. ready: path that answers 200 once requests are taken in."""

    def __init__(self, words: Sequence[str], *, port: int, ready: str, err: Path) -> None:
        self.port, self.err = port, err
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow calls uvicorn by its name
        with err.open("w") as said:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(SERVER_CORE), sys.executable, *words],
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=os.environ | ONE_THREAD | {"PATH": path},
                process_group=0,
            )
        self._await(ready)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)

    def megabytes(self) -> float:
        """Resident memory of the process and its children."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid, _ in self._processes()]
        return round(sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)

    def cpu_seconds(self) -> float:
        """Processor time of the process and its children so far."""
        ticks = [int(fields[11]) + int(fields[12]) for _, fields in self._processes()]
        return sum(ticks) / os.sysconf("SC_CLK_TCK")

    def _processes(self) -> list[tuple[str, list[str]]]:
        """Ids and statistics (proc(5), from the third field on) of the processes in the server's group."""
        found = []
        for place in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = place.read_text().rsplit(")", 1)[1].split()
            except OSError:  # it has ended
                continue
            if int(fields[2]) == self.process.pid:
                found.append((place.parent.name, fields))
        return found

    def _await(self, ready: str) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                wire.request("GET", ready)
                if wire.getresponse().status == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > until or self.process.poll() is not None:
                self.__exit__()
                raise RuntimeError(f"the server did not come up; it said: {self.err.read_text()[-2000:]}")
            time.sleep(0.2)


class Asker:
    """One kept connection that posts. refused: answers other than 200 so far."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        self.wire = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.path, self.headers = path, {"content-type": "application/json", **headers}
        self.refused = 0

    def post(self, body: bytes) -> bytes:
        self.wire.request("POST", self.path, body, self.headers)
        answer = self.wire.getresponse()
        text = answer.read()
        self.refused += answer.status != 200
        return text


def steady(
    askers: Sequence[Asker], bodies: Sequence[bytes], *, rate: float, seconds: float, server: Server
) -> dict[str, Any]:
    """Requests at `rate` a second by the clock, whatever the answers take; latency from the planned moment, in ms.

    A server that falls behind gets no more of them once the time is over: `unsent` says how many.
    """
    total, begin, spent = int(rate * seconds), time.perf_counter() + 0.2, server.cpu_seconds()
    taken: list[float] = []
    nth, lock = iter(range(total)), threading.Lock()

    def ask(asker: Asker) -> None:
        while True:
            with lock:
                n = next(nth, None)
            if n is None or time.perf_counter() > begin + seconds:
                return
            planned = begin + n / rate
            time.sleep(max(0.0, planned - time.perf_counter()))
            asker.post(bodies[n % len(bodies)])
            taken.append(1000 * (time.perf_counter() - planned))

    seconds_taken = _together(askers, ask, since=begin)
    cpu = 1000 * (server.cpu_seconds() - spent) / len(taken)
    rate = round(len(taken) / max(seconds, seconds_taken), 1)
    return {**told(taken, askers), "rate": rate, "unsent": total - len(taken), "cpu_ms": round(cpu, 2)}


def saturated(askers: Sequence[Asker], bodies: Sequence[bytes], *, seconds: float) -> dict[str, Any]:
    """Each connection asks again as soon as it was answered."""
    begin, taken = time.perf_counter(), []

    def ask(asker: Asker) -> None:
        n = id(asker)
        while (asked := time.perf_counter()) < begin + seconds:
            asker.post(bodies[n % len(bodies)])
            taken.append(1000 * (time.perf_counter() - asked))
            n += 1

    seconds_taken = _together(askers, ask, since=begin)
    return {**told(taken, askers), "rate": round(len(taken) / seconds_taken, 1)}


def told(milliseconds: Sequence[float], askers: Sequence[Asker]) -> dict[str, Any]:
    ranked = sorted(milliseconds)
    figures = {"p50": statistics.median(ranked), "p99": ranked[int(0.99 * (len(ranked) - 1))], "max": ranked[-1]}
    found: dict[str, Any] = {name: round(value, 2) for name, value in figures.items()}
    return {**found, "requests": len(ranked), "refused": sum(one.refused for one in askers)}


def _together(askers: Sequence[Asker], ask: Callable[[Asker], None], *, since: float) -> float:
    """Run a thread for each asker to its end; seconds since `since`."""
    threads = [threading.Thread(target=ask, args=(one,)) for one in askers]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return time.perf_counter() - since
