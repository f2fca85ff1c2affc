"""What a benchmark remembers: a JSON object a line for each finished run, and where its training run lies."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lernpfad.run import locks

RESULTS_FILE = "results.jsonl"

Line = dict[str, Any]


def read(path: Path) -> list[Line]:
    """All lines, the oldest first; none where there is no file yet."""
    return [json.loads(one) for one in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def finished(results: Path) -> dict[str, Line]:
    """The lines in a folder of results by the key of their cell."""
    return {line["key"]: line for line in read(results / RESULTS_FILE)}


def newest(results: Path, lanes: Iterable[str]) -> list[Line]:
    """The last line of every lane, model and run: settings that were changed since replace those before."""
    known = set(lanes)
    lines = read(results / RESULTS_FILE)
    return list({(one["lane"], one["model"], one["run"]): one for one in lines if one["lane"] in known}.values())


def append(results: Path, line: Line, *, lock: Path) -> None:
    """One more line, while no other process writes one."""
    with locks.alone(lock):
        results.mkdir(parents=True, exist_ok=True)
        with (results / RESULTS_FILE).open("a", encoding="utf-8") as out:
            out.write(json.dumps(line, allow_nan=False) + "\n")


def folder(home: Path, lane: str, model: str, run: int, key: str) -> Path:
    """Where a cell's training run lies below the benchmark's folder."""
    return home / lane / model / f"{run}-{key}"
