"""How a fault in a file is told: one line that names file, line, reason and fix, and counts the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lernpfad.core import DataError, IntArray


def refuse_twins(file: Path, columns: Sequence[str]) -> None:
    """Refuse a table that has two columns of one name: which of them was meant?"""
    twice = [name for place, name in enumerate(columns) if name in columns[:place]]
    if twice:
        refuse(file, [], f"column '{twice[0]}' is there twice", fix="remove or rename one of them")


def refuse(file: Path, lines: Sequence[int] | IntArray, reason: str, *, fix: str, unit: str = "line") -> NoReturn:
    """Raise the DataError for the faults of one file; `lines` (from 1) are all lines with this reason, first first.

    unit: "line" in text, "row" in Parquet.
    """
    more = max(len(lines) - 1, 0)
    rest = f" (and {more} more bad {unit}{'s' if more > 1 else ''})" if more else ""
    where = f", {unit} {int(lines[0])}" if len(lines) else ""
    raise DataError(f"{file}{where}: {reason}; {fix}{rest}")
