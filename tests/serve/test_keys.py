"""Keys are shown once, kept as hashes, good for what they were made for, and held to their rate."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lernpfad.core import ConfigError
from lernpfad.serve.database import Database
from lernpfad.serve.guard import Buckets
from lernpfad.serve.keys import SCOPES, Keys
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store

NOW = 1_770_000_000.0


@pytest.fixture
def keys(database: Database) -> Keys:
    Store(database)
    return Keys(database)


def test_the_first_key_is_made_once(keys: Keys, opened: Callable[[], Database]) -> None:
    first = keys.first(now=NOW)
    assert first is not None
    assert keys.known(first, now=NOW) is not None
    assert keys.known(first, now=NOW).scopes == set(SCOPES)  # type: ignore[union-attr]
    assert keys.first(now=NOW) is None
    assert Keys(opened()).first(now=NOW) is None
    keys.revoke(first.split("_")[1], now=NOW)
    assert keys.first(now=NOW) is None  # whoever revoked the last one makes the next one on purpose


def test_a_key_is_good_for_its_scopes_until_it_is_revoked(keys: Keys) -> None:
    key, other = keys.make(["write", "read"], now=NOW), keys.make(["erase"], now=NOW + 1)
    found = keys.known(key, now=NOW)
    assert found is not None
    assert found.scopes == {"read", "write"}
    assert [one.scopes for one in keys.listed()] == [{"read", "write"}, {"erase"}]
    keys.revoke(found.id, now=NOW)
    assert keys.known(key, now=NOW) is None
    assert keys.known(other, now=NOW) is not None
    assert len(keys.listed()) == 1
    with pytest.raises(ConfigError, match=f"no key in use named '{found.id}'"):
        keys.revoke(found.id, now=NOW)


def test_whatever_is_not_a_key_is_nobody(keys: Keys) -> None:
    key = keys.make(["read"], now=NOW)
    mark, name, secret = key.split("_", 2)
    wrong = ["", "_", "lp__", f"lp_{name}_", f"lp_{name}", f"xx_{name}_{secret}", key[:-1], key + "x", key.upper()]
    for given in [*wrong, f"{mark}_{name}_{secret[::-1]}", "lp_\0_x", "lp_ä_ö", "lp_' OR 1=1 --_x", "lp_%s_?"]:
        assert keys.known(given, now=NOW) is None, given
    assert keys.known(key, now=NOW) is not None


def test_a_key_is_not_in_the_files(tmp_path: Path) -> None:
    database = Sqlite(tmp_path / "l.db")
    Store(database)
    secret = Keys(database).make(["read"], now=NOW).split("_", 2)[2]
    database.scrub()
    assert secret.encode() not in b"".join(one.read_bytes() for one in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("scopes", "message"), [(["raed"], "no scope named 'raed'; did you mean 'read'?"), ([], "a key needs a scope")]
)
def test_a_scope_that_does_not_exist_is_refused(keys: Keys, scopes: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        keys.make(scopes, now=NOW)
    assert message in str(refused.value)
    assert keys.listed() == []


def test_a_bucket_by_hand() -> None:
    """Two a second, four at once after a silence; a refused request costs nothing."""
    moment = [0.0]
    buckets = Buckets(2.0, clock=lambda: moment[0])
    assert [buckets.wait("a") for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert buckets.wait("a") == 0.5
    assert buckets.wait("b") == 0.0  # each key has its own
    moment[0] = 0.25
    assert buckets.wait("a") == 0.25
    moment[0] = 0.5
    assert [buckets.wait("a") for _ in range(2)] == [0.0, 0.5]
    moment[0] = 100.0
    assert [buckets.wait("a") > 0 for _ in range(5)] == [False, False, False, False, True]
