"""Bounds the request body in bytes and in time, whatever its length header says, before anything reads it."""

import asyncio
import json
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS: Final = 30.0
"""How long a body may take to come."""


class BodyLimit:
    """ASGI middleware: a body of more than `limit` bytes is answered with 413, and read no further.

    One that takes longer than `seconds` is answered with 408. One that its client broke off is not acted upon.
    """

    def __init__(self, app: ASGIApp, limit: int, seconds: float = SECONDS) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then hand it on as one message."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        large = f"is larger than the {self.limit} bytes that this server takes; post a shorter history"
        if _declared(scope) > self.limit:
            await _refuse(send, 413, large)
            return
        try:
            async with asyncio.timeout(self.seconds):
                body, whole = await self._read(receive)
        except TimeoutError:
            await _refuse(send, 408, f"did not come within {self.seconds:g} seconds; send it at once")
            return
        if len(body) > self.limit:
            await _refuse(send, 413, large)
            return
        if not whole:  # nobody is there to be answered
            return
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self.app(scope, replay, send)

    async def _read(self, receive: Receive) -> tuple[bytes, bool]:
        """The body up to the limit, and whether that is all that was sent."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":  # the client went away
                return bytes(body), False
            body += message.get("body", b"")
            if len(body) > self.limit or not message.get("more_body", False):
                return bytes(body), True


async def _refuse(send: Send, status: int, problem: str) -> None:
    body = json.dumps({"detail": [{"field": "body", "problem": problem}]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
