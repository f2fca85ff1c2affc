"""How the metrics of a bundle were measured: a few words and digests for each part, from what the runs recorded.

A record maps a condition to a number, a word or a digest, or to conditions of its own; None is what nobody recorded.
"""

import logging
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from lernpfad.core import World
from lernpfad.run import parts
from lernpfad.run.store import Fitted
from lernpfad.serve import files

log = logging.getLogger(__name__)

TRACER, RECOMMENDER, CLOSED_LOOP, WORST_WORLD = "tracer", "recommender", "closed_loop", "worst_world"
"""The parts of a manifest's metrics that a gate can name, and of the records."""

MEASURED: Final = "measured"
"""Entry of a manifest's provenance and of an evaluation: how it was measured."""

Conditions = dict[str, Any]

MATRIX_FILE: Final = "matrix.json"
"""Beside matrix.csv: how it was measured, and the sha256 of that file."""

_DIGITS: Final = 12
_SPLIT_FILE: Final = "split.json"
_PROMISES: Final = ("leaky", "by_learner", "cuts", "cold")
_RANKING: Final = ("history", "targets", "mask_seen", "ties")
_PEOPLE: Final = ("learners", "repeats", "past_weeks", "weeks", "rest")


def digest(value: Any) -> str:
    """Twelve hexadecimal digits over plain data: the same for equal values."""
    return sha256(files.canonical(files.jsonable(value))).hexdigest()[:_DIGITS]


def of_model(fitted: Fitted, *, ranks: bool = False) -> Conditions:
    """Data, split and test part of a fitted model's run. ranks: of a recommender, what was asked of it too."""
    path, facts = fitted.folder.parent / _SPLIT_FILE, fitted.facts
    split = files.read_json(path) if path.is_file() else {}
    known = facts.get("data_hash")
    found = {
        "data": facts.get("data"),
        "data_hash": str(known)[:_DIGITS] if known else None,
        "split": facts.get("split"),
        "test": _test(split),
    }
    return found | ({"ranking": _ranking(split.get("ranking"))} if ranks else {})


def of_closed_loop(config: Any, world: World[Any]) -> Conditions:
    """World, people, past and reference of a `lernpfad evaluate`."""
    plain, mark = parts.resolved(config), _fingerprint(world)
    return {
        "world": None if mark is None else f"{type(world).__name__} {mark}",
        "seed": plain["seed"],
        **{name: plain[name] for name in _PEOPLE},
        "past_policy": _named(plain["past_policy"]),
        "reference": _named(plain["policies"][plain["reference"]]),
    }


def of_matrix(config: Any, fingerprints: Mapping[str, str], *, oracles: Iterable[str]) -> Conditions:
    """Worlds, people, the log that parts learn from, and both ends of the scale, of a `lernpfad matrix`."""
    plain = parts.resolved(config)
    return {
        "worlds": dict(fingerprints),
        "seed": plain["seed"],
        "first_seed": plain["first_seed"],
        **{name: plain[name] for name in _PEOPLE},
        "logging": _named(plain["logging"]),
        "log": f"{digest(plain['log'])} of {plain['fitted_in']}",
        "reference": _named(plain["policies"][plain["reference"]]),
        "oracles": ", ".join(_named(plain["policies"][name]) for name in sorted(oracles)) or "none",
    }


def keep_matrix(table: Path, found: Conditions) -> Path:
    """Write the record of a `matrix.csv` beside it; returns its place."""
    place = table.with_name(MATRIX_FILE)
    files.write_json(place, files.jsonable({"csv_sha256": files.sha256(table), MEASURED: found}))
    return place


def read_matrix(table: Path) -> Conditions | None:
    """The record beside a `matrix.csv`; None if there is none, or if it is of another file."""
    place = table.with_name(MATRIX_FILE)
    kept = files.read_json(place) if place.is_file() else {}
    if kept.get("csv_sha256") != files.sha256(table):
        log.warning("matrix: no %s beside '%s' that is of this file; promote will not compare it", MATRIX_FILE, table)
        return None
    found: Conditions | None = kept.get(MEASURED)
    return found


def _test(split: Mapping[str, Any]) -> str | None:
    """The test part in words and a digest over its learners, rows and what of them is scored."""
    part = split.get("parts", {}).get("test")
    if part is None:
        return None
    mark = digest([part, *(split.get(name) for name in _PROMISES)])
    return f"{part['learners']} learners, {part['rows']} rows, {mark}"


def _ranking(protocol: Mapping[str, Any] | None) -> Conditions | None:
    """What moves a ranking metric; the lengths of lists are in the metrics' names."""
    return None if protocol is None else {name: protocol.get(name) for name in _RANKING}


def _named(settings: Mapping[str, Any]) -> str:
    """A policy's class and a digest of its settings."""
    return f"{str(settings.get('_target_')).rpartition('.')[2]} {digest(settings)}"


def _fingerprint(world: World[Any]) -> str | None:
    from lernpfad.simulate.fingerprint import fingerprint

    try:
        return fingerprint(world)
    except (TypeError, RecursionError) as problem:  # a world of one's own that holds a lock, say, or itself
        log.warning("%s; promote will not compare what is measured in this world", problem)
        return None
