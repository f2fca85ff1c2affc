"""pyKT's csv of one learner a line, without item ids: `fold,uid,concepts,responses`, lists in quotes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lernpfad.core import Catalog, IntArray, Sequences
from lernpfad.data import text
from lernpfad.data.dataset import Dataset
from lernpfad.data.faults import refuse
from lernpfad.data.files import Raw, existing_folder, load

COLUMNS = ("fold", "uid", "concepts", "responses")
FILES = ("train_valid.csv", "test.csv")


@dataclass(frozen=True)
class _Part:
    learner: IntArray
    fold: IntArray
    skill: IntArray
    correct: IntArray
    lengths: IntArray


def read(folder: str | Path, *, name: str | None = None, sha256: Mapping[str, str] | None = None) -> Dataset:
    """The learners of `train_valid.csv` (`learner["fold"]` 0, 1, ...) and of `test.csv` (fold -1).

    The skill stands for the item: item i trains skill i and nothing else. There is an order, but no clock.
    Raises DataError that names the line.
    """
    parts = [_part(load(folder, file, sha256=sha256), test=file == "test.csv") for file in FILES]
    learner = np.concatenate([part.learner for part in parts])
    both = np.intersect1d(parts[0].learner, parts[1].learner)
    if len(both):
        file = existing_folder(folder) / FILES[1]
        line = np.flatnonzero(np.isin(parts[1].learner, both)) + 2
        refuse(file, line, f"learner '{both[0]}' is in {FILES[0]} too", fix="a learner is on one side only")
    skills, item = np.unique(np.concatenate([part.skill for part in parts]), return_inverse=True)
    names = [str(skill) for skill in skills]
    return Dataset(
        name=name or Path(folder).name,
        sequences=Sequences.of(
            Catalog.of(names, names, [[k] for k in range(len(names))]),
            learner.astype(np.str_),
            np.concatenate([part.lengths for part in parts]),
            item,
            np.concatenate([part.correct for part in parts]),
        ),
        learner={"fold": np.concatenate([part.fold for part in parts])},
    )


def _part(raw: Raw, *, test: bool) -> _Part:
    columns = text.records(raw, COLUMNS, delimiter=",")
    learner = text.whole(raw, columns["uid"], name="uid", line_of=_line)
    text.once(raw, learner, line_of=_line)
    skill, lengths = text.lists(raw, columns["concepts"], name="a concept", separator=",", line_of=_line)
    correct, answers = text.lists(raw, columns["responses"], name="a response", separator=",", line_of=_line)
    text.same_lengths(raw, {"concepts": lengths, "responses": answers}, line_of=_line)
    owner = np.repeat(np.arange(len(lengths)), lengths)
    text.binary(raw, correct, name="a response", line_of=lambda bad: _line(owner[bad]))
    return _Part(learner, _folds(raw, columns["fold"].to_pylist(), test=test), skill, correct, lengths)


def _folds(raw: Raw, column: list[str], *, test: bool) -> IntArray:
    bad = [row for row, fold in enumerate(column) if (fold != "-1" if test else not (fold or "").isdecimal())]
    if bad:
        expected = "-1" if test else "0, 1, 2, ..."
        refuse(raw.path, _line(np.asarray(bad)), f"fold is '{column[bad[0]]}'", fix=f"expected {expected} in this file")
    return np.asarray(column, dtype=np.int64)


def _line(record: IntArray) -> IntArray:
    return record + 2
