"""Figures of a manifest as rows for tables, rounded alike wherever they are printed."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lernpfad.serve.manifest import Manifest

Rows = list[dict[str, Any]]

BY: Final = "by "
"""What the names of tables by subgroup begin with."""


def by_group(manifest: Manifest) -> dict[str, Rows]:
    """The tables by subgroup, by dimension."""
    return {name.removeprefix(BY): rows for name, rows in row_tables(manifest.metrics).items() if name.startswith(BY)}


def row_tables(metrics: Mapping[str, Any]) -> dict[str, Rows]:
    """The metrics that are tables: lists of rows."""
    return {name: list(value) for name, value in metrics.items() if isinstance(value, list) and value}


def flat(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The metrics that are numbers or words, by their place: "tracer/auc"."""
    for key, value in metrics.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}/")
        elif not isinstance(value, list):
            yield prefix + key, value


def shown(rows: Rows) -> Rows:
    """Rows with their numbers as people read them: four digits; a dash for what is undefined."""
    return [{key: figure(value) for key, value in row.items()} for row in rows]


def figure(value: Any) -> str:
    """One cell."""
    if value is None or value != value:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
