from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lernpfad.core import Catalog, DataError, Roles, Sequences
from lernpfad.data import Dataset, table
from lernpfad.data.sources import table as source

Written = Callable[..., Path]
FORMATS = ["parquet", "csv"]
NAME = st.text(st.characters(exclude_characters="|\n\r\0", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)


def same(one: Dataset, other: Dataset) -> None:
    """Assert equality array by array, so that a failure names the array."""
    for (name, a), (_, b) in zip(one._arrays(), other._arrays(), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
    assert one.fingerprint == other.fingerprint


@pytest.mark.parametrize("format", FORMATS)
def test_write_then_read_gives_the_same(small: Dataset, tmp_path: Path, format: Literal["parquet", "csv"]) -> None:
    table.write(small, tmp_path, format=format)
    same(source.read(tmp_path), small)
    assert source.read(tmp_path, name="x").name == "x"
    assert source.read(tmp_path).name == tmp_path.name


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    items, skills = (draw(st.lists(NAME, min_size=1, max_size=5, unique=True)) for _ in range(2))
    learners = draw(st.lists(NAME, min_size=1, max_size=4, unique=True))
    row_skills = st.lists(st.integers(0, len(skills) - 1), max_size=3, unique=True)
    minutes = st.floats(0, 1e4, allow_subnormal=False)
    catalog = Catalog.of(
        items,
        skills,
        [draw(row_skills) for _ in items],
        minutes=[draw(minutes) for _ in items],
        kind=[draw(st.integers(0, 3)) for _ in items],
    )
    lengths = [draw(st.integers(0, 4)) for _ in learners]
    rows = sum(lengths)
    accepted = np.array([draw(st.booleans()) for _ in range(rows)], dtype=bool)
    logs = Sequences.of(
        catalog,
        learners,
        lengths,
        np.array([draw(st.integers(0, len(items) - 1)) for _ in range(rows)], dtype=np.int64),
        np.where(accepted, [draw(st.integers(-1, 1)) for _ in range(rows)], -1),
        accepted=accepted,
        minutes=np.array([draw(st.floats(0, 1e4, width=32, allow_subnormal=False)) for _ in range(rows)]),
        time=1e9 + np.cumsum([draw(st.floats(0.001, 1e6)) for _ in range(rows)]),
        extra={"propensity": np.array([draw(st.floats(0, 1, allow_subnormal=False)) for _ in range(rows)])},
    )
    return Dataset("drawn", logs)


def test_an_empty_log_comes_back(tmp_path: Path) -> None:
    logs = replace(Sequences.empty(Catalog.of(["a"], ["x"], [[0]])), extra={"propensity": np.empty(0)})
    table.write(Dataset("empty", logs), tmp_path, format="csv")
    same(table.read(tmp_path), Dataset("empty", logs))


@pytest.mark.parametrize("value", [0.0, 1.0, 3e14, 1e15, 2e22, 0.5])
def test_whole_floats_come_back_from_csv_as_floats(tmp_path: Path, value: float) -> None:
    catalog = Catalog.of(["a"], ["x"], [[0]])
    logs = Sequences.of(catalog, ["l"], [2], np.zeros(2, dtype=int), np.ones(2), extra={"far": np.full(2, value)})
    table.write(Dataset("whole", logs), tmp_path, format="csv")
    same(table.read(tmp_path), Dataset("whole", logs))
    assert table.read(tmp_path).sequences.extra["far"].dtype == np.float64


@given(datasets(), st.sampled_from(FORMATS))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_data_set_comes_back(tmp_path: Path, dataset: Dataset, format: Literal["parquet", "csv"]) -> None:
    table.write(dataset, tmp_path, format=format)
    same(table.read(tmp_path), dataset)


def test_writing_replaces_what_was_there(small: Dataset, tmp_path: Path) -> None:
    table.write(small, tmp_path, format="csv")
    plain = replace(small, roles=None, learner={})
    table.write(plain, tmp_path)
    same(table.read(tmp_path), plain)
    assert not list(tmp_path.glob("*.csv"))


def test_the_least_that_is_needed(written: Written) -> None:
    dataset = table.read(written(interactions__csv="learner,item\n2,b\n1,a\n2,a\n", items__csv="item\na\nb\n"))
    logs = dataset.sequences
    assert logs.learners.tolist() == ["2", "1"]
    assert logs.item.tolist() == [1, 0, 0]
    assert logs.time.tolist() == [0, 1, 0]
    assert logs.accepted.all()
    assert logs.outcome.tolist() == [-1, -1, -1]
    assert logs.minutes.tolist() == [5, 5, 5]
    assert len(dataset.catalog.skills) == 0
    assert dataset.roles is None


def test_skills_without_a_table_come_in_order_of_appearance(written: Written) -> None:
    folder = written(interactions__csv="learner,item\n1,a\n", items__csv="item,skills\na,z|y\nb,\nc,x|z\n")
    catalog = table.read(folder).catalog
    assert catalog.skills.tolist() == ["z", "y", "x"]
    assert catalog.item_skills.tolist() == [[0, 1], [-1, -1], [2, 0]]


def test_dates_become_seconds(written: Written) -> None:
    rows = "learner,item,time\n1,a,2026-01-01T00:00:00Z\n1,a,2026-01-01T00:01:00.5Z\n"
    logs = table.read(written(interactions__csv=rows, items__csv="item\na\n")).sequences
    assert logs.time.tolist() == [1767225600.0, 1767225660.5]


def test_truth_in_words_and_numbers(written: Written) -> None:
    for yes, no in (("true", "false"), ("1", "0"), ("True", "False")):
        rows = f"learner,item,accepted\n1,a,{yes}\n1,b,{no}\n"
        logs = table.read(written(interactions__csv=rows, items__csv="item\na\nb\n")).sequences
        assert logs.accepted.tolist() == [True, False]


def test_a_later_version_of_a_role_keeps_what_it_does_not_name(written: Written) -> None:
    folder = written(
        interactions__csv="learner,item\nada,a\n",
        items__csv="item,skills\na,s|t\n",
        learners__csv="learner,role,team\nada,dev,blue\nbea,,red\n",
        roles__csv="role,skill,valid_from,level,weight\ndev,s,0,.5,1\ndev,t,0,.6,2\ndev,s,100,.7,1\nops,t,100,.1,1\n",
    )
    dataset = table.read(folder)
    assert dataset.roles is not None
    assert dataset.roles.names.tolist() == ["dev", "ops"]
    assert dataset.roles.level.tolist() == [[[0.5, 0.6], [0.0, 0.0]], [[0.7, 0.6], [0.0, 0.1]]]
    assert dataset.roles.weight.tolist() == [[[1, 2], [0, 0]], [[1, 2], [0, 1]]]
    assert dataset.learner["role"].tolist() == [0, -1]
    assert dataset.learner["team"].tolist() == ["blue", "red"]
    assert dataset.sequences.lengths.tolist() == [1, 0]


def test_checksums_are_kept(small: Dataset, tmp_path: Path) -> None:
    table.write(small, tmp_path)
    with pytest.raises(DataError, match=r"items\.parquet: sha256 of the unpacked content is"):
        source.read(tmp_path, sha256={"items.parquet": "00"})


def test_what_the_layout_cannot_hold_is_refused(small: Dataset, tmp_path: Path) -> None:
    logs = small.sequences

    def refused(dataset: Dataset, message: str) -> None:
        with pytest.raises(DataError, match=message):
            table.write(dataset, tmp_path / "never")
        assert not (tmp_path / "never").exists()

    refused(replace(small, sequences=replace(logs, extra={"learner": logs.item})), "further column 'learner' has the")
    refused(replace(small, sequences=replace(logs, item=logs.item - 1)), "an item that the catalog does not hold")
    refused(replace(small, roles=None), "learners have roles, but the data set has none to name them")
    odd = replace(logs, learners=np.array(["ada\n", "b", "c"]))
    refused(replace(small, sequences=odd), r"learner id 'ada\\n' cannot be written")
    barred = replace(small.catalog, skills=np.array(["a|b", "c", "d"]))
    refused(replace(small, sequences=replace(logs, catalog=barred)), r"skill id 'a\|b' cannot be written")


def test_many_versions_of_roles_come_back(small: Dataset, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    roles = Roles(np.array(["r0", "r1"]), np.arange(5.0), rng.random((5, 2, 3)), rng.random((5, 2, 3)))
    table.write(replace(small, roles=roles), tmp_path, format="csv")
    same(table.read(tmp_path), replace(small, roles=roles))
