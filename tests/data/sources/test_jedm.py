from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from lernpfad.core import DataError
from lernpfad.data.sources import jedm

Written = Callable[..., Path]
HEAD = "user_id\titem_id\ttimestamp\tcorrect\tskill_id\n"
TRAIN = HEAD + "8\t2\t0\t1\t5\n8\t0\t0\t0\t4\n3\t0\t0\t1\t4\n"
TEST = HEAD + "1\t1\t0\t0\t4\n"


@pytest.fixture
def folder(written: Written) -> Path:
    """Three items on two skills; item 2 has both."""
    path = written(preprocessed_data_train__csv=TRAIN, preprocessed_data_test__csv=TEST)
    sparse.save_npz(path / "q_mat.npz", sparse.csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])))
    return path


def test_golden(folder: Path) -> None:
    dataset = jedm.read(folder)
    logs = dataset.sequences
    assert logs.learners.tolist() == ["8", "3", "1"]
    assert logs.lengths.tolist() == [2, 1, 1]
    assert logs.item.tolist() == [2, 0, 0, 1]
    assert logs.outcome.tolist() == [1, 0, 1, 0]
    assert logs.time.tolist() == [0, 1, 0, 0]
    assert [sorted(row[row >= 0].tolist()) for row in dataset.catalog.item_skills] == [[0], [1], [0, 1]]
    assert (np.diff((dataset.catalog.item_skills >= 0).astype(int), axis=1) <= 0).all()
    assert dataset.learner["part"].tolist() == ["train", "train", "test"]


def test_one_answer_is_one_row_however_many_skills(folder: Path) -> None:
    assert len(jedm.read(folder).sequences) == 4


def test_a_single_file_has_no_parts_and_keeps_its_clock(folder: Path) -> None:
    (folder / "preprocessed_data_train.csv").unlink()
    (folder / "preprocessed_data_test.csv").write_text(HEAD + "1\t1\t70\t0\t4\n1\t0\t95\t1\t4\n")
    dataset = jedm.read(folder)
    assert dataset.learner == {}
    assert dataset.sequences.time.tolist() == [70.0, 95.0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1\tx\t0\t0\t4", r"preprocessed_data_test\.csv, line 2: item_id is 'x', expected a whole number from 0"),
        (
            "1\t3\t0\t0\t4",
            r"line 2: item 3 is not in q_mat\.npz, which has 3 rows; take table and matrix",
        ),
        ("1\t1\t0\t5\t4", r"line 2: correct is 5, expected 0 or 1"),
        ("1\t1\t0\t0", r"line 2: 4 fields, expected 5; mend or remove it"),
        ("1\t1\t9\t0\t4\n1\t0\t8\t0\t4", r"line 3: timestamp 8 is before 9 of the row above; sort each learner's rows"),
        ("1\t1\t9\t0\t4\n1\t0\t9\t0\t4\n1\t1\t9\t1\t4", r"line 4: learner 1 has item 1 at 9 twice; one answer is one"),
        ("1\t1\t0\t0\t4\n2\t1\t0\t0\t4\n1\t1\t0\t0\t4", r"line 4: learner '1' was already in line 2; put all rows"),
        ("8\t1\t0\t0\t4", r"line 2: learner '8' is in preprocessed_data_train\.csv too; a learner is on one side only"),
    ],
)
def test_a_bad_line_is_named(folder: Path, rows: str, message: str) -> None:
    (folder / "preprocessed_data_test.csv").write_text(f"{HEAD}{rows}\n")
    with pytest.raises(DataError, match=message):
        jedm.read(folder)


def test_repeats_without_a_clock_are_answers_of_their_own(folder: Path) -> None:
    (folder / "preprocessed_data_test.csv").write_text(HEAD + "1\t1\t0\t0\t4\n1\t1\t0\t0\t4\n")
    assert jedm.read(folder).sequences.lengths.tolist() == [2, 1, 2]


def test_missing_and_damaged_files_are_named(folder: Path) -> None:
    (folder / "q_mat.npz").write_bytes(b"no matrix")
    with pytest.raises(DataError, match=r"q_mat\.npz: not a sparse matrix of scipy"):
        jedm.read(folder)
    (folder / "q_mat.npz").unlink()
    with pytest.raises(DataError, match=r"q_mat\.npz: no such file"):
        jedm.read(folder)
    for file in folder.glob("*.csv"):
        file.unlink()
    with pytest.raises(DataError, match=r"neither preprocessed_data_train\.csv nor preprocessed_data_test\.csv is"):
        jedm.read(folder)
