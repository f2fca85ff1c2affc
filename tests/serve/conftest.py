"""Every law of the store is held on both databases; PostgreSQL is a real one, or the test is skipped with a reason."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from lernpfad.serve.database import Database, connect
from serve.postgres import Server, why_not


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    if reason := why_not():
        pytest.skip(reason)
    running = Server()
    yield running
    running.remove()


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that does not exist yet."""
    if request.param == "sqlite":
        return str(tmp_path / "learners.db")
    running: Server = request.getfixturevalue("server")
    return running.fresh(f"t{uuid4().hex[:12]}")


@pytest.fixture
def opened(where: str) -> Iterator[Callable[[], Database]]:
    """Opens the store at `where`, as often as replicas are wanted."""
    databases: list[Database] = []

    def another() -> Database:
        databases.append(connect(where))
        return databases[-1]

    yield another
    for one in databases:
        one.close()


@pytest.fixture
def database(opened: Callable[[], Database]) -> Database:
    return opened()
