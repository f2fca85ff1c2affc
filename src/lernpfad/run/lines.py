"""What a benchmark remembers: a JSON object a line for each finished run, and where its training run lies."""

import json
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.run import locks

RESULTS_FILE, LOCK_FILE = "results.jsonl", ".results.lock"

DIGITS = 6
"""Of a number in a line."""

Line = dict[str, Any]


def read(path: Path) -> list[Line]:
    """All lines, the oldest first; none where there is no file yet. What a killed process left half written is none.

    ConfigError, with the number of the line, for any other that is not JSON.
    """
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    found = []
    for number, one in enumerate(whole.splitlines(), start=1):
        try:
            found.append(json.loads(one))
        except ValueError as problem:
            raise ConfigError(f"'{path}', line {number}, is not JSON ({problem}); take the line out") from problem
    return found


def write(path: Path, lines: Iterable[Line]) -> None:
    """The lines as the whole file; whoever reads meanwhile finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    draft.write_text("".join(json.dumps(one, allow_nan=False) + "\n" for one in lines), encoding="utf-8")
    draft.replace(path)


def finished(results: Path) -> dict[str, Line]:
    """The lines in a folder of results by the key of their cell."""
    return {line["key"]: line for line in read(results / RESULTS_FILE)}


def newest(results: Path, lanes: Iterable[str]) -> list[Line]:
    """The last line of every lane, model and run: settings that were changed since replace those before."""
    known = set(lanes)
    lines = read(results / RESULTS_FILE)
    return list({(one["lane"], one["model"], one["run"]): one for one in lines if one["lane"] in known}.values())


def append(results: Path, line: Line) -> None:
    """One more line, while no other process writes one."""
    path = results / RESULTS_FILE
    with locks.alone(results / LOCK_FILE):
        half = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
        with path.open("a", encoding="utf-8") as out:
            out.write(("\n" if half else "") + json.dumps(line, allow_nan=False) + "\n")


def folder(home: Path, lane: str, model: str, run: int, key: str) -> Path:
    """Where a cell's training run lies below the benchmark's folder."""
    return home / lane / model / f"{run}-{key}"


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    """Numbers as a line keeps them."""
    return {name: round(float(value), DIGITS) for name, value in values.items()}
