"""Bounds the request body in bytes and in time, whatever its length header says, before anything reads it."""

import asyncio
import json
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS: Final = 30.0
"""How long a body may take to come."""
AT_ONCE: Final = 64
"""Bodies of the largest size for which there is room at a time; smaller ones share it."""


class BodyLimit:
    """ASGI middleware: a body of more than `limit` bytes is answered with 413, and read no further.

    One that takes longer than `seconds` is answered with 408. One that its client broke off is not acted upon. Where
    all that is being read or answered takes more than `AT_ONCE` such bodies, the next byte is answered with 503.
    """

    def __init__(self, app: ASGIApp, limit: int, seconds: float = SECONDS) -> None:
        self.app = app
        self.limit = limit
        self.seconds = seconds
        self.held = 0

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
        try:
            if len(body) > self.limit:
                await _refuse(send, 413, large)
            elif self.held > AT_ONCE * self.limit:
                await _refuse(send, 503, "came while others take all the room there is; send it again")
            elif whole:  # else nobody is there to be answered
                await self._hand_on(scope, receive, send, body)
        finally:
            self.held -= len(body)

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send, body: bytes) -> None:
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        await self.app(scope, replay, send)

    async def _read(self, receive: Receive) -> tuple[bytes, bool]:
        """The body, as far as there is room for it, and whether its client sent that much; counted in `held`."""
        body = bytearray()
        try:
            while True:
                message = await receive()
                if message["type"] != "http.request":  # the client went away
                    return bytes(body), False
                piece = message.get("body", b"")
                body += piece
                self.held += len(piece)
                full = len(body) > self.limit or self.held > AT_ONCE * self.limit
                if full or not message.get("more_body", False):
                    return bytes(body), True
        except BaseException:
            self.held -= len(body)
            raise


async def _refuse(send: Send, status: int, problem: str) -> None:
    body = json.dumps({"detail": [{"field": "body", "problem": problem}]}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"retry-after", b"1")] if status == 503 else []
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
