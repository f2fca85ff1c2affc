"""A real server to break for `faults.py`: what its clients see, what its log says, what its store holds."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from lernpfad.serve.database import connect
from lernpfad.serve.store import Store

START: Final = 1_767_600_000.0
PATIENCE: Final = 30.0
"""Seconds after which a client takes no answer for a hang."""
NEVER: Final = "no answer"
HUNG: Final = f"hung for {PATIENCE:g} s"
WROTE, READ, READY = "/v1/learners/interactions", "/v1/learners/next-items", "/v1/ready"
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[ T]\S+ ")
_SOCKET = re.compile(r'"/\S+/(?=\.s\.PGSQL)')


class Running:
    """`lernpfad serve` with a store. words: more settings. env: more of the environment. keyed: it asks for its key."""

    def __init__(
        self,
        bundle: Path,
        where: str,
        *,
        words: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        keyed: bool = False,
    ) -> None:
        self.command = [sys.executable, "-m", "lernpfad", "serve", f"bundle={bundle}", f"store={where}", "port=0"]
        self.command += [f"auth={'key' if keyed else 'none'}", "log=warning", *words]
        self.where, self.env = where, os.environ | dict(env or {})
        self.err = bundle.parent / f"server-{time.monotonic_ns()}.err"
        self.port, self.key = 0, ""
        self.start()
        shown = re.search(r"shown this once: (\S+)", self.err.read_text())
        self.key = shown[1] if shown else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> bool:
        """Whether it came up; what it said otherwise is in `log`."""
        with self.err.open("a") as said:
            self.process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=said, text=True, env=self.env, process_group=0
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if " at http://" not in line:
            self.process.wait(PATIENCE)
            return False
        self.port = int(line.split(" at ")[1].split("/v1")[0].rsplit(":", 1)[1])
        return True

    def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Seconds that it took to end."""
        began = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return round(time.monotonic() - began, 1)

    def log(self) -> dict[str, int]:
        """Lines said so far and how often, without their moments, the store's folder and numbers."""
        folder = str(Path(self.where).parent)
        lines = [_MOMENT.sub("", one).strip() for one in self.err.read_text().splitlines()]
        told = [one.replace(folder, "...") for one in lines if one and "shown this once" not in one]
        return dict(Counter(_SOCKET.sub('".../', one)[:300] for one in told))

    def tracebacks(self) -> int:
        return self.err.read_text().count("Traceback")

    def megabytes(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)

    def ask(self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> tuple[int | str, Any]:
        """Status and answer; NEVER where the connection broke, HUNG where none came in time."""
        wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            given = None if body is None else json.dumps(body)
            sent = {"content-type": "application/json", "authorization": f"Bearer {self.key}", **(headers or {})}
            wire.request("GET" if body is None else "POST", path, given, sent)
            with wire.getresponse() as answer:
                text = answer.read()
            told = json.loads(text) if text.startswith((b"{", b"[")) else text.decode()
            if isinstance(told, dict):
                told["retry-after"] = answer.headers.get("retry-after")
            return answer.status, told
        except TimeoutError:
            return HUNG, None
        except (OSError, http.client.HTTPException):
            return NEVER, None
        finally:
            wire.close()

    def seen(self) -> dict[str, str]:
        """What a client of each kind sees at this moment, with seconds."""
        found = {}
        asked: dict[str, tuple[str, Any]] = {
            "write": (WROTE, row("probe-0", learner="probe")),
            "next items": (READ, {"learner": "learner-0", "k": 3}),
            "profile": ("/v1/learners/profile", {"learner": "learner-0"}),
            "posted history": ("/v1/next-items", {"history": [], "k": 3}),
            "ready": (READY, None),
            "health": ("/v1/health", None),
        }
        for name, (path, body) in asked.items():
            began = time.monotonic()
            status, answer = self.ask(path, body)
            found[name] = told(status, answer, time.monotonic() - began)
        return found


def told(status: int | str, answer: Any, seconds: float) -> str:
    """A status with what the answer says of the problem, and the seconds if they are many."""
    detail = answer.get("detail") if isinstance(answer, dict) else None
    words = [str(status)]
    if isinstance(detail, list) and detail:
        words.append(f"{detail[0]['field']} {detail[0]['problem']}")
    if isinstance(answer, dict) and answer.get("retry-after"):
        words.append(f"Retry-After {answer['retry-after']}")
    if seconds > 1:
        words.append(f"after {seconds:.0f} s")
    return "; ".join(words)


def row(name: str, *, learner: str | None = None) -> dict[str, Any]:
    """An interaction whose id is in its item as well, so that it is found again behind the hash."""
    number = int(name.rsplit("-", 1)[1])
    who = learner or f"learner-{number % 20}"
    return {"learner": who, "id": name, "item": name, "outcome": "correct", "time": START + number}


class Storm:
    """Writers and readers that ask without end. acknowledged: ids whose post was answered with 200."""

    def __init__(self, servers: Sequence[Running], *, writers: int = 4, readers: int = 2) -> None:
        self.servers = servers
        self.acknowledged: set[str] = set()
        self.answers: list[tuple[float, str, str]] = []  # moment, what was asked, status
        self.slowest = 0.0
        self._end, self._lock = threading.Event(), threading.Lock()
        asked = [(n, self._write) for n in range(writers)] + [(n, self._read) for n in range(readers)]
        self._threads = [threading.Thread(target=do, args=(n,), daemon=True) for n, do in asked]
        for one in self._threads:
            one.start()

    def stop(self) -> Self:
        self._end.set()
        for one in self._threads:
            one.join()
        return self

    def answered(self, since: float, until: float = float("inf")) -> dict[str, int]:
        """How many requests were answered how, between two moments of the monotonic clock."""
        return dict(Counter(f"{what} {how}" for at, what, how in self.answers if since <= at < until))

    def first(self, what: str, since: float) -> float | None:
        """Seconds from a moment until the first 200."""
        found = [at - since for at, one, how in self.answers if one == what and how == "200" and at >= since]
        return round(min(found), 2) if found else None

    def _write(self, me: int) -> None:
        n = 0
        while not self._end.is_set():
            name = f"w{me}-{n}"  # the same again until it is acknowledged, as the page says
            if self._asked(me, "write", WROTE, row(name)) == 200:
                self.acknowledged.add(name)
                n += 1

    def _read(self, me: int) -> None:
        while not self._end.is_set():
            self._asked(me, "next items", READ, {"learner": f"learner-{me}", "k": 3})

    def _asked(self, me: int, what: str, path: str, body: Any) -> int | str:
        began = time.monotonic()
        status, _ = self.servers[me % len(self.servers)].ask(path, body)
        ended = time.monotonic()
        with self._lock:
            self.answers.append((ended, what, str(status)))
            self.slowest = max(self.slowest, ended - began)
        if status != 200:
            time.sleep(0.05)
        return status


def kept(where: str, acknowledged: set[str]) -> dict[str, int]:
    """How many acknowledged rows there were, and how many are lost, or there twice."""
    store = Store(connect(where))
    rows = store.database.read(lambda on: on.execute("SELECT item FROM interactions").fetchall())
    store.database.close()
    found = Counter(item for (item,) in rows)
    lost = sum(name not in found for name in acknowledged)
    return {"acknowledged": len(acknowledged), "lost": lost, "doubled": sum(n > 1 for n in found.values())}
