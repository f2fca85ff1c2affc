"""Were champion and challenger measured alike, where a gate compares them? Pure: two manifests' records in."""

from collections.abc import Mapping
from typing import Any, Final

from lernpfad.run.conditions import CLOSED_LOOP, MEASURED, RECOMMENDER, TRACER, WORST_WORLD
from lernpfad.run.gates import Gate, number
from lernpfad.run.tracking import flattened
from lernpfad.serve.manifest import Manifest

_DATA: Final = ("data_hash", "split", "test")
_NEEDED: Final = {
    TRACER: _DATA,
    RECOMMENDER: (*_DATA, "ranking"),
    CLOSED_LOOP: ("world", "seed", "learners", "weeks", "reference"),
    WORST_WORLD: ("worlds", "first_seed", "learners", "weeks", "reference", "oracles"),
}
"""Conditions without which a record is none."""

_COMMAND: Final = {TRACER: "train", RECOMMENDER: "train", CLOSED_LOOP: "evaluate", WORST_WORLD: "matrix"}
_SAME: Final = {
    TRACER: "train both on the same data and split",
    RECOMMENDER: "train both on the same data and split, with the same ranking_ settings",
    CLOSED_LOOP: "evaluate both in the same world, with the same people and weeks",
    WORST_WORLD: "run lernpfad matrix for both with the same worlds and people",
}
_SHOWN: Final = 3
"""Differences that a message tells of; the others are counted."""


def unlike(gates: Mapping[str, Gate], champion: tuple[str, Manifest], challenger: tuple[str, Manifest]) -> list[str]:
    """Why gates cannot compare two versions, a clause for each part of the metrics; nothing if all can.

    gates: by name. champion, challenger: number and manifest. Gates of which a side has no figure compare nothing.
    """
    named: dict[str, list[str]] = {}
    for name, gate in gates.items():
        if all(number(manifest.metrics, gate.metric) is not None for _, manifest in (champion, challenger)):
            named.setdefault(gate.metric.partition("/")[0], []).append(name)
    found = {part: _why(part, champion, challenger) for part in named}
    return [f"{_listed(named[part])}: {why}" for part, why in found.items() if why is not None]


def _why(part: str, champion: tuple[str, Manifest], challenger: tuple[str, Manifest]) -> str | None:
    for version, manifest in (champion, challenger):
        lacking = _lacking(part, _record(manifest, part))
        if lacking is not None:
            again = f"; export it again, from a lernpfad {_COMMAND[part]} of this version" if part in _COMMAND else ""
            return f"version {version} does not say how its {part} was measured{lacking}{again}"
    mine, theirs = _record(challenger[1], part), _record(champion[1], part)
    apart = [key for key in (mine | theirs) if mine.get(key) != theirs.get(key)]
    if not apart:
        return None
    told = [f"{key} is {mine.get(key)}, the champion's {theirs.get(key)}" for key in apart[:_SHOWN]]
    more = [f"{len(apart) - _SHOWN} more"] if len(apart) > _SHOWN else []
    return f"{part} was not measured alike ({'; '.join(told + more)}); {_SAME[part]}, and export again"


def _record(manifest: Manifest, part: str) -> dict[str, Any]:
    """The conditions of a part by dotted key, {} where there are none."""
    every = manifest.provenance.get(MEASURED)
    mine = every.get(part) if isinstance(every, Mapping) else None
    return dict(flattened(mine)) if isinstance(mine, Mapping) else {}


def _lacking(part: str, record: Mapping[str, Any]) -> str | None:
    """What a record lacks, in brackets; "" if there is no record at all, None if it is whole."""
    if not record or part not in _NEEDED:
        return ""
    there = {key.partition(".")[0] for key, value in record.items() if value is not None}
    unknown = [key for key, value in record.items() if value is None]
    missing = [*(key for key in _NEEDED[part] if key not in there and key not in unknown), *unknown]
    return f" (no {', '.join(missing)})" if missing else None


def _listed(names: list[str]) -> str:
    return f"gate{'s' if len(names) > 1 else ''} {', '.join(names)}"
