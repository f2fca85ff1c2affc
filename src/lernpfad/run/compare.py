"""After the runs: every model beside the lane's reference on the same learners, and what else its kind compares."""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from lernpfad.run import kinds, lines, locks, suite
from lernpfad.run.kinds import Entrant

log = logging.getLogger(__name__)

COMPARISONS_FILE: Final = "comparisons.jsonl"

Group: TypeAlias = tuple[str, int]
"""A lane and one of its runs."""


def write(config: Any, folder: Path, results: Path) -> None:
    """Comparisons of every lane and run whose training runs lie in `folder`, into the comparisons' file.

    What was compared before stays where what some of its models left is not at hand: it is large and need not be kept.
    """
    path, lanes, kind = results / COMPARISONS_FILE, suite.lanes(config), kinds.of(config)
    for group, asked in _groups(lines.newest(results, lanes)).items():
        lane, places = lanes[group[0]], {line["model"]: _place(folder, line) for line in asked}
        there = [line for line in asked if kind.kept(places[line["model"]])]
        mark = _mark(group, there, lane, config.resamples)
        before = read(path).get(group)
        if len(there) < 2 or (before and (before["key"] == mark or not _as_wide(before, there))):
            continue
        log.info("comparing %d models of lane %s, run %d", len(there), *group)
        found = {line["model"]: Entrant(line, places[line["model"]]) for line in there}
        where = "lane {}, run {}".format(*group)
        compared = kind.compared(lane, found, where=where, resamples=config.resamples)
        with locks.alone(results / lines.LOCK_FILE):
            known = {**read(path), group: {"lane": group[0], "run": group[1], "key": mark, **compared}}
            lines.write(path, [one for _, one in sorted(known.items())])


def read(path: Path) -> dict[Group, dict[str, Any]]:
    """Comparisons by lane and run."""
    return {(one["lane"], one["run"]): one for one in lines.read(path)}


def _groups(found: Sequence[lines.Line]) -> dict[Group, list[lines.Line]]:
    groups: dict[Group, list[lines.Line]] = {}
    for line in found:
        groups.setdefault((line["lane"], line["run"]), []).append(line)
    return groups


def _mark(group: Group, there: Sequence[lines.Line], lane: suite.Lane, resamples: int) -> str:
    """What a comparison depends on, as a hash."""
    whole = [*group, sorted(line["key"] for line in there), lane.reference, resamples, *lane.shown]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[:16]


def _as_wide(before: Mapping[str, Any], there: Sequence[lines.Line]) -> bool:
    """Whether all that was compared before is at hand again."""
    return set(before["models"]) <= {line["model"] for line in there}


def _place(home: Path, line: lines.Line) -> Path:
    return lines.folder(home, line["lane"], line["model"], line["run"], line["key"])
