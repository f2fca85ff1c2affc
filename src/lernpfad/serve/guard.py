"""Who may ask for what, and how often."""

import time
from collections.abc import Callable
from threading import Lock
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from lernpfad.serve.keys import Keys

BURST_SECONDS: Final = 2.0
"""A key that was silent may ask for so many seconds' worth of requests at once."""

_BEARER = HTTPBearer(auto_error=False, description="An API key of the store, as `Authorization: Bearer lp_...`.")


class Buckets:
    """A token bucket for each key of this process. rate: requests a second. clock: seconds, never going back."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.clock = clock
        self._lock = Lock()
        self._filled: dict[str, tuple[float, float]] = {}

    def wait(self, name: str) -> float:
        """Take a token; 0 if there was one, else the seconds until there will be."""
        most = max(1.0, self.rate * BURST_SECONDS)
        with self._lock:
            now = self.clock()
            tokens, since = self._filled.get(name, (most, now))
            tokens = min(most, tokens + (now - since) * self.rate)
            missing = max(0.0, 1.0 - tokens)
            self._filled[name] = (tokens if missing else tokens - 1.0, now)
        return missing / self.rate


class Guard:
    """Asks every request for a key with the scope that the path needs, and holds the key to its rate."""

    def __init__(self, keys: Keys, *, rate: float, clock: Callable[[], float] = time.time) -> None:
        self.keys = keys
        self.clock = clock
        self.buckets = Buckets(rate)

    def needs(self, scope: str) -> object:
        """A FastAPI dependency: 401 without a key that is known, 403 without the scope, 429 beyond the rate."""

        def check(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> None:
            key = None if given is None else self.keys.known(given.credentials, now=self.clock())
            if key is None:
                problem = "needs an API key: Authorization: Bearer lp_..., as shown at the first start"
                raise HTTPException(401, problem, {"WWW-Authenticate": "Bearer"})
            wait = self.buckets.wait(key.id)
            if wait:
                problem = f"is more than this key may ask for ({self.buckets.rate:g} requests a second)"
                raise HTTPException(429, problem, {"Retry-After": f"{int(wait) + 1}"})
            if scope not in key.scopes:
                held = ", ".join(sorted(key.scopes))
                raise HTTPException(403, f"needs a key for '{scope}', this one is for: {held}")
            request.state.key = key.id

        return Depends(check)


def who(request: Request) -> str:
    """The id of the key that a request came with, "" where none is asked for."""
    return str(getattr(request.state, "key", ""))
