"""A learner who is erased while others post about her: what was acknowledged is there, what was erased is not."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from lernpfad.serve import statements
from lernpfad.serve.database import Database, Transaction
from lernpfad.serve.store import Interaction, Recorded, Store
from lernpfad.serve.xapi import statement
from serve.stack import START
from serve.web import NOW, STATEMENT


class Paused(Store):
    """Stands still for a moment where an erasure holds the learner and has deleted nothing yet."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.holds = Event()

    def locked(self, on: Transaction, pseudonym: str, *, create: bool) -> tuple[int | None, int]:
        found = super().locked(on, pseudonym, create=create)
        self.holds.set()
        time.sleep(0.5)
        return found


def row(name: str) -> tuple[str, Interaction]:
    return "lea", Interaction(name, "i1", 1, True, None, START)


def while_erased(opened: Callable[[], Database], post: Callable[[Store], Recorded]) -> tuple[Store, Recorded]:
    """Another replica posts while one erases."""
    erasing, posting = Paused(opened()), Store(opened())
    with ThreadPoolExecutor(1) as pool:
        erased = pool.submit(erasing.erase, "lea", now=NOW)
        assert erasing.holds.wait(10)
        recorded = post(posting)
        erased.result(20)
    return posting, recorded


@pytest.mark.parametrize("before", [0, 1])
def test_an_interaction_that_was_acknowledged_is_there(opened: Callable[[], Database], before: int) -> None:
    Store(opened()).record([row(f"old-{n}") for n in range(before)], now=NOW)
    store, recorded = while_erased(opened, lambda store: store.record([row("new")], now=NOW))
    assert recorded == Recorded(stored=1, repeated=0)
    assert len(store.known("lea").rows) == 1
    assert store.record([row("new")], now=NOW) == Recorded(stored=0, repeated=1)


def test_a_statement_that_was_acknowledged_is_there_and_can_be_erased(opened: Callable[[], Database]) -> None:
    Store(opened()).record([row("old")], now=NOW)
    posted = [statement(STATEMENT, "statement", now=NOW)]
    store, recorded = while_erased(opened, lambda store: statements.keep(store, posted, now=NOW, batch=False))
    assert recorded == Recorded(stored=1, repeated=0)
    assert len(store.known("lea").rows) == 1
    assert store.erase("lea", now=NOW).interactions == 1
    left = store.database.read(lambda on: on.execute("SELECT COUNT(*) FROM statements").fetchone()[0])
    assert left == 0
