"""The tab-separated tables of Gervet et al. (JEDM 2020), one answer a row, with the skills of items in a Q-matrix."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import Array, Catalog, DataError, IntArray, Sequences
from lernpfad.data import text
from lernpfad.data.dataset import Dataset
from lernpfad.data.faults import refuse
from lernpfad.data.files import GUIDE, Raw, existing_folder, find, load

COLUMNS = ("user_id", "item_id", "timestamp", "correct")
MATRIX = "q_mat.npz"
FILES = {"train": "preprocessed_data_train.csv", "test": "preprocessed_data_test.csv"}

_Table = dict[str, IntArray]


def read(folder: str | Path, *, name: str | None = None, sha256: Mapping[str, str] | None = None) -> Dataset:
    """All answers of the folder, train file first; a folder with one of the two files only is read as it is.

    Items and their skills come from the Q-matrix; the table's `skill_id` (a number for the item's set of skills)
    says nothing more and is not kept. Timestamps are seconds; if all are 0 there is an order, but no clock.
    `learner["part"]` is "train" or "test", given if both files are there. Raises DataError that names the line.
    """
    parts = [part for part, file in FILES.items() if find(existing_folder(folder), file)]
    if not parts:
        raise DataError(f"{folder}: neither {' nor '.join(FILES.values())} is here; {GUIDE}")
    catalog = _catalog(load(folder, MATRIX, sha256=sha256))
    tables = [_answers(load(folder, FILES[part], sha256=sha256), items=len(catalog)) for part in parts]
    answers = {column: np.concatenate([table[column] for table in tables]) for column in COLUMNS}
    starts = _starts(answers["user_id"])
    learners = answers["user_id"][starts]
    if len(tables) == 2:
        _disjoint(existing_folder(folder), tables)
    column = np.repeat(parts, [len(_starts(table["user_id"])) for table in tables])
    return Dataset(
        name=name or Path(folder).name,
        sequences=Sequences.of(
            catalog,
            learners.astype(np.str_),
            np.diff(np.append(starts, len(answers["user_id"]))),
            answers["item_id"],
            answers["correct"],
            time=answers["timestamp"] if answers["timestamp"].any() else None,
        ),
        learner={"part": column} if len(tables) == 2 else {},
    )


def _catalog(raw: Raw) -> Catalog:
    from scipy import sparse

    try:
        matrix: Any = sparse.load_npz(BytesIO(raw.content)).tocsr()
        matrix.check_format(full_check=True)
    except Exception as problem:  # of zip, zlib, NumPy and scipy, which have no common base
        raise DataError(f"{raw.path}: not a sparse matrix of scipy ({problem}); get it again, {GUIDE}") from problem
    matrix.eliminate_zeros()
    items, skills = matrix.shape
    counts = np.diff(matrix.indptr)
    table = np.full((items, int(counts.max(initial=1))), -1, dtype=np.int32)
    owner = np.repeat(np.arange(items), counts)
    table[owner, np.arange(len(owner)) - np.repeat(matrix.indptr[:-1], counts)] = matrix.indices
    blank = Catalog.of([str(i) for i in range(items)], [str(k) for k in range(skills)], [()] * items)
    return Catalog(blank.items, blank.skills, np.sort(table)[:, ::-1], blank.minutes, blank.kind, blank.prerequisites)


def _answers(raw: Raw, *, items: int) -> _Table:
    columns = text.records(raw, COLUMNS, delimiter="\t")
    table = {name: text.whole(raw, columns[name], name=name, line_of=_line) for name in COLUMNS}
    text.binary(raw, table["correct"], name="correct", line_of=_line)
    beyond = np.flatnonzero(table["item_id"] >= items)
    if len(beyond):
        reason = f"item {table['item_id'][beyond[0]]} is not in {MATRIX}, which has {items} rows"
        refuse(raw.path, _line(beyond), reason, fix="take table and matrix from the same folder")
    starts = _starts(table["user_id"])
    text.once(raw, table["user_id"][starts], line_of=lambda record: _line(starts[record]))
    _in_time(raw, table)
    return table


def _in_time(raw: Raw, table: _Table) -> None:
    """Refuse rows before their learner's previous one, and, where there is a clock, rows that repeat it."""
    same = np.diff(table["user_id"]) == 0
    step = np.diff(table["timestamp"])
    back = np.flatnonzero(same & (step < 0)) + 1
    if len(back):
        reason = f"timestamp {table['timestamp'][back[0]]} is before {table['timestamp'][back[0] - 1]} of the row above"
        refuse(raw.path, _line(back), reason, fix="sort each learner's rows by time")
    if table["timestamp"].any():
        keys: Array = np.stack([table[name] for name in ("user_id", "timestamp", "item_id")])
        order = np.lexsort(keys[::-1])
        twin = np.sort(order[1:][(np.diff(keys[:, order], axis=1) == 0).all(axis=0)])
        if len(twin):
            reason = f"learner {keys[0, twin[0]]} has item {keys[2, twin[0]]} at {keys[1, twin[0]]} twice"
            refuse(raw.path, _line(twin), reason, fix="one answer is one row; remove the second")


def _disjoint(folder: Path, tables: list[_Table]) -> None:
    shared = np.isin(tables[1]["user_id"], tables[0]["user_id"])
    if shared.any():
        file = find(folder, FILES["test"]) or folder
        reason = f"learner '{tables[1]['user_id'][np.argmax(shared)]}' is in {FILES['train']} too"
        refuse(file, _line(np.flatnonzero(shared)), reason, fix="a learner is on one side only")


def _starts(learner: IntArray) -> IntArray:
    return np.flatnonzero(np.diff(learner, prepend=-1) != 0)


def _line(record: IntArray) -> IntArray:
    return record + 2
