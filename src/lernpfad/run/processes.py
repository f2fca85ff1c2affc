"""The command that runs, once more in processes beside it, each with a number of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

_ONLY_ONCE = ("workers", "worker")


@contextmanager
def beside(command: str, numbers: Iterable[int], *, env: Mapping[str, str]) -> Iterator[Callable[[], list[int]]]:
    """`lernpfad <command>` with the same overrides and worker=<number> for each of the numbers, while inside.

    Gives a function that waits for them and returns their exit codes; what still runs at the end is stopped.
    env: further environment variables.
    """
    words = [word for word in sys.argv[1:] if word.lstrip("+").partition("=")[0] not in _ONLY_ONCE]
    start = [sys.executable, "-m", "lernpfad", command, "workers=1"]
    others = [subprocess.Popen([*start, f"worker={n}", *words], env={**os.environ, **env}) for n in numbers]
    try:
        yield lambda: [one.wait() for one in others]
    finally:
        for one in others:
            if one.poll() is None:
                one.terminate()


def room(*, cores: int, memory: int) -> int:
    """How many processes the machine has room for now, one at least; each takes `cores`, and `memory` bytes."""
    try:
        there = len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        there = os.cpu_count() or 1
    free = _free_memory()
    return max(1, min(there // cores, free // memory if free is not None else there))


def _free_memory() -> int | None:
    """Bytes that a new process may have, where the system tells (Linux)."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            told = dict(line.split(":", 1) for line in lines)
        return int(told["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
