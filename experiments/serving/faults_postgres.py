"""Faults of PostgreSQL under two replicas: restarted under load, stopped for seconds, the network cut or silent."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faults_server import Running, Storm, kept

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from serve.postgres import PORT, Server


class Proxy:
    """A network between the servers and PostgreSQL's socket that can be cut, or fall silent as a dead link does."""

    def __init__(self, to: str) -> None:
        self.to, self.cut, self.silent = to, False, False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def sever(self) -> None:
        """Break every connection, and every new one at once."""
        self.cut = True
        for one in self._open:
            one.close() if one.fileno() < 0 else one.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def _accept(self) -> None:
        while True:
            near, _ = self.listener.accept()
            if self.cut:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.to)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65_536):
                while self.silent:
                    time.sleep(0.05)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def _broken(name: str, url: str, servers: list[Running], breaks: Any, mends: Any, *, seconds: float) -> dict[str, Any]:
    """Four writers and two readers on two replicas, what they see in between, and after."""
    storm = Storm(servers)
    time.sleep(3)
    since = time.monotonic()
    breaks()
    time.sleep(min(1.0, seconds))
    seen = servers[0].seen() if seconds else {}
    time.sleep(max(0.0, seconds - (time.monotonic() - since)))
    mends()
    back = time.monotonic()
    deadline = back + 60
    while storm.first("write", back) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(3)
    storm.stop()
    logs: dict[str, int] = {}
    for server in servers:
        for line, times in server.log().items():
            logs[line] = logs.get(line, 0) + times
    return {
        "fault": name,
        "client": seen,
        "storm meanwhile": storm.answered(since, back),
        "storm after": storm.answered(back),
        "first write after": storm.first("write", back),
        "slowest request": round(storm.slowest, 1),
        "log": logs,
        "tracebacks": sum(server.tracebacks() for server in servers),
        **kept(url, storm.acknowledged),
    }


def restarted(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Stopped and started at once, as an upgrade does."""
    yield from _on_a_server(bundle, "PostgreSQL restarted under load (fast), two replicas", "fast", seconds=0.0)


def crashed(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Stopped as by a crash, away for five seconds."""
    yield from _on_a_server(bundle, "PostgreSQL stopped as by a crash, back after 5 s", "immediate", seconds=5.0)


def _on_a_server(bundle: Path, name: str, mode: str, *, seconds: float) -> Iterator[dict[str, Any]]:
    database = Server()
    try:
        url = database.fresh("faults")
        with Running(bundle, url) as one, Running(bundle, url) as other:
            yield _broken(name, url, [one, other], lambda: database.stop(mode), database.start, seconds=seconds)
    finally:
        database.remove()


def cut(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """The network refuses for five seconds."""

    def mend(proxy: Proxy) -> None:
        proxy.cut = False

    yield from _on_a_network(bundle, "network to PostgreSQL cut for 5 s", Proxy.sever, mend, seconds=5.0)


def silent(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Nothing comes through, and nobody says so."""

    def fall_silent(proxy: Proxy) -> None:
        proxy.silent = True

    def mend(proxy: Proxy) -> None:
        proxy.silent = False

    yield from _on_a_network(bundle, "network to PostgreSQL silent for 40 s", fall_silent, mend, seconds=40.0)


def _on_a_network(bundle: Path, name: str, breaks: Any, mends: Any, *, seconds: float) -> Iterator[dict[str, Any]]:
    database = Server()
    try:
        straight = database.fresh("faults")
        proxy = Proxy(f"{database.folder}/.s.PGSQL.{PORT}")
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/faults"
        with Running(bundle, url) as one, Running(bundle, url) as other:
            yield _broken(name, straight, [one, other], lambda: breaks(proxy), lambda: mends(proxy), seconds=seconds)
    finally:
        database.remove()


def frozen(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """PostgreSQL's processes are halted (SIGSTOP) for 30 s: it takes connections and answers nothing."""
    database = Server()

    def signalled(how: signal.Signals) -> None:
        head = int((database.data / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{head}/task/{head}/children").read_text().split()
        for pid in [head, *map(int, children)]:
            os.kill(pid, how)

    try:
        url = database.fresh("faults")
        with Running(bundle, url) as one, Running(bundle, url) as other:
            yield _broken(
                "PostgreSQL halted (SIGSTOP) for 30 s",
                url,
                [one, other],
                lambda: signalled(signal.SIGSTOP),
                lambda: signalled(signal.SIGCONT),
                seconds=30.0,
            )
    finally:
        database.remove()
