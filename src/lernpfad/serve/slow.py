"""Clients that are slow, or mean to be: how long a connection may take for its request, and how many there may be."""

import asyncio
import resource
import socket
from contextlib import suppress
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
"""From the opening of a connection, or the first byte of its next request, to the end of the request's headers."""
BODY_SECONDS: Final = 30.0
"""From the headers to the end of the body."""
UNREAD_SECONDS: Final = 30
"""How long an answer may lie unread by its client."""
SPARE: Final = 64
"""Files that the process needs beside its connections: the store, the graphs, what is being read."""

_BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-type: application/json\r\n"
    b"content-length: 85\r\n\r\n"
    b'{"detail":[{"field":"request","problem":"too many connections are open; ask again"}]}'
)


def most_connections() -> int:
    """How many connections fit into the files that this process may open."""
    return max(SPARE, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE)


def bounded(listener: socket.socket, *, seconds: int = UNREAD_SECONDS) -> None:
    """Let the kernel end connections whose client reads nothing for so long; accepted ones inherit it."""
    with suppress(AttributeError, OSError):  # Linux has it
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000 * seconds)


class Bounded(H11Protocol):
    """A connection that is closed if the headers of a request do not come in time, or if there are too many."""

    most = most_connections()
    head_seconds = HEAD_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuse one too many; give the others their time."""
        self._head: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.write(_BUSY)
            transport.close()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """The time runs from the first byte to the headers' end."""
        asked = self.scope
        if self._head is None and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        super().data_received(data)
        if self.scope is not asked:
            self._head_came()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._head_came()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head = self.loop.call_later(self.head_seconds, self._too_slow)

    def _head_came(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _too_slow(self) -> None:
        self._head = None
        self.transport.abort()
