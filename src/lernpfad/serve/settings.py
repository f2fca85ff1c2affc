"""`lernpfad serve`: settings from key=value words, without Hydra, and the process that listens."""

import gc
import logging
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lernpfad.core import BundleError, ConfigError, unknown_name

if TYPE_CHECKING:
    from lernpfad.serve.database import Database

LEVELS: Final = ("critical", "error", "warning", "info", "debug")
AUTH: Final = ("key", "none")
DECIDE: Final = ("policy", "curriculum")
_CHOICES: Final = {"log": ("log level", LEVELS), "auth": ("kind of auth", AUTH), "decide": ("decider", DECIDE)}
_BOUNDS: Final = {"port": (0, 65_535), "threads": (1, 256), "max_body": (1_024, 2**30), "rate": (1, 1_000_000)}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ServeSettings:
    """What `lernpfad serve` needs to know.

    bundle: folder that `lernpfad export` wrote. host: address to listen on; loopback unless told otherwise.
    port: 0 takes a free one. threads: of each neural graph. max_body: bytes of a request body at most.
    store: where learners are kept, an SQLite file or a postgresql:// URL; without it nothing is stored.
    auth: "key" asks for an API key of the store, "none" for nothing, on loopback alone. rate: requests a second of
    each key. decide: "policy", or "curriculum" for the fixed curriculum of the role, which asks no model. home: the
    homePage that accounts in xAPI statements have to have, "" for any. trust: packages beside lernpfad whose classes
    the bundle may name, joined by commas. log: level.
    """

    bundle: Path
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 1
    max_body: int = 1_048_576
    store: str = ""
    auth: str = "key"
    rate: int = 100
    decide: str = "policy"
    home: str = ""
    trust: tuple[str, ...] = ()
    log: str = "info"


HELP: Final = """usage: lernpfad serve bundle=FOLDER [key=value ...]

Answers HTTP with the next learning items of a posted history, from an exported bundle.

  bundle=FOLDER     what `lernpfad export` wrote (required)
  host=127.0.0.1    address to listen on; another one opens the service to the network, and needs store= for its keys
  port=8000         0 takes a free port and prints it
  threads=1         threads of each neural graph
  max_body=1048576  bytes of a request body at most
  store=            where learners are kept: an SQLite file, or postgresql://user@host/name; nothing is stored without
  auth=key          every request to a server with a store brings an API key; none asks for none, on loopback only
  rate=100          requests a second that a key may ask for
  decide=policy     curriculum: the fixed curriculum of the role decides, and no model is asked
  home=             homePage that the accounts in xAPI statements have to have; any one without
  trust=            packages beside lernpfad whose classes the bundle may name, joined by commas
  log=info          critical, error, warning, info or debug

The first start with a store makes an API key for everything and shows it once. `lernpfad serve keys --help` tells
how to make others, `lernpfad serve decisions --help` how to read the log of what was offered, and
`lernpfad serve replay --help` how to see that it would be offered again.

  lernpfad serve bundle=runs/bundle
  lernpfad serve bundle=runs/bundle store=learners.db
  curl -s localhost:8000/v1/next-items -H 'content-type: application/json' -d '{"history": [], "k": 3}'
"""


def parse(words: Sequence[str]) -> ServeSettings:
    """Settings from words like `port=8000`. Anything wrong is a ConfigError of one line."""
    given: dict[str, Any] = {}
    known = {one.name for one in fields(ServeSettings)}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"serve takes key=value words, got '{word}'; try `lernpfad serve --help`")
        if key not in known:
            raise ConfigError(unknown_name("serve setting", key, known))
        if key in given:
            raise ConfigError(f"serve setting '{key}' is given twice; keep one")
        given[key] = _value(key, text)
    if "bundle" not in given:
        raise ConfigError("serve needs a bundle: lernpfad serve bundle=FOLDER, a folder that `lernpfad export` wrote")
    return ServeSettings(**given)


def main(words: Sequence[str]) -> None:
    """Serve until interrupted, or do what one of `commands.COMMANDS` asks for.

    A wrong setting, a damaged bundle or store is a LernpfadError, which the command prints.
    """
    if words and words[0] in ("keys", "decisions", "replay", "scrub"):
        from lernpfad.serve import commands

        commands.look_after(words[0], words[1:])
        return
    if any(word in ("-h", "--help", "help") for word in words):
        print(HELP, end="")
        return
    serve(parse(words))


def serve(settings: ServeSettings) -> None:
    """Load the bundle, listen, answer. Prints one line with the address once requests are taken in."""
    import uvicorn

    from lernpfad.serve import access, heap
    from lernpfad.serve.app import create_app
    from lernpfad.serve.bundle import load
    from lernpfad.serve.slow import Bounded, bounded

    _check_open(settings)
    bundle = load(settings.bundle, threads=settings.threads, trust=settings.trust)
    heap.give_back_large_blocks(len(bundle.catalog))
    listener = _listen(settings.host, settings.port)
    bounded(listener)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    address = f"http://{host}:{listener.getsockname()[1]}"
    database = _store(settings)

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                gc.collect()
                gc.freeze()  # what is there now stays: looking through it again and again cost a third of an answer
                print(f"bundle {bundle.version} at {address}/v1, its documentation at {address}/docs", flush=True)

    app = create_app(
        bundle,
        max_body=settings.max_body,
        database=database,
        keyed=settings.auth == "key",
        rate=settings.rate,
        home=settings.home,
        fixed=settings.decide == "curriculum",
    )
    server = Announced(uvicorn.Config(app, http=Bounded, log_level=settings.log, server_header=False))
    logging.getLogger(access.LOGGER).addFilter(access.WithoutQuery())  # after the configuration, which sets it up
    with suppress(KeyboardInterrupt):  # raised again by uvicorn after it has stopped in good order
        server.run(sockets=[listener])
    if not server.started:
        raise BundleError(f"the bundle in {settings.bundle} loads but cannot answer; the reason is above")


def _value(key: str, text: str) -> Any:
    if key == "bundle":
        return Path(text)
    if key == "trust":
        return tuple(part for part in text.split(",") if part)
    if key in _CHOICES:
        what, known = _CHOICES[key]
        if text not in known:
            raise ConfigError(unknown_name(what, text, known))
        return text
    return text if key in ("host", "store", "home") else _whole_number(key, text)


def _check_open(settings: ServeSettings) -> None:
    if settings.host in _LOOPBACK:
        return
    if settings.auth == "none":
        raise ConfigError(f"auth=none is for loopback alone, and host={settings.host} is open to the network; drop one")
    if not settings.store:
        raise ConfigError(
            f"host={settings.host} is open to the network and needs API keys, which are kept in a store; "
            "add store=learners.db, or stay on loopback behind something that asks who it is"
        )


def _store(settings: ServeSettings) -> "Database | None":
    """The store of the settings, with a first key made and shown if it has none."""
    if not settings.store:
        return None
    from lernpfad.serve.database import connect
    from lernpfad.serve.keys import SCOPES, Keys
    from lernpfad.serve.store import Store

    database = connect(settings.store)
    Store(database)
    if settings.auth == "key":
        key = Keys(database).first(now=time.time())
        if key is not None:
            print(f"API key for {', '.join(SCOPES)}, shown this once: {key}", file=sys.stderr, flush=True)
    return database


def _whole_number(key: str, text: str) -> int:
    low, high = _BOUNDS[key]
    if not (text.isascii() and text.isdigit() and len(text) < 12) or not low <= int(text) <= high:
        raise ConfigError(f"serve setting {key}={text}: expected a whole number from {low} to {high}")
    return int(text)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay (40 ms on a kept connection) off for sockets that say that they are TCP, no others
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as problem:
        listener.close()
        raise ConfigError(
            f"cannot listen on {host}:{port} ({problem.strerror or problem}); choose another host= or port="
        ) from problem
    return listener
