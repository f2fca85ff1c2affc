from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import DataError, Sequences
from lernpfad.data import Dataset, Split
from lernpfad.data.build import check, prepare, sides, write_split
from lernpfad.data.split import LeaveLastOut, Published
from lernpfad.data.windows import Windowed, sliding

Make = Callable[[list[int]], Dataset]


@pytest.fixture
def folded(ordered: Make) -> Dataset:
    return replace(ordered([3, 4, 5]), learner={"fold": np.array([0, 1, -1])})


def whole(train: Sequences, valid: Sequences, test: Sequences) -> Split:
    masks = {f"{name}_scored": np.ones(len(part), dtype=bool) for name, part in (("valid", valid), ("test", test))}
    return Split("planted", train, valid, test, **masks)


def test_prepare_takes_a_data_set_or_what_reads_one(folded: Dataset) -> None:
    read, split = prepare(lambda: folded, Published(fold=1))
    given, same = prepare(folded, Published(fold=1))
    assert read is given is folded
    assert split.train.learners.tolist() == same.train.learners.tolist() == ["l0"]


def test_a_learner_on_two_sides_is_caught(folded: Dataset) -> None:
    logs = folded.sequences
    split = whole(logs.select([0, 1]), logs.select([1]), logs.select([2]))
    with pytest.raises(DataError, match="interaction 0 of learner 'l1' is in train and in valid"):
        check(split, dataset=folded)


def test_a_scored_row_that_was_trained_on_is_caught(folded: Dataset) -> None:
    honest = LeaveLastOut()(folded)
    check(honest, dataset=folded)
    cheat = replace(honest, train=folded.sequences)
    with pytest.raises(DataError, match="interaction 1 of learner 'l0' is in train and in valid"):
        check(cheat, dataset=folded)


def test_a_row_scored_twice_is_caught(folded: Dataset) -> None:
    split = Published(fold=1)(folded)
    windows, _ = sliding(replace(split.test, extra={"learner": np.full(5, 2)}), length=3)
    twice = replace(split, test=windows, test_scored=np.ones(len(windows), dtype=bool))
    with pytest.raises(DataError, match="4 rows of test are there twice"):
        check(twice, dataset=folded)


def test_a_split_without_training_or_test_is_refused(folded: Dataset) -> None:
    logs = folded.sequences
    with pytest.raises(DataError, match="data set 'ordered', split 'planted': no training interactions"):
        check(whole(logs.select([]), logs.select([0]), logs.select([1])), dataset=folded)
    with pytest.raises(DataError, match="nothing to test"):
        check(whole(logs.select([0]), logs.select([1]), logs.select([])), dataset=folded)


def test_sides_count_rows_whether_windowed_or_not(folded: Dataset) -> None:
    plain = sides(Published(fold=1)(folded), dataset=folded)
    assert {part: rows.tolist() for part, rows in plain.items()} == {
        "train": [3, 0, 0],
        "valid": [0, 4, 0],
        "test": [0, 0, 5],
    }
    windowed = sides(Windowed(Published(fold=1), length=4, minimum=1)(folded), dataset=folded)
    assert windowed["train"].tolist() == [3, 0, 0]
    assert windowed["test"].tolist() == [0, 0, 4]


def test_the_split_is_saved(folded: Dataset, tmp_path: Path) -> None:
    split = Published(fold=1)(folded)
    write_split(split, tmp_path / "split.csv", dataset=folded)
    assert (tmp_path / "split.csv").read_text() == 'learner,train,valid,test\n"l0",3,0,0\n"l1",0,4,0\n"l2",0,0,5\n'
