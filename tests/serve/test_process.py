"""The real thing: one process on a loopback port, asked over a socket."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from lernpfad.collaborative.als import ALS
from lernpfad.collaborative.popularity import Popularity
from lernpfad.serve.bundle import load
from lernpfad.tracing.bkt import BKT
from serve.graphs import Exporting, write_graphs
from serve.stack import catalog, fitted, histories, posted, written

HEAVY = ("torch", "pandas", "lightning", "hydra", "omegaconf", "mlflow", "scipy", "numba", "sklearn", "implicit")
SECONDS = 30.0


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of each form, made of nothing but lernpfad's own classes."""
    root = tmp_path_factory.mktemp("process")
    stacks = {
        "classical": fitted(tracer=BKT(starts=1, max_iterations=3), recommender=ALS(factors=4)),
        "neural": fitted(tracer=Exporting(write_graphs(root / "graphs")), recommender=Popularity()),
    }
    return {name: written(root / name, stack, trust=()) for name, stack in stacks.items()}


class Served:
    """A running `lernpfad serve`."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "lernpfad", "serve", *words]
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert " at http://" in line, self.process.communicate(timeout=SECONDS)[1]
        self.address = line.split(" at ")[1].split("/v1")[0]

    def post(self, path: str, body: Any) -> Any:
        request = Request(
            self.address + path, data=json.dumps(body).encode(), headers={"content-type": "application/json"}
        )
        with urlopen(request, timeout=SECONDS) as response:
            return json.load(response)

    def get(self, path: str) -> Any:
        with urlopen(self.address + path, timeout=SECONDS) as response:
            return json.load(response)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        self.process.communicate(timeout=SECONDS)
        return self.process.returncode


@pytest.fixture(scope="module", params=["classical", "neural"])
def served(request: pytest.FixtureRequest, bundles: dict[str, Path]) -> Iterator[Served]:
    running = Served(f"bundle={bundles[request.param]}", "port=0", "log=warning")
    yield running
    running.stop()


def test_it_answers_as_the_bundle_does(served: Served, bundles: dict[str, Path]) -> None:
    from lernpfad.serve.engine import Engine
    from lernpfad.serve.schema import NextItemsRequest

    found = served.get("/v1/bundle")
    form = found["models"]["tracer"]["form"]
    engine = Engine(load(bundles["classical" if form == "arrays" else "neural"]))
    body = {"history": posted(histories(catalog(), learners=1), 0), "role": "analyst", "k": 6, "at": 1.8e9}
    expected = engine.next_items(NextItemsRequest.model_validate(body), now=0.0)
    assert served.post("/v1/next-items", body) == expected.model_dump()
    assert len(expected.items) == 6


def test_it_listens_on_loopback_alone(served: Served) -> None:
    assert served.address.startswith("http://127.0.0.1:")
    assert served.get("/v1/health") == {"status": "alive"}
    assert served.get("/v1/ready")["ready"] is True


def test_a_refusal_over_the_wire(served: Served) -> None:
    with pytest.raises(HTTPError) as refused:
        served.post("/v1/next-items", {"role": "analist"})
    assert refused.value.code == 422
    assert json.load(refused.value)["detail"][0]["field"] == "role"


def test_a_body_too_large_over_the_wire(served: Served) -> None:
    port = int(served.address.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as wire:
        wire.sendall(b"POST /v1/profile HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n{")
        assert wire.recv(100).startswith(b"HTTP/1.1 413")


def test_what_stands_behind_an_address_is_not_logged(bundles: dict[str, Path]) -> None:
    running = Served(f"bundle={bundles['classical']}", "port=0", "log=info")
    running.get("/v1/health?learner=lea.1815@example.org")
    running.process.send_signal(signal.SIGINT)
    said = "".join(running.process.communicate(timeout=SECONDS))
    assert '"GET /v1/health HTTP/1.1" 200' in said
    assert "1815" not in said


def test_ctrl_c_stops_it_in_good_order(bundles: dict[str, Path]) -> None:
    running = Served(f"bundle={bundles['classical']}", "port=0", "log=warning")
    assert running.stop(signal.SIGINT) == 0


def run_serve(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lernpfad", "serve", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_a_port_that_is_taken_is_one_line(bundles: dict[str, Path]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run_serve(f"bundle={bundles['classical']}", f"port={port}")
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("word", ["bundel=x", "bundle=/nowhere/at-all"])
def test_a_mistake_ends_with_two(word: str) -> None:
    ended = run_serve(word)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


ANSWER_ONE = """
import json, sys, time
began = time.perf_counter()
from pathlib import Path
from lernpfad.serve.app import create_app
from lernpfad.serve.bundle import load
import asyncio

async def ask(app):
    body = json.dumps({"history": [], "k": 3, "role": "analyst"}).encode()
    said = []
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])
    async def receive():
        return next(messages, {"type": "http.disconnect"})
    async def send(message):
        said.append(message)
    scope = {"type": "http", "method": "POST", "path": "/v1/next-items", "raw_path": b"/v1/next-items",
             "query_string": b"", "headers": [(b"content-type", b"application/json")], "http_version": "1.1",
             "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": ""}
    await app(scope, receive, send)
    return said

said = asyncio.run(ask(create_app(load(Path(sys.argv[1])))))
import resource
print(json.dumps({"status": said[0]["status"], "answer": json.loads(said[1]["body"]), "modules": sorted(sys.modules),
                  "seconds": time.perf_counter() - began,
                  "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


@pytest.mark.parametrize("form", ["classical", "neural"])
def test_serving_imports_nothing_heavy(bundles: dict[str, Path], form: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ANSWER_ONE, str(bundles[form])],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    found = json.loads(ended.stdout)
    assert found["status"] == 200
    assert len(found["answer"]["items"]) == 3
    assert not [name for name in found["modules"] if name.partition(".")[0] in HEAVY]
    ours = {name.split(".")[1] for name in found["modules"] if name.startswith("lernpfad.")}
    assert ours <= {"_version", "core", "policy", "serve", "tracing", "collaborative"}


def test_start_to_first_answer(bundles: dict[str, Path]) -> None:
    """Well under a second on an idle machine; the bound leaves room for a busy one."""
    running = Served(f"bundle={bundles['classical']}", "port=0", "log=warning")
    try:
        assert running.post("/v1/next-items", {"k": 1})["items"]
        seconds = time.perf_counter() - running.began
    finally:
        running.stop()
    assert seconds < 10.0
