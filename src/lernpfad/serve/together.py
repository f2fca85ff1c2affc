"""Group commit: what waits for the one writer goes to the disk in one commit; each still succeeds or fails alone."""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from lernpfad.serve.database import BUSY, StoreError, Transaction


class Waiting:
    """A piece of writing that waits. done: it is on the disk, or it failed."""

    def __init__(self, work: Callable[[Transaction], Any]) -> None:
        self.work = work
        self.done = False
        self.result: Any = None
        self.problem: BaseException | None = None

    def outcome(self) -> Any:
        """What the work returned; raises what it raised."""
        if self.problem is not None:
            raise self.problem
        return self.result


class Queue:
    """Pieces of writing in the order of their arrival. most: how many go into one commit; 1 for each its own."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._waiting: deque[Waiting] = deque()

    def add(self, work: Callable[[Transaction], Any]) -> Waiting:
        """Get in line."""
        one = Waiting(work)
        self._waiting.append(one)
        return one

    def taken(self) -> list[Waiting]:
        """The next ones, for whoever holds the writer's lock."""
        return [self._waiting.popleft() for _ in range(min(self.most, len(self._waiting)))]


def commit(connection: sqlite3.Connection, jobs: Sequence[Waiting]) -> None:
    """All of them in one transaction, each in a savepoint, so that one's refusal leaves the others alone."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for one in jobs:
            _tried(connection, one, alone=len(jobs) == 1)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def settle(jobs: Sequence[Waiting], problem: BaseException | None) -> None:
    """Tell those who wait how it went. problem: what kept the whole commit from the disk; nothing of it is there."""
    for one in jobs:
        if problem is not None and one.problem is None:
            ours = isinstance(problem, Exception)
            one.problem = problem if ours else StoreError(BUSY, "the writer was interrupted; ask again")
        one.done = True


def _tried(connection: sqlite3.Connection, one: Waiting, *, alone: bool) -> None:
    if alone:
        one.result = one.work(connection)
        return
    connection.execute("SAVEPOINT one")
    try:
        one.result = one.work(connection)
    except sqlite3.DatabaseError:
        raise  # the file's fault, so it is everybody's
    except Exception as problem:
        one.problem = problem
        connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")
