"""Plain sequences of items, oldest first: a line `learner<TAB>item item ...`, or one line `learner item` a row."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import KINDS, NOT_ASSESSED, Array, Catalog, IntArray, Sequences, StrArray
from lernpfad.data import text
from lernpfad.data.dataset import Dataset
from lernpfad.data.faults import refuse
from lernpfad.data.files import Raw, load


@dataclass(frozen=True)
class _Rows:
    """One row an interaction. learners: ids, `[J]`. owner: learner index. item: index into items. line: `[N]`."""

    learners: StrArray
    owner: IntArray
    items: StrArray
    item: IntArray
    line: IntArray


def read(
    folder: str | Path,
    file: str,
    *,
    name: str | None = None,
    repeats: bool = False,
    sha256: Mapping[str, str] | None = None,
) -> Dataset:
    """What each learner took up, accepted and not assessed, of items without skills; an order, but no clock.

    The first line tells the layout by its tab. Items are ordered by number, or by name where one is no number.
    repeats: whether a learner may take an item twice. Raises DataError that names the line.
    """
    raw = load(folder, file, sha256=sha256)
    lines = text.lines(raw)
    if not lines:
        refuse(raw.path, [], "the file is empty", fix="expected a learner and items in each line")
    rows = _lists(raw, lines) if "\t" in lines[0] else _pairs(raw, lines)
    if not repeats:
        _no_twin(raw, rows)
    order = np.argsort(rows.owner, kind="stable")
    catalog = Catalog.of(rows.items.tolist(), [], [()] * len(rows.items), kind=KINDS.index("read"))
    return Dataset(
        name=name or Path(folder).name,
        sequences=Sequences.of(
            catalog,
            rows.learners,
            np.bincount(rows.owner, minlength=len(rows.learners)),
            rows.item[order],
            np.full(len(rows.item), NOT_ASSESSED),
        ),
    )


def _lists(raw: Raw, lines: list[str]) -> _Rows:
    import pyarrow as pa
    import pyarrow.compute as pc

    learner, cells = _split(raw, lines, "\t", expected="learner<TAB>item item ...")
    _filled(raw, learner, cells)
    text.once(raw, np.asarray(learner.to_pylist(), dtype=np.str_), line_of=lambda record: record + 1)
    split = pc.split_pattern(cells, " ")
    owner = np.repeat(np.arange(len(lines)), pc.list_value_length(split).to_numpy(zero_copy_only=False))
    flat: Any = pc.list_flatten(split)
    blank = np.flatnonzero(pc.equal(flat, pa.scalar("")).to_numpy(zero_copy_only=False))
    if len(blank):
        refuse(raw.path, np.unique(owner[blank]) + 1, "an item is empty", fix="separate items by one blank each")
    items, item = _numbered(flat)
    return _Rows(np.asarray(learner.to_pylist(), dtype=np.str_), owner, items, item, owner + 1)


def _pairs(raw: Raw, lines: list[str]) -> _Rows:
    learner, item = _split(raw, lines, " ", expected="learner item")
    _filled(raw, learner, item)
    encoded = learner.dictionary_encode()
    items, index = _numbered(item)
    owner = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    learners = np.asarray(encoded.dictionary.to_pylist(), dtype=np.str_)
    return _Rows(learners, owner, items, index, np.arange(1, len(lines) + 1))


def _split(raw: Raw, lines: list[str], separator: str, *, expected: str) -> tuple[Any, Any]:
    """The two fields of every line."""
    import pyarrow as pa
    import pyarrow.compute as pc

    fields = pc.split_pattern(pa.array(lines, pa.string()), separator)
    found = pc.list_value_length(fields).to_numpy(zero_copy_only=False)
    bad = np.flatnonzero(found != 2)
    if len(bad):
        reason = f"'{lines[bad[0]][:40]}' has {found[bad[0]]} field{'s' if found[bad[0]] != 1 else ''}"
        refuse(raw.path, bad + 1, reason, fix=f"expected '{expected}' in every line")
    return pc.list_element(fields, 0), pc.list_element(fields, 1)


def _filled(raw: Raw, learner: Any, items: Any) -> None:
    import pyarrow.compute as pc

    for what, column in (("learner", learner), ("item", items)):
        bad = np.flatnonzero(pc.equal(column, "").to_numpy(zero_copy_only=False))
        if len(bad):
            refuse(raw.path, bad + 1, f"the {what} is empty", fix="mend or remove the line")


def _numbered(column: Any) -> tuple[StrArray, IntArray]:
    """Distinct ids in order, and the index of each row among them."""
    encoded = column.dictionary_encode()
    ids: StrArray = np.asarray(encoded.dictionary.to_pylist(), dtype=np.str_)
    numeric = np.strings.isdecimal(ids).all()
    order: Array = np.lexsort((ids, ids.astype(np.float64))) if numeric else np.argsort(ids)
    place = np.empty(len(ids), dtype=np.int64)
    place[order] = np.arange(len(ids))
    return ids[order], place[encoded.indices.to_numpy(zero_copy_only=False)]


def _no_twin(raw: Raw, rows: _Rows) -> None:
    key = rows.owner * len(rows.items) + rows.item
    order = np.argsort(key, kind="stable")
    twin = np.sort(order[1:][np.diff(key[order]) == 0])
    if len(twin):
        who, what = rows.learners[rows.owner[twin[0]]], rows.items[rows.item[twin[0]]]
        reason = f"learner '{who}' has item '{what}' a second time"
        refuse(raw.path, np.unique(rows.line[twin]), reason, fix="remove it, or allow it with repeats=true")
