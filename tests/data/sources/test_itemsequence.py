from collections.abc import Callable
from pathlib import Path

import pytest

from lernpfad.core import DataError
from lernpfad.data.sources import itemsequence

Written = Callable[..., Path]


def test_a_line_a_learner(written: Written) -> None:
    dataset = itemsequence.read(written(s__txt="U_9\t10 2 30\nU_1\t2\n"), "s.txt")
    logs = dataset.sequences
    assert dataset.catalog.items.tolist() == ["2", "10", "30"]
    assert logs.learners.tolist() == ["U_9", "U_1"]
    assert logs.lengths.tolist() == [3, 1]
    assert logs.item.tolist() == [1, 0, 2, 0]
    assert logs.outcome.tolist() == [-1] * 4
    assert logs.accepted.all()
    assert logs.time.tolist() == [0, 1, 2, 0]
    assert not dataset.catalog.assessed.any()
    assert dataset.catalog.skills_of(logs.item).tolist() == [[-1]] * 4


def test_a_line_a_row_even_where_learners_alternate(written: Written) -> None:
    logs = itemsequence.read(written(s__txt="b 7\na 7\nb 5\na x\n"), "s.txt").sequences
    assert logs.catalog.items.tolist() == ["5", "7", "x"]
    assert logs.learners.tolist() == ["b", "a"]
    assert logs.item.tolist() == [1, 0, 1, 2]


def test_both_layouts_hold_the_same(written: Written) -> None:
    folder = written(lists__txt="1\t5 6\n2\t6\n", pairs__txt="1 5\n1 6\n2 6\n")
    one, other = (itemsequence.read(folder, file) for file in ("lists.txt", "pairs.txt"))
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a\t1 2\nb\t3 1 3\n",
            r"s\.txt, line 2: learner 'b' has item '3' a second time; remove it, or allow",
        ),
        ("a 1\nb 1\na 1\n", r"line 3: learner 'a' has item '1' a second time"),
        ("a\t1\na\t2\n", r"line 2: learner 'a' was already in line 1; put all rows of a learner together"),
        ("a\t1\nb 2\n", r"line 2: 'b 2' has 1 field; expected 'learner<TAB>item item \.\.\.' in every line"),
        ("a 1\nb 2 3\n", r"line 2: 'b 2 3' has 3 fields; expected 'learner item' in every line"),
        ("a 1\n\nb 2\n\n", r"line 2: '' has 1 field; expected 'learner item' in every line$"),
        ("a\t1\n\t2\n", r"line 2: the learner is empty; mend or remove the line"),
        ("a\t1\nb\t\n", r"line 2: the item is empty; mend or remove the line"),
        ("a\t1\nb\t2  3\n", r"line 2: an item is empty; separate items by one blank each"),
        ("", r"s\.txt: the file is empty; expected a learner and items in each line"),
    ],
)
def test_a_bad_line_is_named(written: Written, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        itemsequence.read(written(s__txt=content), "s.txt")


def test_repeats_where_they_are_allowed(written: Written) -> None:
    logs = itemsequence.read(written(s__txt="a\t1 2 1\n"), "s.txt", repeats=True).sequences
    assert logs.item.tolist() == [0, 1, 0]
