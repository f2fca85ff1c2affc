import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import DataError
from lernpfad.data.sources import akt

Written = Callable[..., Path]
ONE = "0,501\n11,11,12,12\n1,2,1,1\n1,1,0,0\n"
TWO = "4,502\n11\n2\n0\n"
NAMES = '{"circles": 1, "lines": 2}'


@pytest.fixture
def folder(written: Written) -> Path:
    return written(set_test1__csv=ONE, set_test2__csv=TWO, skill__json=NAMES)


def test_golden(folder: Path) -> None:
    dataset = akt.read(folder)
    logs = dataset.sequences
    assert logs.learners.tolist() == ["501", "502"]
    # 501: one answer to item 11 under two skills, then two separate answers to item 12 under the same skill
    assert logs.lengths.tolist() == [3, 1]
    assert dataset.catalog.items[logs.item].tolist() == ["11", "12", "12", "11"]
    assert logs.outcome.tolist() == [1, 0, 0, 0]
    assert dataset.catalog.skills.tolist() == ["circles", "lines"]
    assert dataset.catalog.item_skills.tolist() == [[0, 1], [0, -1]]
    assert dataset.learner["fold"].tolist() == [1, 2]
    assert dict(logs.extra) == {}


def test_expanded_takes_the_rows_as_they_are(folder: Path) -> None:
    logs = akt.read(folder, expanded=True).sequences
    assert logs.lengths.tolist() == [4, 1]
    assert logs.extra["skill"].tolist() == [0, 1, 0, 0, 1]


def test_learners_of_training_files_alone_get_fold_0_once(folder: Path) -> None:
    (folder / "set_train1.csv.gz").write_bytes(gzip.compress(f"9,777\n12\n1\n1\n{TWO}".encode()))
    (folder / "set_train2.csv.gz").write_bytes(gzip.compress(f"9,777\n12\n1\n1\n{ONE}".encode()))
    dataset = akt.read(folder)
    assert dataset.sequences.learners.tolist() == ["501", "502", "777"]
    assert dataset.learner["fold"].tolist() == [1, 2, 0]


def test_without_names_skills_bear_their_numbers(folder: Path) -> None:
    (folder / "skill.json").unlink()
    assert akt.read(folder).catalog.skills.tolist() == ["1", "2"]


def starts(rows: list[tuple[int, int, int, int]]) -> list[bool]:
    return akt.answer_starts(*np.array(rows).T).tolist()


def test_what_counts_as_one_answer_by_hand() -> None:
    # rows: learner, item, correct, skill
    assert starts([(0, 1, 1, 5), (0, 1, 1, 6), (0, 1, 1, 7)]) == [True, False, False]
    assert starts([(0, 1, 1, 5), (0, 1, 1, 6), (0, 1, 1, 5), (0, 1, 1, 6)]) == [True, False, True, False]
    assert starts([(0, 1, 1, 5), (0, 1, 0, 6)]) == [True, True]
    assert starts([(0, 1, 1, 5), (1, 1, 1, 6)]) == [True, True]
    assert starts([(0, 1, 1, 5), (0, 2, 1, 6), (0, 1, 1, 6)]) == [True, True, True]
    assert starts([(0, 1, 1, 5), (0, 1, 1, 5)]) == [True, True]


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.integers(0, 2)), max_size=40))
def test_no_answer_names_a_skill_twice(rows: list[tuple[int, int, int, int]]) -> None:
    rows.sort(key=lambda row: row[0])
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    first = akt.answer_starts(*table.T)
    answer = np.cumsum(first)
    assert len({(a, s) for a, s in zip(answer.tolist(), table[:, 3].tolist(), strict=True)}) == len(rows)
    for row in np.flatnonzero(~first):
        assert table[row, :3].tolist() == table[row - 1, :3].tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0,501\n11\n1\n", r"set_test1\.csv, line 3: the file ends within a record of 4 lines; get it again"),
        (TWO.replace("502", "9") + "0,501\n11,x\n1,2\n1,1\n", r"line 6: item is 'x', expected a whole number from 0"),
        ("0,501\n11,12\n1\n1,1\n", r"line 2: 1 skills, but 2 items; every answer needs all of its fields"),
        ("0,501\n11\n1\n7\n", r"line 4: answer is 7, expected 0 or 1"),
        ("501\n11\n1\n1\n", r"line 1: '501'; expected 'row,learner' here"),
        (ONE + ONE, r"line 5: learner '501' was already in line 1"),
        (
            ONE + TWO,
            r"set_test2\.csv, line 1: learner '502' is in set_test1\.csv too; a learner is in one",
        ),
    ],
)
def test_a_bad_line_is_named(folder: Path, content: str, message: str) -> None:
    (folder / "set_test1.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        akt.read(folder)


def test_other_faults_of_the_folder_are_named(folder: Path) -> None:
    (folder / "skill.json").write_text("[1, 2]")
    with pytest.raises(DataError, match=r"skill\.json: expected an object of names and numbers"):
        akt.read(folder)
    (folder / "other_test1.csv").write_text(ONE)
    with pytest.raises(DataError, match=r"files of several sets \(other, set\); keep each in its own folder"):
        akt.read(folder)
    for file in folder.glob("*.csv"):
        file.unlink()
    with pytest.raises(DataError, match=r"no file \*_test1\.csv"):
        akt.read(folder)
