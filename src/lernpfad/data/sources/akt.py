"""AKT's text of four lines a learner: `row,learner`, then items, skills and answers, each joined by commas."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lernpfad.core import Array, BoolArray, Catalog, DataError, IntArray, Sequences
from lernpfad.data import text
from lernpfad.data.dataset import Dataset
from lernpfad.data.faults import refuse
from lernpfad.data.files import GUIDE, Raw, existing_folder, find, load

LINES = 4
NAMES = "skill.json"


@dataclass(frozen=True)
class _Answers:
    """Learners of one or more files, in their numbers. learner, fold, lengths: `[J]`. item, skill, correct: `[N]`."""

    learner: IntArray
    fold: IntArray
    lengths: IntArray
    item: IntArray
    skill: IntArray
    correct: IntArray

    @property
    def owner(self) -> IntArray:
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def those(self, kept: BoolArray) -> "_Answers":
        """Some of the learners."""
        rows = kept[self.owner]
        return _Answers(
            self.learner[kept],
            self.fold[kept],
            self.lengths[kept],
            self.item[rows],
            self.skill[rows],
            self.correct[rows],
        )


def read(
    folder: str | Path, *, name: str | None = None, expanded: bool = False, sha256: Mapping[str, str] | None = None
) -> Dataset:
    """The learners of `*_test1.csv`, `*_test2.csv`, ...: `learner["fold"]` is the number of the file.

    Learners of `*_train*.csv` files, if there are any, who are in no test file get fold 0. An item's skills are all
    that any answer names with it. There is an order, but no clock.
    expanded: take the rows as they are. Otherwise neighbouring rows of a learner with the same item, the same answer
    and a new skill are one answer: in a file with one row an answer *and skill* the label leaks into the next row.
    With it, `extra["skill"]` is the skill index of the row. Raises DataError that names the line.
    """
    path = existing_folder(folder)
    files = _files(path)
    tests = [_answers(load(path, file, sha256=sha256), fold=fold) for fold, file in files["test"]]
    _once(path, tests, [file for _, file in files["test"]])
    trains = [_answers(load(path, file, sha256=sha256), fold=0) for _, file in files["train"]]
    answers = _with_strangers(_joined(tests), trains)
    catalog, item, skill = _catalog(answers, _skill_names(path, sha256))
    kept = np.ones(len(item), dtype=bool) if expanded else answer_starts(answers.owner, item, answers.correct, skill)
    return Dataset(
        name=name or path.name,
        sequences=Sequences.of(
            catalog,
            answers.learner.astype(np.str_),
            np.bincount(answers.owner[kept], minlength=len(answers.learner)),
            item[kept],
            answers.correct[kept],
            extra={"skill": skill} if expanded else None,
        ),
        learner={"fold": answers.fold},
    )


def answer_starts(owner: IntArray, item: IntArray, correct: IntArray, skill: IntArray) -> BoolArray:
    """Rows that start an answer, `[N]`; the others repeat it under a further skill.

    A row continues the answer above it if learner, item and correctness are the same and the skill is new to it.
    """
    start = np.ones(len(item), dtype=bool)
    alike = np.flatnonzero((np.diff(owner) == 0) & (np.diff(item) == 0) & (np.diff(correct) == 0)) + 1
    seen: set[int] = set()
    for row, now, before in zip(alike.tolist(), skill[alike].tolist(), skill[alike - 1].tolist(), strict=True):
        if start[row - 1]:
            seen = {before}
        start[row] = now in seen
        seen.add(now)
    return start


def _files(folder: Path) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {"test": [], "train": []}
    sets: set[str] = set()
    for file in sorted(folder.iterdir()):
        if match := re.fullmatch(r"((.+)_(test|train)([1-9]\d*)\.csv)(\.gz)?", file.name):
            sets.add(match[2])
            found[match[3]].append((int(match[4]), match[1]))
    if len(sets) > 1:
        raise DataError(f"{folder}: files of several sets ({', '.join(sorted(sets))}); keep each in its own folder")
    if not found["test"]:
        raise DataError(f"{folder}: no file *_test1.csv, *_test2.csv, ...; {GUIDE}")
    return found


def _answers(raw: Raw, *, fold: int) -> _Answers:
    import pyarrow as pa

    lines = text.lines(raw)
    if len(lines) % LINES:
        reason = f"the file ends within a record of {LINES} lines"
        refuse(raw.path, [len(lines)], reason, fix="get it again, or mend the last record")
    fields = {name: pa.array(lines[k::LINES], pa.string()) for k, name in enumerate(("learner", *_FIELDS))}
    head, widths = text.lists(raw, fields["learner"], name="'row,learner'", separator=",", line_of=_line_in(0))
    odd = np.flatnonzero(widths != 2)
    if len(odd):
        refuse(raw.path, _line_in(0)(odd), f"'{lines[odd[0] * LINES][:40]}'", fix="expected 'row,learner' here")
    values: dict[str, IntArray] = {}
    lengths: dict[str, IntArray] = {}
    for k, name in enumerate(_FIELDS, start=1):
        values[name], lengths[name] = text.lists(raw, fields[name], name=name, separator=",", line_of=_line_in(k))
    text.same_lengths(raw, {f"{name}s": found for name, found in lengths.items()}, line_of=_line_in(1))
    owner = np.repeat(np.arange(len(widths)), lengths["item"])
    text.binary(raw, values["answer"], name="answer", line_of=lambda bad: _line_in(3)(owner[bad]))
    learner = head[1::2]
    text.once(raw, learner, line_of=_line_in(0))
    return _Answers(learner, np.full(len(learner), fold), lengths["item"], *(values[name] for name in _FIELDS))


_FIELDS = ("item", "skill", "answer")


def _line_in(place: int) -> text.LineOf:
    return lambda record: record * LINES + place + 1


def _joined(parts: list[_Answers]) -> _Answers:
    names = ("learner", "fold", "lengths", "item", "skill", "correct")
    return _Answers(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _once(folder: Path, tests: list[_Answers], files: list[str]) -> None:
    for later in range(1, len(tests)):
        for earlier in range(later):
            shared = np.isin(tests[later].learner, tests[earlier].learner)
            if shared.any():
                reason = f"learner '{tests[later].learner[np.argmax(shared)]}' is in {files[earlier]} too"
                file = find(folder, files[later]) or folder
                refuse(file, _line_in(0)(np.flatnonzero(shared)), reason, fix="a learner is in one test file only")


def _with_strangers(answers: _Answers, trains: list[_Answers]) -> _Answers:
    """The learners, and those of the training files whom they do not hold yet."""
    for part in trains:
        strange = ~np.isin(part.learner, answers.learner)
        if strange.any():
            answers = _joined([answers, part.those(strange)])
    return answers


def _skill_names(folder: Path, sha256: Mapping[str, str] | None) -> Mapping[int, str]:
    """Names of the skill numbers, from skill.json where there is one."""
    if find(folder, NAMES) is None:
        return {}
    raw = load(folder, NAMES, sha256=sha256)
    try:
        return {int(number): str(name) for name, number in json.loads(raw.content).items()}
    except (ValueError, TypeError, AttributeError) as problem:
        raise DataError(f"{raw.path}: expected an object of names and numbers ({problem}); {GUIDE}") from problem


def _catalog(answers: _Answers, names: Mapping[int, str]) -> tuple[Catalog, Array, Array]:
    """The catalog, and the item and skill index of every row."""
    items, item = np.unique(answers.item, return_inverse=True)
    skills, skill = np.unique(answers.skill, return_inverse=True)
    pairs = np.unique(np.stack([item, skill], axis=1), axis=0)
    trained: list[list[int]] = [[] for _ in items]
    for of_item, one in pairs.tolist():
        trained[of_item].append(one)
    catalog = Catalog.of([str(one) for one in items], [names.get(int(one), str(one)) for one in skills], trained)
    return catalog, item, skill
