"""Interactions in a Parquet file as histories of a few learners at a time, however large the file is."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import Array, Catalog, DataError, Sequences
from lernpfad.data.faults import refuse_twins

REQUIRED: Final = ("learner", "item", "time")
OPTIONAL: Final = {"outcome": -1, "accepted": True, "minutes": np.nan, "role": ""}
"""Columns that may be missing, and hold this where they are or a cell is empty; minutes then are the item's."""
_TEXT: Final = ("learner", "item", "role")
_BATCH: Final = 16_384
"""Rows read at once; bounds memory, not results."""

Columns = dict[str, Array]


@dataclass(frozen=True)
class Chunk:
    """Histories of some learners. role: of each, as in her last row, "" for none. source: name of the file."""

    source: str
    histories: Sequences
    role: list[str]


def chunks(path: Path, catalog: Catalog, *, together: int) -> Iterator[Chunk]:
    """`together` learners at a time, in the order of the file; what the catalog does not hold is an unknown item.

    A learner's rows have to follow each other, in the order of their times. Raises DataError that names file and row.
    """
    owners = list[Array]()
    for first, columns in _groups(path, together):
        starts = _starts(columns["learner"])
        _check(path, first, columns, starts)
        owners.append(np.array([_short(name) for name in columns["learner"][starts]], dtype=np.uint64))
        yield _chunk(path, columns, starts, catalog)
    seen = np.sort(np.concatenate(owners)) if owners else np.empty(0)
    if (seen[1:] == seen[:-1]).any():
        raise DataError(f"{path}: rows of a learner do not follow each other; sort the file by learner and time")


def _groups(path: Path, together: int) -> Iterator[tuple[int, Columns]]:
    """Columns of whole learners, `together` of them, with the number of their first row."""
    kept: Columns = {}
    first = 0
    for batch in _batches(path):
        kept = batch if not kept else {name: np.concatenate([kept[name], batch[name]]) for name in batch}
        starts = _starts(kept["learner"])
        while len(starts) > together:  # the last learner may go on in the next batch
            end = int(starts[together])
            yield first, {name: column[:end] for name, column in kept.items()}
            kept = {name: column[end:] for name, column in kept.items()}
            first, starts = first + end, starts[together:] - end
    if kept and len(kept["learner"]):
        yield first, kept


def _batches(path: Path) -> Iterator[Columns]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        names = file.schema_arrow.names
        refuse_twins(path, names)
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise DataError(f"{path}: no column '{missing[0]}'; expected {', '.join(REQUIRED)}, and perhaps others")
        wanted = [name for name in (*REQUIRED, *OPTIONAL) if name in names]
        for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
            yield {name: _column(batch, name, path) for name in (*REQUIRED, *OPTIONAL)}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as problem:  # the last: of what Arrow quotes
        raise DataError(f"{path} is no Parquet file that can be read ({problem}); write it again") from problem


def _column(batch: Any, name: str, path: Path) -> Array:
    import pyarrow as pa

    if name not in batch.schema.names:
        return np.full(batch.num_rows, OPTIONAL[name])
    kind = pa.string() if name in _TEXT else pa.bool_() if name == "accepted" else pa.float64()
    try:
        column = batch.column(name).cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as problem:
        raise DataError(f"{path}: column '{name}' holds no {kind} ({problem})") from problem
    if column.null_count:
        if name in REQUIRED:
            raise DataError(f"{path}: column '{name}' has empty cells; every interaction needs one")
        column = column.fill_null(OPTIONAL[name])
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=object if name in _TEXT else None)


def _starts(learner: Array) -> Array:
    return np.flatnonzero(np.concatenate([[True], learner[1:] != learner[:-1]])) if len(learner) else np.empty(0, int)


def _check(path: Path, first: int, columns: Columns, starts: Array) -> None:
    time, outcome = columns["time"], columns["outcome"]
    back = np.flatnonzero(time[1:] < time[:-1]) + 1
    wrong = {
        "time is before that of the row above": np.setdiff1d(back, starts),
        "time is no finite number of seconds": np.flatnonzero(~np.isfinite(time)),
        "outcome is not 1 (correct), 0 (wrong) or -1 (not assessed)": np.flatnonzero(~np.isin(outcome, (-1, 0, 1))),
        "a declined offer has an outcome": np.flatnonzero(~columns["accepted"] & (outcome >= 0)),
    }
    for reason, rows in wrong.items():
        if len(rows):
            raise DataError(f"{path}, row {first + int(rows[0])}: {reason}; mend the row, or sort by learner and time")


def _chunk(path: Path, columns: Columns, starts: Array, catalog: Catalog) -> Chunk:
    item = catalog.indices([str(one) for one in columns["item"]])
    usual = np.where(item >= 0, catalog.minutes[np.maximum(item, 0)], 0.0) if len(catalog) else np.zeros(len(item))
    ends = np.concatenate([starts[1:], [len(item)]])
    histories = Sequences.of(
        catalog,
        [str(one) for one in columns["learner"][starts]],
        ends - starts,
        item,
        columns["outcome"].astype(np.int8),
        accepted=columns["accepted"].astype(bool),
        minutes=np.where(np.isnan(columns["minutes"]), usual, columns["minutes"]),
        time=columns["time"],
    )
    return Chunk(str(path), histories, [str(one) for one in columns["role"][ends - 1]])


def _short(name: str) -> int:
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
