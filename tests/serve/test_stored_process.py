"""The real thing with a store: its first key, its restart, and its death in the middle of a write storm."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.serve.sqlite import Sqlite
from lernpfad.tracing.bkt import BKT
from serve.stack import START, fitted, written

SECONDS = 60.0
NAMED = "API key for read, write, erase, admin, watch, shown this once: "


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stack = fitted(tracer=BKT(starts=1, max_iterations=3), recommender=Popularity())
    return written(tmp_path_factory.mktemp("process") / "bundle", stack, trust=())


class Served:
    """A running `lernpfad serve` with a store. key: the one it showed, or that it is given."""

    def __init__(self, bundle: Path, where: Path, *, key: str = "", words: tuple[str, ...] = ()) -> None:
        command = [sys.executable, "-m", "lernpfad", "serve", f"bundle={bundle}", f"store={where}", "port=0", *words]
        self.told = where.with_suffix(".err")
        with self.told.open("w") as told:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert " at http://" in line, self.told.read_text()
        self.address = line.split(" at ")[1].split("/v1")[0]
        shown = [one.removeprefix(NAMED) for one in self.told.read_text().splitlines() if one.startswith(NAMED)]
        self.key = shown[0] if shown else key
        self.shown = len(shown)

    def call(self, path: str, body: Any, **headers: str) -> Any:
        """The answer, which has to be one."""
        status, answer = self.asked(path, body, **headers)
        assert status == 200, answer
        return answer

    def asked(self, path: str, body: Any, *, method: str = "POST", **headers: str) -> tuple[int, Any]:
        sent = {"content-type": "application/json", **headers}
        if self.key:
            sent["authorization"] = f"Bearer {self.key}"
        with closing(HTTPConnection(self.address.removeprefix("http://"), timeout=SECONDS)) as wire:
            wire.request(method, path, None if body is None else json.dumps(body), sent)
            with wire.getresponse() as response:
                return response.status, json.load(response)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        self.process.communicate(timeout=SECONDS)
        return self.process.returncode


def row(name: str) -> dict[str, Any]:
    return {"learner": "lea-17", "id": name, "item": "i1", "outcome": "correct", "time": START}


def test_a_key_is_shown_at_the_first_start_and_never_again(bundle: Path, tmp_path: Path) -> None:
    first = Served(bundle, tmp_path / "l.db")
    assert first.shown == 1
    assert first.call("/v1/learners/interactions", row("1"))["stored"] == 1
    assert first.call("/v1/learners/next-items", {"learner": "lea-17"})["covers"] == 1
    key, first.key = first.key, ""
    assert first.asked("/v1/next-items", {})[0] == 401
    first.stop()
    assert "lea-17" not in first.told.read_text()
    again = Served(bundle, tmp_path / "l.db", key=key)
    try:
        assert again.shown == 0
        assert again.call("/v1/learners/interactions", row("1")) == {"stored": 0, "repeated": 1}
        assert again.call("/v1/learners", None, method="DELETE", **{"x-learner": "lea-17"})["interactions"] == 1
    finally:
        again.stop()
    assert key not in again.told.read_text()


def test_on_loopback_it_may_be_open_if_one_says_so(bundle: Path, tmp_path: Path) -> None:
    running = Served(bundle, tmp_path / "l.db", words=("auth=none", "log=warning"))
    try:
        assert (running.shown, running.key) == (0, "")
        assert running.call("/v1/learners/interactions", row("1"))["stored"] == 1
    finally:
        running.stop()


def test_killed_while_four_clients_post_it_has_all_that_it_acknowledged(bundle: Path, tmp_path: Path) -> None:
    running = Served(bundle, tmp_path / "l.db", words=("auth=none", "log=warning"))
    acknowledged: list[str] = []

    def post(client: int) -> None:
        for n in range(10_000):
            try:
                running.call("/v1/learners/interactions", row(f"{client}-{n}") | {"learner": f"p{n % 3}"})
            except (HTTPException, OSError):
                return
            acknowledged.append(f"{client}-{n}")
            if len(acknowledged) == 100:
                running.process.send_signal(signal.SIGKILL)

    clients = [Thread(target=post, args=(n,)) for n in range(4)]
    for one in clients:
        one.start()
    for one in clients:
        one.join()
    running.process.communicate(timeout=SECONDS)
    again = Served(bundle, tmp_path / "l.db", words=("auth=none", "log=warning"))
    try:
        batch = [row(one) | {"learner": f"p{int(one.split('-')[1]) % 3}"} for one in acknowledged]
        done = again.call("/v1/learners/interactions/batch", {"interactions": batch})
    finally:
        again.stop()
    assert done == {"stored": 0, "repeated": len(acknowledged)}
    assert len(acknowledged) >= 100
    [(stored,)] = Sqlite(tmp_path / "l.db").read(lambda on: on.execute("SELECT count(*) FROM interactions").fetchall())
    assert len(acknowledged) <= stored <= len(acknowledged) + 4


def test_a_damaged_store_is_one_line(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "l.db").write_bytes(b"no database at all" * 500)
    command = [sys.executable, "-m", "lernpfad", "serve", f"bundle={bundle}", f"store={tmp_path / 'l.db'}", "port=0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert "is damaged (file is not a database); stop, move l.db, l.db-wal and l.db-shm away" in ended.stderr
    assert ended.stderr.count("\n") == 1
