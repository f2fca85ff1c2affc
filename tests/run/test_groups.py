"""Metrics by subgroup: the figures of each group alone, and no group that could be told to be too small."""

import numpy as np
import pytest

from lernpfad.data.dataset import Dataset, Split
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.run import groups
from lernpfad.run.again import TrainedOn
from lernpfad.run.predictions import Predictions
from run import worlds


def predictions(learners=20, answers=12, seed=3):
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(learners), answers)
    number = np.tile(np.arange(1, answers + 1), learners)
    predicted = rng.random(len(owner)).astype(np.float32)
    outcome = (rng.random(len(owner)) < predicted).astype(np.int8)
    return Predictions(predicted, outcome, owner, number, number - 1, np.ones(len(owner), dtype=bool))


def test_a_group_has_the_metrics_of_its_answers_alone():
    found = predictions()
    rows = {row["group"]: row for row in groups.tables(found, None)["history length"]}
    assert list(rows) == ["0", "1 to 4", "5 to 19"]
    of = (found.before >= 1) & (found.before <= 4)
    expected = tracing_metrics(found.predicted[of], found.outcome[of])
    assert (rows["1 to 4"]["learners"], rows["1 to 4"]["answers"]) == (20, 80)
    assert {name: rows["1 to 4"][name] for name in ("auc", "ece")} == {name: expected[name] for name in ("auc", "ece")}
    right = of & (found.outcome == 1)
    assert rows["1 to 4"]["true_positive_rate"] == pytest.approx((found.predicted[right] >= 0.5).mean())


def test_the_starting_level_is_not_told_by_the_answers_that_it_scores():
    found = predictions()
    rows = groups.tables(found, None)["starting level"]
    assert sum(row["answers"] for row in rows) == 20 * (12 - groups.FIRST)


def labels(**sizes):
    """One answer of each learner; group to its number of learners."""
    group = np.concatenate([np.full(size, name) for name, size in sizes.items()])
    return group, np.arange(len(group))


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ({"a": 9, "b": 5}, {"a": 9, "b": 5}),
        ({"a": 9, "b": 3, "c": 2}, {"a": 9, "others": 5}),
        ({"a": 9, "b": 7, "c": 4}, {"a": 9, "others": 11}),  # c alone could be told from the total
        ({"a": 9, "b": 1}, {"others": 10}),
        ({"a": 2, "b": 1}, {"others": 3}),
    ],
)
def test_small_groups_join_the_others(sizes, shown):
    group, owner = labels(**sizes)
    names, counts = np.unique(groups.merged(group, owner), return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == shown


def test_a_learner_with_many_answers_is_one_learner():
    found = predictions(learners=4, answers=200)
    assert groups.tables(found, None) == {}
    assert groups.calibration(found) == []


def test_roles_are_shown_by_name():
    data = worlds.log(learners=24, rows=12)
    role = np.array(["analyst", "engineer"])[np.arange(24) % 2]
    data = Dataset(data.name, data.sequences, learner={"department": role, "fold": np.arange(24)})
    part = data.sequences
    some = np.ones(len(part), dtype=bool)
    tested = TrainedOn(data, Split("all", part, part, part, some, some), {})
    found = predictions(learners=24)
    tables = groups.tables(found, tested)
    assert set(tables) == {"history length", "starting level", "department"}  # a number is no label
    rows = {row["group"]: row for row in tables["department"]}
    mine = np.isin(found.owner, np.flatnonzero(role == "engineer"))
    assert rows["engineer"]["auc"] == tracing_metrics(found.predicted[mine], found.outcome[mine])["auc"]


def test_the_spread_is_least_most_and_their_ratio():
    rows = [{"auc": 0.6}, {"auc": 0.75}, {"auc": float("nan")}]
    assert groups.spread(rows, "auc") == {"least": 0.6, "most": 0.75, "ratio": pytest.approx(0.8)}
    assert groups.spread(rows[:1], "auc") is None


def test_calibration_is_a_row_for_each_bin_with_enough_learners():
    found = predictions()
    rows = groups.calibration(found)
    assert sum(row["answers"] for row in rows) <= len(found.predicted)
    for row in rows:
        inside = (found.predicted >= row["predicted from"]) & (found.predicted < row["to"])
        assert row["correct"] == pytest.approx(found.outcome[inside].mean(), abs=0.02)
        assert len(np.unique(found.owner[inside])) >= groups.FEWEST
