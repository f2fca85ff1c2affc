"""Slow clients: headers or a body that trickle, answers that nobody reads, those who leave, those who say nothing."""

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from faults_server import Running

SLOW: Final = 200
WATCHED: Final = 45.0
"""Seconds after which a connection that is still held is held for ever."""
HEAD: Final = b"POST /v1/next-items HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
ASKED: Final = {"history": [], "k": 3}


def _silent(wire: socket.socket) -> None:
    """Connects and says nothing."""


def _headers(wire: socket.socket) -> None:
    wire.sendall(HEAD)
    for n in range(1000):
        wire.sendall(b"X-%d: 1\r\n" % n)
        time.sleep(1)


def _body(wire: socket.socket) -> None:
    wire.sendall(HEAD + b"Content-Length: 100000\r\n\r\n{")
    for _ in range(1000):
        wire.sendall(b" ")
        time.sleep(1)


def _unread(wire: socket.socket) -> None:
    """Asks for the document over and over and reads none of it."""
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(1000):
        wire.sendall(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")


def _leaves(wire: socket.socket) -> None:
    wire.sendall(HEAD + b"Content-Length: 100000\r\n\r\n{")
    time.sleep(0.5)
    wire.shutdown(socket.SHUT_RDWR)
    wire.close()


KINDS: Final[dict[str, Callable[[socket.socket], None]]] = {
    "say nothing": _silent,
    "trickle their headers": _headers,
    "trickle their body": _body,
    "read no answer": _unread,
    "leave in the middle of a body": _leaves,
}


def clients(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """200 slow clients of each kind, one kind after the other, and somebody who asks as ever."""
    found: dict[str, Any] = {"fault": f"{SLOW} slow clients of each kind"}
    for name, behave in KINDS.items():
        with Running(bundle, str(folder / name.replace(" ", "-") / "l.db")) as server:
            found[name] = _met(server, behave)
        yield found


def _met(server: Running, behave: Callable[[socket.socket], None]) -> dict[str, Any]:
    before, memory = _latency(server), server.megabytes()
    wires, ended, lock = [], dict[int, float](), threading.Lock()
    began = time.monotonic()

    def one(me: int) -> None:
        wire = socket.create_connection(("127.0.0.1", server.port))
        wires.append(wire)
        with suppress(OSError):
            behave(wire)
        with suppress(OSError):
            if behave is _unread:
                _await_end(server, wire)
            else:
                wire.settimeout(WATCHED)
                while wire.recv(65_536):
                    pass
            with lock:
                ended[me] = time.monotonic() - began

    threads = [threading.Thread(target=one, args=(me,), daemon=True) for me in range(SLOW)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    during, most = _latency(server), server.megabytes()
    deadline = began + WATCHED
    while len(ended) < SLOW and time.monotonic() < deadline:
        time.sleep(0.5)
        most = max(most, server.megabytes())
    held = _held(server)
    for wire in wires:
        wire.close()
    return {
        "latency before, ms": before,
        "latency meanwhile, ms": during,
        "memory before and at most, MB": [memory, most],
        "ended by the server": len(ended),
        "after seconds, median": round(statistics.median(ended.values()), 1) if ended else None,
        "still held at the end": held,
        "log": server.log(),
        "tracebacks": server.tracebacks(),
        "seconds to stop": server.stop(),
    }


def _await_end(server: Running, wire: socket.socket) -> None:
    """Wait, reading nothing, until the server no longer holds the other end."""
    port = f":{wire.getsockname()[1]:04X}"
    while any(port in line.split()[2] and line.split()[3] == "01" for line in _connections(server)):
        time.sleep(1)


def _connections(server: Running) -> list[str]:
    here = f":{server.port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return [line for line in lines if line.split()[1].endswith(here) and line.split()[3] != "0A"]


def _held(server: Running) -> int:
    """Sockets of the server's process, less the listening one and those of its own."""
    return sum(line.split()[3] == "01" for line in _connections(server))


def _latency(server: Running) -> dict[str, float]:
    """Of somebody who asks once after the other for three seconds."""
    taken, until = [], time.monotonic() + 3
    while time.monotonic() < until:
        began = time.monotonic()
        assert server.ask("/v1/next-items", json.loads(json.dumps(ASKED)))[0] == 200
        taken.append(1000 * (time.monotonic() - began))
    ranked = sorted(taken)
    return {"p50": round(statistics.median(ranked), 1), "p99": round(ranked[int(0.99 * (len(ranked) - 1))], 1)}
