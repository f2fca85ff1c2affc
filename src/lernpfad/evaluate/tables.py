"""Numbers as people read them: rows to aligned text, Markdown and CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

UNDEFINED: Final = "–"


def number(value: float, digits: int = 2) -> str:
    """A figure, or a dash where it is undefined."""
    return UNDEFINED if value != value else f"{value:z.{digits}f}"


def interval(low: float, high: float, digits: int = 2) -> str:
    """An interval, or a dash where it is undefined."""
    return UNDEFINED if low != low or high != high else f"{number(low, digits)} to {number(high, digits)}"


def percent(value: float, digits: int = 0) -> str:
    """A share in percent, or a dash where it is undefined."""
    return UNDEFINED if value != value else f"{100 * value:z.{digits}f} %"


def text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Aligned columns for a terminal: the first column to the left, the others to the right."""
    if not rows:
        return ""
    lines = [list(rows[0]), *[[str(cell) for cell in row.values()] for row in rows]]
    widths = [max(len(line[c]) for line in lines) for c in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("  ".join(_aligned(line, widths)).rstrip() for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = [(cell, width) for cell, width in zip(line, widths, strict=True)]
    return [first[0].ljust(first[1]), *[cell.rjust(width) for cell, width in others]]


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A Markdown table: the first column to the left, the others to the right."""
    if not rows:
        return ""
    columns = list(rows[0])
    rule = [":--"] + ["--:"] * (len(columns) - 1)
    lines = [columns, rule, *[[str(row[column]).replace("|", "\\|") for column in columns] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """CSV with a header; what is None stays empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
