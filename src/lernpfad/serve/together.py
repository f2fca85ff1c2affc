"""Group commit: what waits for the one writer goes to the disk in one commit; each still succeeds or fails alone."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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

    def withdrawn(self, one: Waiting) -> bool:
        """Leave the line; False if its turn has come already."""
        try:
            self._waiting.remove(one)
        except ValueError:
            return False
        return True

    def taken(self) -> list[Waiting]:
        """The next ones, for whoever holds the writer's lock."""
        return [self._waiting.popleft() for _ in range(min(self.most, len(self._waiting)))]


def run(on: Transaction, jobs: Sequence[Waiting], *, everybodys: tuple[type[Exception], ...]) -> None:
    """All of them within one transaction, each in a savepoint, so that one's refusal leaves the others alone.

    everybodys: errors of the database itself, which are raised. Whoever calls commits, or rolls back what raises, and
    may begin anew with the same jobs.
    """
    for one in jobs:
        one.problem = None
        _tried(on, one, alone=len(jobs) == 1, everybodys=everybodys)


@contextmanager
def settling(jobs: Sequence[Waiting]) -> Iterator[None]:
    """Tell those who wait how their commit went, which is made within this; nothing of one that raises is on the disk.

    Each of them raises what was raised here, so only what stops the writer itself, such as an interrupt, goes on.
    """
    problem: BaseException | None = None
    try:
        yield
    except BaseException as raised:
        problem = raised
        if not isinstance(raised, Exception):
            raise
    finally:
        _settle(jobs, problem)


def _settle(jobs: Sequence[Waiting], problem: BaseException | None) -> None:
    for one in jobs:
        if problem is not None and one.problem is None:
            ours = isinstance(problem, Exception)
            one.problem = problem if ours else StoreError(BUSY, "the writer was interrupted; ask again")
        one.done = True


def _tried(on: Transaction, one: Waiting, *, alone: bool, everybodys: tuple[type[Exception], ...]) -> None:
    if alone:
        one.result = one.work(on)
        return
    on.execute("SAVEPOINT one")
    try:
        one.result = one.work(on)
    except everybodys:
        raise
    except Exception as problem:
        one.problem = problem
        on.execute("ROLLBACK TO SAVEPOINT one")
    on.execute("RELEASE SAVEPOINT one")
