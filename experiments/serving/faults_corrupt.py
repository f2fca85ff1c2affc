"""Faults inside the files of an SQLite store, at the start and while it runs: no wrong answer, no traceback."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from faults_server import READ, Running, kept, row

PAGE: Final = 4096
LEARNERS, ROWS = 20, 400
BATCH: Final = "/v1/learners/interactions/batch"
AT: Final = 1_800_000_000.0


def _overwritten(path: Path, first: int, last: int, content: bytes = b"\xa5") -> None:
    with path.open("r+b") as file:
        file.seek(first)
        file.write(content * (last - first))


def _header(path: Path) -> None:
    _overwritten(path, 0, 100)


def _middle(path: Path) -> None:
    _overwritten(path, path.stat().st_size // 2 // PAGE * PAGE, (path.stat().st_size // 2 // PAGE + 3) * PAGE)


def _every_tenth_tail(path: Path) -> None:
    """The second half of every page from the sixth on: heads of pages stay, so what is read seems whole."""
    for page in range(6, path.stat().st_size // PAGE):
        _overwritten(path, page * PAGE + PAGE // 2, (page + 1) * PAGE)


def _halved(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // PAGE * PAGE)


def _emptied(path: Path) -> None:
    os.truncate(path, 0)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _log_middle(path: Path) -> None:
    size = _log(path).stat().st_size
    _overwritten(_log(path), size // 3, size // 3 + 100)


def _log_header(path: Path) -> None:
    _overwritten(_log(path), 0, 32)


def _log_halved(path: Path) -> None:
    os.truncate(_log(path), _log(path).stat().st_size // 2)


def _log_removed(path: Path) -> None:
    _log(path).unlink()


DAMAGE: Final[dict[str, Callable[[Path], None]]] = {
    "header overwritten": _header,
    "three pages in the middle overwritten": _middle,
    "half of every page overwritten": _every_tenth_tail,
    "cut in half": _halved,
    "cut to nothing": _emptied,
    "log: 100 bytes overwritten": _log_middle,
    "log: header overwritten": _log_header,
    "log: cut in half": _log_halved,
    "log: removed": _log_removed,
}


def damaged(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Each damage to a store that was killed, before its next start; and to one that runs."""
    found: dict[str, Any] = {"fault": "damaged SQLite files"}
    for running in (False, True):
        for name, harm in DAMAGE.items():
            where = folder / f"{'running' if running else 'start'}-{name.replace(' ', '-').replace(':', '')}" / "l.db"
            found[f"{name}, {'while running' if running else 'before the start'}"] = _one(
                bundle, where, harm, running=running
            )
            yield found


def _one(bundle: Path, where: Path, harm: Callable[[Path], None], *, running: bool) -> dict[str, Any]:
    server = Running(bundle, str(where))
    acknowledged, right = _filled(server)
    if not harm.__name__.startswith("_log"):  # a stop in good order brings all of it from the log into the file
        server.stop()
        assert server.start()
        assert server.ask(READ, {"learner": "somebody"})[0] == 200
    if not running:
        server.stop(signal.SIGKILL)
    harm(where)
    up = running or server.start()
    found: dict[str, Any] = {"started": up}
    if up:
        found |= _compared(server, right)
        found["ready"] = server.ask("/v1/ready")[0]
        status, _ = server.ask("/v1/learners/interactions", row("late-0"))
        if status == 200:
            acknowledged.add("late-0")
        found["write"] = status
    else:
        found["exit code"] = server.process.poll()
    server.stop()
    found |= {"log": server.log(), "tracebacks": server.tracebacks()}
    return found | _counted(where, acknowledged)


def _filled(server: Running) -> tuple[set[str], dict[str, Any]]:
    """Ids that were acknowledged, one write each for the last of them; what is right to answer of each learner."""
    names = [f"d-{n}" for n in range(LEARNERS * ROWS)]
    for first in range(0, len(names), 1000):
        assert server.ask(BATCH, {"interactions": [row(name) for name in names[first : first + 1000]]})[0] == 200
    right = {}
    for n in range(LEARNERS):
        right[f"learner-{n}"] = _core(server.ask(READ, {"learner": f"learner-{n}", "k": 5, "at": AT})[1])
    return set(names), right


def _core(answer: Any) -> str:
    kept = {name: answer[name] for name in ("items", "debt", "covers")} if "items" in answer else answer["detail"]
    return json.dumps(kept, sort_keys=True)


def _compared(server: Running, right: dict[str, Any]) -> dict[str, Any]:
    counts = {"answers right": 0, "answers wrong": 0, "refused 503": 0, "refused otherwise": 0}
    for learner, expected in right.items():
        status, answer = server.ask(READ, {"learner": learner, "k": 5, "at": AT})
        if status == 200:
            counts["answers right" if _core(answer) == expected else "answers wrong"] += 1
        else:
            counts["refused 503" if status == 503 else "refused otherwise"] += 1
    time.sleep(0)
    return counts


def _counted(where: Path, acknowledged: set[str]) -> dict[str, Any]:
    try:
        return kept(str(where), acknowledged)
    except Exception as problem:
        return {"read afterwards": f"{type(problem).__name__}: {problem}".replace(str(where.parent), "...")[:200]}
