"""API keys: made once, shown once, kept as salted hashes, good for some things, and if wanted for some time."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Final

from lernpfad.core import ConfigError, unknown_name
from lernpfad.serve.database import Database, Transaction

READ, WRITE, ERASE, ADMIN, WATCH = "read", "write", "erase", "admin", "watch"
SCOPES: Final = (READ, WRITE, ERASE, ADMIN, WATCH)
"""admin: switch to the fixed curriculum. watch: the metrics, which name nobody."""

_MARK: Final = "lp"
_NOBODY: Final = ("", "", "", None)
SECONDS_OF_A_DAY: Final = 86_400.0


@dataclass(frozen=True)
class Key:
    """A key that was recognised. id: may be shown and logged. scopes: what it may be used for.

    expires: seconds since the epoch, from when on it is refused; None for never.
    """

    id: str
    scopes: frozenset[str]
    expires: float | None = None


class Keys:
    """The keys of one store.

    A key is `lp_<id>_<secret>` with 256 random bits in the secret, which nobody can guess however fast the hash; so it
    is SHA-256 with a salt, and not a slow one that every request would pay for.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def first(self, *, now: float) -> str | None:
        """A key for everything if the store has none yet, also none revoked; else None. Two starts make one key."""
        key, row = _fresh(SCOPES)

        def work(on: Transaction) -> str | None:
            on.execute("INSERT INTO facts (name, value) VALUES ('first key', ?) ON CONFLICT (name) DO NOTHING", row[:1])
            # asked for and not counted: the work may be done again, see Database.write
            [first] = on.execute("SELECT value FROM facts WHERE name = 'first key'").fetchone()
            if first != row[0]:
                return None
            _insert(on, row, now=now)
            return key

        return self.database.write(work)

    def make(self, scopes: Collection[str], *, now: float, days: float | None = None) -> str:
        """A new key; this is the only time that it can be seen. days: until it is refused, None for no end."""
        for scope in scopes:
            if scope not in SCOPES:
                raise ConfigError(unknown_name("scope", scope, SCOPES))
        if not scopes:
            raise ConfigError(f"a key needs a scope; there are: {', '.join(SCOPES)}")
        key, row = _fresh(scopes)
        expires = None if days is None else now + days * SECONDS_OF_A_DAY
        self.database.write(lambda on: _insert(on, row, now=now, expires=expires))
        return key

    def revoke(self, name: str, *, now: float) -> None:
        """From now on the key with this id is refused."""
        query = "UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL"
        if not self.database.write(lambda on: on.execute(query, (now, name)).rowcount):
            raise ConfigError(unknown_name("key in use", name, [one.id for one in self.listed()]))

    def listed(self) -> list[Key]:
        """Keys in use, oldest first, those that have expired among them."""
        query = "SELECT id, scopes, expires FROM keys WHERE revoked IS NULL ORDER BY made, id"
        rows = self.database.read(lambda on: on.execute(query).fetchall())
        return [Key(name, frozenset(scopes.split()), expires) for name, scopes, expires in rows]

    def known(self, key: str, *, now: float) -> Key | None:
        """Whose key it is, or None, also from the moment on that it expires. Takes as long for an unknown key."""
        mark, _, rest = key.partition("_")
        name, _, secret = rest.partition("_")
        query = "SELECT salt, hash, scopes, expires FROM keys WHERE id = ? AND revoked IS NULL"
        usable = mark == _MARK and "\0" not in name
        row = self.database.read(lambda on: on.execute(query, (name if usable else "",)).fetchone())
        salt, expected, scopes, expires = row or _NOBODY
        same = hmac.compare_digest(_hash(salt, secret).encode(), expected.encode())
        in_time = expires is None or now < expires
        return Key(name, frozenset(scopes.split()), expires) if same and row and in_time else None


def _fresh(scopes: Collection[str]) -> tuple[str, tuple[str, str, str, str]]:
    name, salt, secret = token_hex(4), token_hex(16), token_urlsafe(32)
    ordered = " ".join(scope for scope in SCOPES if scope in scopes)
    return f"{_MARK}_{name}_{secret}", (name, salt, _hash(salt, secret), ordered)


def _insert(on: Transaction, row: tuple[str, str, str, str], *, now: float, expires: float | None = None) -> None:
    query = "INSERT INTO keys (id, salt, hash, scopes, made, expires) VALUES (?, ?, ?, ?, ?, ?)"
    on.execute(f"{query} ON CONFLICT (id) DO NOTHING", (*row, now, expires))


def _hash(salt: str, secret: str) -> str:
    return sha256(f"{salt}:{secret}".encode("utf-8", "surrogateescape")).hexdigest()
