from collections.abc import Callable
from pathlib import Path

import pytest

from lernpfad.core import DataError
from lernpfad.data.sources import pykt

Written = Callable[..., Path]
TRAIN = 'fold,uid,concepts,responses\n0,16,"9,9,30","0,1,1"\n1,4,"30","1"\n'
TEST = 'fold,uid,concepts,responses,cidxs\n-1,7,"10,9","1,0","0,1"\n'


def test_golden(written: Written) -> None:
    dataset = pykt.read(written(train_valid__csv=TRAIN, test__csv=TEST), name="made-up")
    logs = dataset.sequences
    assert dataset.name == "made-up"
    assert logs.learners.tolist() == ["16", "4", "7"]
    assert logs.lengths.tolist() == [3, 1, 2]
    assert dataset.catalog.items.tolist() == dataset.catalog.skills.tolist() == ["9", "10", "30"]
    assert dataset.catalog.item_skills.tolist() == [[0], [1], [2]]
    assert logs.item.tolist() == [0, 0, 2, 2, 1, 0]
    assert logs.outcome.tolist() == [0, 1, 1, 1, 1, 0]
    assert logs.time.tolist() == [0, 1, 2, 0, 0, 1]
    assert logs.accepted.all()
    assert dataset.learner["fold"].tolist() == [0, 1, -1]


def test_windows_line_ends_change_nothing(written: Written) -> None:
    plain = pykt.read(written(train_valid__csv=TRAIN, test__csv=TEST)).fingerprint
    folder = written()
    (folder / "train_valid.csv").write_bytes(TRAIN.replace("\n", "\r\n").encode())
    assert pykt.read(folder).fingerprint == plain


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('0,1,"3,x","0,1"', r"train_valid\.csv, line 3: a concept is 'x', expected a whole number from 0; mend"),
        ('0,1,"3,-1","0,1"', r"line 3: a concept is '-1', expected a whole number from 0"),
        ('0,1,"3,","0,1"', r"line 3: a concept is '', expected a whole number from 0"),
        ('0,1,"3,4","0,2"', r"line 3: a response is 2, expected 0 or 1; mend the answer"),
        ('0,1,"3,4","0,1,1"', r"line 3: 3 responses, but 2 concepts; every answer needs all of its fields"),
        ('0,5,"3","1"', r"line 3: learner '5' was already in line 2; put all rows of a learner together"),
        ('0,1.5,"3","1"', r"line 3: uid is '1\.5', expected a whole number"),
        ('x,1,"3","1"', r"line 3: fold is 'x'; expected 0, 1, 2, \.\.\. in this file"),
        ('-1,1,"3","1"', r"line 3: fold is '-1'; expected 0, 1, 2, \.\.\. in this file"),
        ('0,1,"3"', r"line 3: 3 fields, expected 4; mend or remove it"),
        ('\n0,1,"3","1"', r"line 3: uid is '', expected a whole number"),
        ('0,1,"a","1"\n0,2,"3","1"\n0,3,"b","1"', r"line 3: a concept is 'a'.* \(and 1 more bad line\)$"),
        ('0,1,"a","1"\n0,2,"b","1"\n0,3,"c","1"', r"line 3: a concept is 'a'.* \(and 2 more bad lines\)$"),
    ],
)
def test_a_bad_line_is_named(written: Written, rows: str, message: str) -> None:
    folder = written(train_valid__csv=f'fold,uid,concepts,responses\n0,5,"1","1"\n{rows}\n', test__csv=TEST)
    with pytest.raises(DataError, match=message):
        pykt.read(folder)


def test_a_missing_column_is_named(written: Written) -> None:
    folder = written(train_valid__csv='fold,uid,skills,responses\n0,5,"1","1"\n', test__csv=TEST)
    with pytest.raises(DataError, match=r"line 1: no column 'concepts' in 'fold,uid,skills,responses'; expected fold,"):
        pykt.read(folder)


def test_a_learner_on_both_sides_is_refused(written: Written) -> None:
    folder = written(train_valid__csv=TRAIN, test__csv=TEST + '-1,4,"30","1","2"\n')
    with pytest.raises(DataError, match=r"test\.csv, line 3: learner '4' is in train_valid\.csv too"):
        pykt.read(folder)


def test_text_in_another_encoding_is_named(written: Written) -> None:
    folder = written(test__csv=TEST)
    (folder / "train_valid.csv").write_bytes(TRAIN.encode() + b'0,\xff,"1","1"\n')
    with pytest.raises(DataError, match=r"train_valid\.csv, line 4: this is not UTF-8 text; save the file as UTF-8"):
        pykt.read(folder)
