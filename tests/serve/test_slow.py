"""Slow clients cost themselves time, and nobody else: their connections end, and the others are answered meanwhile."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from lernpfad.serve.app import create_app
from lernpfad.serve.body import AT_ONCE, BodyLimit
from lernpfad.serve.bundle import Bundle
from lernpfad.serve.metrics import Measured, Metrics
from lernpfad.serve.settings import _listen
from lernpfad.serve.slow import Bounded, bounded
from serve.threads import started
from serve.web import small_bundle

SECONDS = 20.0
HEAD = b"POST /v1/next-items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Hasty(Bounded):
    """As served, but with little time and few connections."""

    head_seconds = 0.3
    most = 3


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return small_bundle(tmp_path_factory.mktemp("slow"))


@pytest.fixture
def port(bundle: Bundle) -> Iterator[int]:
    listener = _listen("127.0.0.1", 0)
    bounded(listener, seconds=1)
    app = create_app(bundle)
    for one in app.user_middleware:
        if one.cls is BodyLimit:
            one.kwargs["seconds"] = 0.4
    server = uvicorn.Server(uvicorn.Config(app, http=Hasty, log_level="error"))
    with started(server, listener):
        yield listener.getsockname()[1]


def said(wire: socket.socket) -> bytes:
    """All that comes until the server ends it."""
    text = b""
    try:
        while part := wire.recv(65_536):
            text += part
    except ConnectionResetError:
        pass
    return text


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=SECONDS)


def test_who_says_nothing_is_let_go(port: int) -> None:
    with connected(port) as wire:
        began = time.monotonic()
        assert said(wire) == b""
    assert 0.2 < time.monotonic() - began < 10


def test_headers_that_trickle_are_let_go(port: int) -> None:
    with connected(port) as wire:
        wire.sendall(HEAD)
        began = time.monotonic()
        with suppress(OSError):
            for _ in range(100):
                wire.sendall(b"X: 1\r\n")
                time.sleep(0.1)
        assert time.monotonic() - began < 5


def test_the_next_request_of_a_kept_connection_has_its_time_too(port: int) -> None:
    with connected(port) as wire:
        wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while b"alive" not in answer:
            answer += wire.recv(65_536)
        time.sleep(0.5)  # longer than the headers of a request may take, but none has begun
        wire.sendall(b"GET /v1/health HTTP/1.1\r\n")
        assert said(wire) == b""


def test_a_body_that_trickles_is_told(port: int) -> None:
    with connected(port) as wire:
        wire.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        head, _, body = said(wire).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408")
    assert json.loads(body)["detail"][0]["field"] == "body"


def test_one_connection_too_many_is_told_and_the_others_go_on(port: int) -> None:
    wires = [connected(port) for _ in range(3)]
    time.sleep(0.1)
    with connected(port) as late:
        head, _, body = said(late).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert f"content-length: {len(body)}".encode() in head
    assert "too many connections" in json.loads(body)["detail"][0]["problem"]
    for wire in wires:
        wire.close()
    time.sleep(0.2)
    with connected(port) as wire:
        wire.sendall(b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"alive" in said(wire)


def test_an_answer_that_nobody_reads_ends(port: int) -> None:
    with connected(port) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.settimeout(1)
        with suppress(OSError):  # the way there is full, or ended
            for _ in range(20_000):
                wire.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
        here, until = f":{wire.getsockname()[1]:04X}", time.monotonic() + SECONDS
        while any(here in line.split()[2] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]):
            assert time.monotonic() < until
            time.sleep(0.1)


def test_bodies_that_are_being_read_share_their_room() -> None:
    """Ever more clients who begin a body and do not end it: one too many is refused, and room comes back."""
    sent: list[int] = []

    async def app(scope: object, receive: object, send: object) -> None:
        sent.append(200)

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])
            if message["status"] == 503:
                assert (b"retry-after", b"1") in message["headers"]

    async def begun(end: asyncio.Event) -> None:
        pieces = [{"type": "http.request", "body": b"x" * 90, "more_body": True}]

        async def receive() -> dict[str, Any]:
            if pieces:
                return pieces.pop()
            await end.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        await limit({"type": "http", "headers": []}, receive, send)  # type: ignore[arg-type]

    async def crowd() -> None:
        end = asyncio.Event()
        full = [asyncio.create_task(begun(end)) for _ in range(AT_ONCE * 100 // 90)]
        await asyncio.sleep(0)
        await begun(end)
        assert sent == [503]
        end.set()
        await asyncio.gather(*full)
        assert sent == [503] + [200] * len(full)
        assert limit.held == 0
        await begun(end)
        assert sent[-1] == 200

    limit = BodyLimit(app, limit=100)  # type: ignore[arg-type]
    asyncio.run(crowd())


def test_who_goes_away_before_the_answer_is_counted_apart() -> None:
    metrics = Metrics()

    async def silent(scope: object, receive: object, send: object) -> None:
        pass

    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError

    scope = {"type": "http", "method": "POST", "headers": []}
    asyncio.run(Measured(silent, metrics)(scope, None, None))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        asyncio.run(Measured(broken, metrics)(scope, None, None))  # type: ignore[arg-type]
    counted = [line for line in metrics.text({}, gauges={}).splitlines() if "requests_total{" in line]
    assert [(line.split('status="')[1][:3], line[-1]) for line in counted] == [("499", "1"), ("500", "1")]


def test_a_body_broken_off_is_not_acted_upon() -> None:
    asked = []

    async def app(scope: object, receive: object, send: object) -> None:
        asked.append(scope)

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    async def send(message: object) -> None:
        raise AssertionError(message)

    messages = [{"type": "http.request", "body": b"{}", "more_body": True}, {"type": "http.disconnect"}]
    limit = BodyLimit(app, limit=100)  # type: ignore[arg-type]
    asyncio.run(limit({"type": "http", "headers": []}, receive, send))  # type: ignore[arg-type]
    assert asked == []
