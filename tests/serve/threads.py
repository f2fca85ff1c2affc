"""A server in a thread of the tests, on a real socket."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn


@contextmanager
def started(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    """It runs until the end of the block."""
    thread = threading.Thread(target=lambda: server.run(sockets=[listener]))
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)
