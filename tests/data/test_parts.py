"""A data set in parts is the data set in one piece."""

from pathlib import Path

import numpy as np
import pytest

from data.test_table import same
from lernpfad.core import DataError
from lernpfad.data import Dataset, mapped, table


def some(of: Dataset, learners: slice) -> Dataset:
    columns = {name: column[learners] for name, column in of.learner.items()}
    return Dataset(of.name, of.sequences.select(learners), learner=columns, roles=of.roles)


@pytest.fixture
def parted(small: Dataset, tmp_path: Path) -> Path:
    """`small` in two parts, the later one written first."""
    folder = tmp_path / small.name
    table.write_shared(small, folder)
    table.write_part(some(small, slice(1, None)), folder, part="1")
    table.write_part(some(small, slice(0, 1)), folder, part="0")
    return folder


def test_parts_read_as_the_whole(small: Dataset, parted: Path) -> None:
    same(table.read(parted), small)


def test_parts_come_one_at_a_time_and_are_mapped_as_the_whole(small: Dataset, parted: Path, tmp_path: Path) -> None:
    one, rest = table.read_parts(parted)
    same(one, some(small, slice(0, 1)))
    same(rest, some(small, slice(1, None)))
    folder = mapped.write(table.read_parts(parted), tmp_path / "mapped")
    same(mapped.read(folder, name=small.name), small)


def test_what_is_in_one_piece_is_one_part(small: Dataset, tmp_path: Path) -> None:
    table.write(small, tmp_path)
    (whole,) = table.read_parts(tmp_path)
    same(whole, small)


def test_a_draft_is_no_part(small: Dataset, parted: Path) -> None:
    (parted / "interactions" / ".2.parquet").write_bytes(b"half")
    same(table.read(parted), small)


def test_a_whole_takes_the_place_of_parts(small: Dataset, parted: Path) -> None:
    table.write(some(small, slice(0, 1)), parted)
    assert len(table.read(parted).sequences.learners) == 1


def test_parts_and_a_whole_are_refused(small: Dataset, parted: Path, tmp_path: Path) -> None:
    table.write(small, tmp_path / "whole")
    (tmp_path / "whole" / "interactions.parquet").rename(parted / "interactions.parquet")
    with pytest.raises(DataError, match=r"both interactions\.parquet and interactions/ are here"):
        table.read(parted)


def test_a_learner_in_two_parts_is_refused(small: Dataset, parted: Path) -> None:
    table.write_part(some(small, slice(0, 1)), parted, part="2")
    with pytest.raises(DataError, match=r"interactions, row \d+: this row is earlier than the learner's row before"):
        table.read(parted)


def test_a_damaged_part_is_named(parted: Path) -> None:
    (parted / "interactions" / "1.parquet").write_bytes(b"half")
    with pytest.raises(DataError, match=r"interactions.1.parquet: not a readable Parquet file"):
        table.read(parted)


def test_roles_and_rows_stay_together(small: Dataset, parted: Path) -> None:
    back = table.read(parted)
    for name, column in small.learner.items():
        np.testing.assert_array_equal(back.learner[name], column)
