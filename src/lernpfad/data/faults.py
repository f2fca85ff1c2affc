"""How a fault in a file is told: one line that names file, line, reason and fix, and counts the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lernpfad.core import DataError, IntArray


def refuse(file: Path, lines: Sequence[int] | IntArray, reason: str, *, fix: str, unit: str = "line") -> NoReturn:
    """Raise the DataError for the faults of one file; `lines` (from 1) are all lines with this reason, first first.

    unit: "line" in text, "row" in Parquet.
    """
    more = max(len(lines) - 1, 0)
    rest = f" (and {more} more bad {unit}{'s' if more > 1 else ''})" if more else ""
    where = f", {unit} {int(lines[0])}" if len(lines) else ""
    raise DataError(f"{file}{where}: {reason}; {fix}{rest}")
