"""The server's clock jumps: a day back, a year on, and right again."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from faults_server import READ, WROTE, Running, kept, row

from lernpfad.serve.database import connect
from lernpfad.serve.keys import Keys

DAY, YEAR = 86_400.0, 365 * 86_400.0
JUMPS: Final = {"right": 0.0, "a day back": -DAY, "a year on": YEAR, "right again": 0.0}
RATE, BURST = 20, 60
PATCH: Final = """
import os, time
_real = time.time
time.time = lambda: _real() + float(open(os.environ["CLOCK_OFFSET"]).read())
"""


def jumps(bundle: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """The same questions under each clock; the process and its store stay."""
    where, offset = folder / "clock" / "learners.db", folder / "offset"
    (folder / "patched").mkdir()
    (folder / "patched" / "sitecustomize.py").write_text(PATCH)
    offset.write_text("0")
    paths = f"{folder / 'patched'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    env = {"PYTHONPATH": paths, "CLOCK_OFFSET": str(offset)}
    found: dict[str, Any] = {"fault": "the server's clock jumps"}
    with Running(bundle, str(where), env=env, keyed=True, words=(f"rate={RATE}",)) as server:
        database = connect(str(where))
        month = Keys(database).make(["read", "write"], now=time.time(), days=30)
        acknowledged: set[str] = set()
        for n, (name, by) in enumerate(JUMPS.items()):
            offset.write_text(str(by))
            time.sleep(2.5)  # the bucket is full
            found[name] = _asked(server, month, n, acknowledged)
        made = database.read(lambda on: on.execute("SELECT made FROM decisions ORDER BY number").fetchall())
        found["decisions in order of their numbers"] = [round((at - time.time()) / DAY) for (at,) in made]
        database.close()
        found |= {"log": server.log(), "tracebacks": server.tracebacks(), **kept(str(where), acknowledged)}
        yield found
    replayed = os.popen(f"{os.sys.executable} -m lernpfad serve replay store={where} bundle={bundle}")  # type: ignore[attr-defined]
    found["replay"] = replayed.read().strip()
    yield found


def _asked(server: Running, month: str, n: int, acknowledged: set[str]) -> dict[str, Any]:
    name = f"c-{n}"
    new = row(name, learner="lea") | {"time": time.time() + n}
    status, _ = server.ask(WROTE, new)
    acknowledged |= {name} if status == 200 else set()
    again, repeated = server.ask(WROTE, new)
    read, answer = server.ask(READ, {"learner": "lea", "k": 3})
    statuses = [server.ask("/v1/bundle")[0] for _ in range(BURST)]
    return {
        "write": status,
        "the same again": [again, repeated.get("repeated")],
        "next items": read,
        "answered for (days from now)": round((answer.get("at", 0.0) - time.time()) / DAY),
        "covers": answer.get("covers"),
        "key of 30 days": server.ask("/v1/bundle", headers={"authorization": f"Bearer {month}"})[0],
        "of a burst of 60 let through (rate 20, twice as many at once)": statuses.count(200),
        "retry-after at most": 1 if 429 in statuses else None,
    }
