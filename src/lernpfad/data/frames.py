"""Tables on disk, Parquet (whole or in parts) or CSV, as checked frames that know the line of every row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import Array, DataError, IntArray
from lernpfad.data import schema, text
from lernpfad.data.faults import refuse, refuse_twins
from lernpfad.data.files import Raw, existing_folder, find, load

REQUIRED = ("interactions", "items")
FORMATS = ("parquet", "csv")
COMPRESSION = "zstd"


@dataclass(frozen=True, eq=False)
class Frame:
    """One checked table. frame: a pandas frame indexed by line. unit: "line" (CSV) or "row" (Parquet)."""

    frame: Any
    file: Path
    unit: str

    def __len__(self) -> int:
        return len(self.frame)

    def __contains__(self, column: str) -> bool:
        return column in self.frame.columns

    @property
    def lines(self) -> IntArray:
        """Line (or row) of the file behind each row."""
        numbers: IntArray = self.frame.index.to_numpy()
        return numbers

    def text(self, column: str) -> list[str]:
        """A column of ids; an empty cell is ''."""
        return [str(one) for one in self.frame[column].fillna("").tolist()]

    def column(self, name: str) -> Array:
        """A column as numbers, booleans or strings, `[rows]`."""
        series = self.frame[name]
        if series.dtype.kind in "biufM":
            numbers: Array = series.to_numpy()
            return numbers
        if not len(series) and series.dtype == object:
            return np.empty(0)  # a CSV without rows does not say what its cells would have been
        return np.asarray(self.text(name), dtype=np.str_)

    def index(self, column: str, known: Mapping[str, int], *, what: str) -> IntArray:
        """A column of ids as indices, `[rows]`; an id that is not known is refused."""
        import pandas as pd

        codes, ids = pd.factorize(self.frame[column].fillna(""))
        table = np.asarray([known.get(str(one), -2) for one in ids], dtype=np.int64)
        index = table[codes] if len(codes) else np.empty(0, dtype=np.int64)
        bad = np.flatnonzero(index == -2)
        if len(bad):
            reason = f"{column} '{self.frame[column].iloc[bad[0]]}' is not in table '{what}s'"
            refuse(self.file, self.lines[bad], reason, fix=f"add the {what} there, or mend the id", unit=self.unit)
        return index


def frames(folder: str | Path, *, sha256: Mapping[str, str] | None = None, part: str | None = None) -> dict[str, Frame]:
    """All tables that the folder holds, by name, checked against the schema; of those in parts all, or one `part`."""
    path = existing_folder(folder)
    found: dict[str, Frame] = {}
    for table in schema.NAMES:
        there = [f"{table}.{form}" for form in FORMATS if find(path, f"{table}.{form}")]
        there += [f"{table}/"] if parts(path, table) else []
        if len(there) > 1:
            raise DataError(f"{path}: both {there[0]} and {there[1]} are here; keep one of them")
        if there:
            found[table] = _checked(path, there[0], table, sha256=sha256, part=part)
        elif table in REQUIRED:
            raise DataError(f"{path / table}.parquet: no such file, nor {table}.csv; a data set needs this table")
    return found


def parts(folder: Path, table: str) -> list[str]:
    """Names of the parts of a table, in their order; none where it is one file, or not there."""
    return sorted(one.stem for one in (folder / table).glob("[!.]*.parquet"))


def _checked(path: Path, name: str, table: str, *, sha256: Mapping[str, str] | None, part: str | None) -> Frame:
    if name.endswith("/"):
        names = [f"{name}{one}.parquet" for one in parts(path, table) if part in (None, one)]
    else:
        names = [name]
    raws = [load(path, one, sha256=sha256) for one in names]
    frame, unit = _csv(raws[0], table) if name.endswith(".csv") else _parquet(raws)
    file = raws[0].path if len(raws) == 1 else path / table
    return Frame(schema.checked(frame, table, file=file, unit=unit), file, unit)


def save(tables: Mapping[str, Mapping[str, Any]], folder: Path, *, format: str) -> None:
    """Write the tables, in place of all tables of ours that the folder held."""
    from pyarrow import csv, parquet

    folder.mkdir(parents=True, exist_ok=True)
    for name in schema.NAMES:
        for form in FORMATS:
            (folder / f"{name}.{form}").unlink(missing_ok=True)
            (folder / f"{name}.{form}.gz").unlink(missing_ok=True)
        for part in parts(folder, name):
            (folder / name / f"{part}.parquet").unlink()
    for name, columns in tables.items():
        if format == "csv":
            csv.write_csv(_pointed(_table(columns)), folder / f"{name}.csv")
        else:
            parquet.write_table(_table(columns), folder / f"{name}.parquet", compression=COMPRESSION)


def save_part(tables: Mapping[str, Mapping[str, Any]], folder: Path, part: str) -> None:
    """Write a part of some tables as `<table>/<part>.parquet`; a part is there whole, or not at all."""
    from pyarrow import parquet

    for name, columns in tables.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        draft = folder / name / f".{part}.parquet"
        parquet.write_table(_table(columns), draft, compression=COMPRESSION)
        draft.replace(folder / name / f"{part}.parquet")


def _table(columns: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    return pa.table({column: _arrow(values) for column, values in columns.items()})


def _arrow(values: Any) -> Any:
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.dtype.kind == "U":
        return pa.array(values.tolist(), pa.string())
    return pa.array(values)


def _pointed(table: Any) -> Any:
    """The table with whole floats as "1.0": Arrow's CSV writes "1", and a column of those comes back as integers."""
    import pyarrow as pa

    for place, column in enumerate(table.columns):
        if not pa.types.is_floating(column.type):
            continue
        values = column.to_numpy()
        if np.all(values == np.trunc(values)) and np.all(np.abs(values) < 1e15):  # from 1e15 on an exponent tells
            pointed = pa.chunked_array([column.cast(pa.decimal128(17, 1)).combine_chunks()])
            table = table.set_column(place, table.column_names[place], pointed)
    return table


def _parquet(raws: Sequence[Raw]) -> tuple[Any, str]:
    """The rows of one file, or of a table's parts one after the other."""
    import pandas as pd

    read = [_parquet_rows(raw) for raw in raws]
    return _numbered(read[0] if len(read) == 1 else pd.concat(read, ignore_index=True), first=1), "row"


def _parquet_rows(raw: Raw) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        refuse_twins(raw.path, parquet.read_schema(BytesIO(raw.content)).names)
        return parquet.read_table(BytesIO(raw.content)).to_pandas()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:  # the last: of what Arrow quotes
        raise DataError(f"{raw.path}: not a readable Parquet file ({problem}); write it again") from problem


def _csv(raw: Raw, table: str) -> tuple[Any, str]:
    frame = text.frame(raw, strings=schema.IDS[table])
    if "accepted" in frame and frame["accepted"].dtype.kind not in "biuf":  # text, as one cell at least is neither
        frame["accepted"] = [_TRUTH.get(cell, cell) for cell in frame["accepted"].astype(object)]
    return _numbered(frame, first=2), "line"


_TRUTH = {"true": 1, "True": 1, "1": 1, "false": 0, "False": 0, "0": 0}


def _numbered(frame: Any, *, first: int) -> Any:
    """The frame under the line numbers of its file, with dates as seconds since the epoch."""
    import pandas as pd

    frame.index = pd.RangeIndex(first, first + len(frame))
    for column in frame.columns:
        if frame[column].dtype.kind == "M":
            dates = frame[column].dt.tz_convert(None) if frame[column].dt.tz is not None else frame[column]
            frame[column] = (dates - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    return frame
