"""Lines and lists of whole numbers, read column-wise; a token that is none is refused with its line."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, TypeAlias

import numpy as np

from lernpfad.core import Array, DataError, IntArray
from lernpfad.data.faults import refuse, refuse_twins
from lernpfad.data.files import Raw

LineOf: TypeAlias = Callable[[IntArray], IntArray]
"""From the index of a record to its line in the file."""


def lines(raw: Raw) -> list[str]:
    """The lines of a text file without their ends, less blank ones at the end of the file; it has to be UTF-8."""
    try:
        text = raw.content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.content[: problem.start].count(b"\n") + 1
        refuse(raw.path, [line], "this is not UTF-8 text", fix="save the file as UTF-8")
    text = text.replace("\r\n", "\n").rstrip("\n")
    return text.split("\n") if text else []


def records(raw: Raw, columns: tuple[str, ...], *, delimiter: str) -> dict[str, Any]:
    """Columns of a table with a header, as pyarrow string arrays; record r stands in line r + 2.

    A missing column, or a line with another number of fields, is refused.
    """
    there = _header(raw, delimiter=delimiter)
    for column in columns:
        if column not in there:
            reason = f"no column '{column}' in '{delimiter.join(there)}'"
            refuse(raw.path, [1], reason, fix=f"expected {', '.join(columns)}")
    table = _table(raw, delimiter=delimiter, strings=there)
    return {name: table[name].combine_chunks() for name in columns}


def frame(raw: Raw, *, strings: tuple[str, ...]) -> Any:
    """A csv table as a pandas frame; row r stands in line r + 2. Columns in `strings` stay text, others find a type."""
    return _table(raw, delimiter=",", strings=strings).to_pandas()


def _header(raw: Raw, *, delimiter: str) -> list[str]:
    first = raw.content.split(b"\n", 1)[0].decode("utf-8-sig", "replace").strip("\r")
    return [column.strip('"') for column in first.split(delimiter)]


def _table(raw: Raw, *, delimiter: str, strings: Sequence[str]) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    bad: list[tuple[int, int, int]] = []

    def remember(row: Any) -> str:
        bad.append((row.number, row.expected_columns, row.actual_columns))
        return "skip"

    lines(raw)  # refuses what is not UTF-8
    try:
        table = csv.read_csv(
            BytesIO(raw.content.rstrip(b"\r\n") + b"\n"),
            read_options=csv.ReadOptions(use_threads=False),  # with threads, bad lines have no numbers
            parse_options=csv.ParseOptions(delimiter=delimiter, invalid_row_handler=remember, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(strings, pa.string())),
        )
    except pa.ArrowInvalid as problem:
        what = str(problem).splitlines()[0]
        raise DataError(f"{raw.path}: not a readable table ({what}); save it as text, one record a line") from problem
    refuse_twins(raw.path, table.column_names)
    if bad:
        reason = f"{bad[0][2]} fields, expected {bad[0][1]}"
        refuse(raw.path, [number for number, _, _ in bad], reason, fix="mend or remove it")
    return table


def whole(raw: Raw, column: Any, *, name: str, line_of: LineOf) -> IntArray:
    """A pyarrow string array as whole numbers >= 0, `[n]`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    good = pc.fill_null(pc.match_substring_regex(column, r"^[0-9]{1,18}$"), False)
    bad = np.flatnonzero(~good.to_numpy(zero_copy_only=False))
    if len(bad):
        reason = f"{name} is '{column[int(bad[0])].as_py() or ''}', expected a whole number from 0"
        refuse(raw.path, np.unique(line_of(bad)), reason, fix="mend the number or remove the record")
    values: IntArray = pc.cast(column, pa.int64()).to_numpy(zero_copy_only=False)
    return values


def lists(raw: Raw, column: Any, *, name: str, separator: str, line_of: LineOf) -> tuple[IntArray, IntArray]:
    """Lists of whole numbers, one string each: all values, `[sum of lengths]`, and the lengths, `[n]`."""
    import pyarrow.compute as pc

    split = pc.split_pattern(column, separator)
    lengths: Array = pc.list_value_length(split).to_numpy(zero_copy_only=False)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    return whole(raw, pc.list_flatten(split), name=name, line_of=lambda bad: line_of(owner[bad])), lengths


def same_lengths(raw: Raw, lengths: dict[str, IntArray], *, line_of: LineOf) -> None:
    """Refuse records whose parallel lists differ in length."""
    (first, expected), *others = lengths.items()
    for name, found in others:
        bad = np.flatnonzero(found != expected)
        if len(bad):
            reason = f"{found[bad[0]]} {name}, but {expected[bad[0]]} {first}"
            refuse(raw.path, line_of(bad), reason, fix="every answer needs all of its fields")


def binary(raw: Raw, values: IntArray, *, name: str, line_of: LineOf) -> None:
    """Refuse answers other than 0 and 1."""
    bad = np.flatnonzero(values > 1)
    if len(bad):
        reason = f"{name} is {values[bad[0]]}, expected 0 or 1"
        refuse(raw.path, np.unique(line_of(bad)), reason, fix="mend the answer or remove the record")


def once(raw: Raw, ids: Array, *, line_of: LineOf) -> None:
    """Refuse a learner who comes a second time."""
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    bad = np.flatnonzero(first[inverse] != np.arange(len(ids)))
    if len(bad):
        earlier = int(line_of(first[inverse[bad[:1]]])[0])
        reason = f"learner '{ids[bad[0]]}' was already in line {earlier}"
        refuse(raw.path, line_of(bad), reason, fix="put all rows of a learner together")
