"""Data sets larger than memory: our columns as .npy files that are mapped, not read.

A folder of `write` holds `catalog/` and, where there are any, `roles/` tables in our own layout, `learners.npy`,
`offsets.npy`, one .npy for each column of the interactions, `extra.<name>.npy` and `learner.<name>.npy`. What is picked
from mapped histories (a split, windows) is written to files of its own beside them and mapped in turn; those files go
when nobody holds the histories any more. So what a training run needs in memory grows with its batches.
"""

import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib.format import open_memmap

from lernpfad.core import Array, Catalog, DataError, IntArray, Sequences, StrArray
from lernpfad.core.sequences import COLUMNS
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.data.files import existing_folder

EXTRA: Final = "extra."
LEARNER: Final = "learner."
_PIECE: Final = 1 << 20
"""Rows that are copied at once."""


@dataclass(frozen=True, eq=False)
class Mapped(Sequences):
    """Histories whose columns are mapped from files; whatever is picked from them is mapped as well.

    folder: where picked rows are written. files: keeps the files of these histories as long as somebody has them.
    """

    folder: Path = Path()
    files: object = None

    def picked(self, rows: IntArray, *, learners: StrArray, lengths: IntArray) -> "Mapped":
        """The rows copied to files, a piece at a time, and mapped from there."""
        files = _Picked(self.folder)
        names = _columns(self)
        for name, column in names.items():
            _copy(files.folder / f"{name}.npy", column, rows)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        picked = _mapped(files.folder, names, catalog=self.catalog, learners=learners, offsets=offsets)
        return replace(picked, folder=self.folder, files=files)


class _Picked:
    """A folder that goes when nobody refers to it any more."""

    def __init__(self, beside: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="picked-", dir=beside))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def write(parts: Dataset | Iterable[Dataset], folder: str | Path) -> Path:
    """Write a data set, or the parts of one (other learners, the same catalog) as they come; see `read`.

    Parts may come from a generator: only one is held at a time. Raises DataError if `folder` is there already, or if
    the parts differ in catalog or columns.
    """
    folder = Path(folder)
    if folder.exists():
        raise DataError(f"{folder}: is there already; name a new folder, or remove it")
    draft = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        _write(iter([parts] if isinstance(parts, Dataset) else parts), draft)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def read(folder: str | Path, *, name: str | None = None) -> Dataset:
    """The data set that `write` left in `folder`; its columns stay on disk. Raises DataError that names what lacks."""
    path = existing_folder(folder)
    missing = [one for one in ("learners", "offsets", *COLUMNS) if not (path / f"{one}.npy").is_file()]
    if missing:
        raise DataError(f"{path / missing[0]}.npy: no such file; write the folder with lernpfad.data.mapped.write")
    frame = table.read(path / "catalog", name=name or path.name)
    extra = [one.stem for one in sorted(path.glob(f"{EXTRA}*.npy"))]
    logs = _mapped(
        path,
        [*COLUMNS, *extra],
        catalog=frame.catalog,
        learners=np.load(path / "learners.npy"),
        offsets=np.load(path / "offsets.npy"),
    )
    learner = {one.stem.removeprefix(LEARNER): np.load(one) for one in sorted(path.glob(f"{LEARNER}*.npy"))}
    return Dataset(name or path.name, logs, learner=learner, roles=frame.roles)


def _write(parts: Iterator[Dataset], folder: Path) -> None:
    first = next(parts, None)
    if first is None:
        raise DataError(f"{folder.name}: there are no parts to write; expected one data set at least")
    empty = Sequences.empty(first.catalog, 0)
    table.write(Dataset(first.name, empty, roles=first.roles), folder / "catalog")
    names = _columns(first.sequences)
    files = {name: (folder / f"{name}.raw").open("wb") for name in names}
    learners: list[StrArray] = []
    lengths: list[IntArray] = []
    about: list[Mapping[str, Array]] = []
    try:
        for part in _chain(first, parts):
            _alike(first, part)
            for name, column in _columns(part.sequences).items():
                files[name].write(np.ascontiguousarray(column, dtype=names[name].dtype).data)
            learners.append(part.sequences.learners)
            lengths.append(part.sequences.lengths)
            about.append(part.learner)
    finally:
        for stream in files.values():
            stream.close()
    ids = np.concatenate(learners)
    if len(np.unique(ids)) < len(ids):
        raise DataError(f"{folder.name}: a learner is in two parts; a learner's whole history belongs in one")
    np.save(folder / "learners.npy", ids)
    np.save(folder / "offsets.npy", np.concatenate([[0], np.cumsum(np.concatenate(lengths))]))
    for name in first.learner:
        np.save(folder / f"{LEARNER}{name}.npy", np.concatenate([one[name] for one in about]))
    rows = int(sum(one.sum() for one in lengths))
    for name, column in names.items():
        _headed(folder / f"{name}.raw", folder / f"{name}.npy", column.dtype, rows)


def _chain(first: Dataset, rest: Iterator[Dataset]) -> Iterator[Dataset]:
    yield first
    yield from rest


def _alike(one: Dataset, other: Dataset) -> None:
    same = all(np.array_equal(getattr(one.catalog, f.name), getattr(other.catalog, f.name)) for f in fields(Catalog))
    if not same:
        raise DataError(f"data set '{other.name}': its catalog is not that of the first part; parts share one catalog")
    mine, theirs = _columns(one.sequences), _columns(other.sequences)
    if (mine.keys(), one.learner.keys()) != (theirs.keys(), other.learner.keys()):
        raise DataError(f"data set '{other.name}': its columns are not those of part one; give all parts the same")
    for name, column in theirs.items():
        if not np.can_cast(column.dtype, mine[name].dtype, "same_kind") or column.itemsize > mine[name].itemsize:
            raise DataError(
                f"data set '{other.name}': column '{name}' is of {column.dtype}, that of the first part of "
                f"{mine[name].dtype}, which cannot hold it; give all parts the type of the widest"
            )


def _headed(raw: Path, path: Path, dtype: np.dtype[Any], rows: int) -> None:
    """Turn a file of bare numbers into a .npy, a piece at a time."""
    mapped = open_memmap(path, mode="w+", dtype=dtype, shape=(rows,))
    with raw.open("rb") as stream:
        for place in range(0, rows, _PIECE):
            some = min(_PIECE, rows - place)
            mapped[place : place + some] = np.fromfile(stream, dtype=dtype, count=some)
    mapped.flush()
    raw.unlink()


def _copy(path: Path, column: Array, rows: IntArray) -> None:
    mapped = open_memmap(path, mode="w+", dtype=column.dtype, shape=(len(rows),))
    for place in range(0, len(rows), _PIECE):
        mapped[place : place + _PIECE] = column[rows[place : place + _PIECE]]
    mapped.flush()


def _columns(logs: Sequences) -> dict[str, Array]:
    return {name: getattr(logs, name) for name in COLUMNS} | {f"{EXTRA}{name}": v for name, v in logs.extra.items()}


def _mapped(folder: Path, names: Iterable[str], *, catalog: Catalog, learners: StrArray, offsets: IntArray) -> Mapped:
    there = {name: _load(folder / f"{name}.npy", int(offsets[-1])) for name in names}
    extra = {name.removeprefix(EXTRA): there[name] for name in there if name.startswith(EXTRA)}
    columns = {name: there[name] for name in COLUMNS}
    return Mapped(catalog=catalog, learners=learners, offsets=offsets, extra=extra, folder=folder, **columns)


def _load(path: Path, rows: int) -> Array:
    try:
        column: Array = np.load(path, mmap_mode="r" if rows else None)
    except (ValueError, OSError, EOFError) as problem:
        raise DataError(f"{path}: not a readable .npy file ({problem}); write the folder again") from problem
    if column.shape != (rows,):
        raise DataError(f"{path}: {column.shape} values, the offsets say {rows}; write the folder again")
    return column
