"""Strong generalisation and cold items; what every split promises is refused where it does not hold; manifests."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Catalog, ConfigError, LawBroken, Sequences
from lernpfad.core.laws import check_split
from lernpfad.data import Dataset
from lernpfad.data.build import check, prepare
from lernpfad.data.ranking_splits import ColdItems, StrongGeneralisation
from lernpfad.data.split import ByLearner, ByTime, LeaveLastOut

Make = Callable[[list[int]], Dataset]


def clocked(learners: int = 40, items: int = 20, seed: int = 0) -> Dataset:
    """Times 0, 1, 2, ... over all learners; item i is first on offer when i / items of the log is through."""
    rng = np.random.default_rng(seed)
    rows = learners * 10
    item = np.asarray([rng.integers(0, 1 + items * t // rows) for t in range(rows)])
    owner = rng.permutation(np.repeat(np.arange(learners), 10))
    order = np.lexsort((np.arange(rows), owner))
    catalog = Catalog.of([f"i{k}" for k in range(items)], ["s"], [[0]] * items)
    names = [f"l{j}" for j in range(learners)]
    lengths = np.bincount(owner, minlength=learners)
    logs = Sequences.of(catalog, names, lengths, item[order], -np.ones(rows), time=1e9 + order.astype(float))
    return Dataset("clocked", logs)


def test_strong_generalisation_is_the_published_draw(ordered: Make) -> None:
    split = StrongGeneralisation(test=3, valid=2, history=0.8)(ordered([9] * 10))
    drawn = np.random.RandomState(0).permutation(10)
    assert split.test.learners.tolist() == [f"l{j}" for j in sorted(drawn[:3])]
    assert split.valid.learners.tolist() == [f"l{j}" for j in sorted(drawn[3:5])]
    assert split.train.learners.tolist() == [f"l{j}" for j in sorted(drawn[5:])]
    np.testing.assert_array_equal(split.test_scored, split.test.position >= int(0.8 * 9))
    np.testing.assert_array_equal(split.valid_scored, split.valid.position >= int(0.8 * 9))
    check_split(split)
    assert not split.leaky


@given(st.lists(st.integers(1, 12), min_size=4, max_size=30), st.integers(0, 3))
def test_no_learner_of_strong_generalisation_is_in_training(lengths: list[int], seed: int) -> None:
    catalog = Catalog.of(["a"], ["s"], [[0]])
    rows = np.zeros(sum(lengths), dtype=np.int64)
    names = [f"l{j}" for j in range(len(lengths))]
    dataset = Dataset("any", Sequences.of(catalog, names, lengths, rows, rows))
    split = StrongGeneralisation(test=2, valid=1, history=0.5, seed=seed)(dataset)
    check(split, dataset=dataset)
    check_split(split)
    assert len(split.train) + len(split.valid) + len(split.test) == sum(lengths)


def test_strong_generalisation_leaves_somebody_to_train_on(ordered: Make) -> None:
    with pytest.raises(ConfigError, match="test=2 and valid=3 leave none of the 5 learners of data set 'ordered'"):
        StrongGeneralisation(test=2, valid=3)(ordered([2] * 5))
    with pytest.raises(ConfigError, match=r"history in \[0, 1\), got test=5, valid=5, history=1"):
        StrongGeneralisation(test=5, valid=5, history=1)


def test_items_that_came_after_the_cut_are_cold() -> None:
    dataset = clocked()
    inner = ByTime(test_quantile=0.8, valid_quantile=0.6)
    _, split = prepare(dataset, ColdItems(inner))
    check_split(split, by_learner=False)
    logs, whole = dataset.sequences, inner(dataset)
    assert split.cuts is not None
    came = np.asarray([logs.time[logs.item == i].min() for i in range(20)])
    new = set(np.flatnonzero(came > split.cuts[0]).tolist())
    assert set(split.test.item[split.test_scored].tolist()) <= new
    expected = np.isin(whole.test.item[whole.test_scored], list(new)).sum()
    assert split.test_scored.sum() == expected > 0
    assert len(split.train) == len(whole.train)
    assert split.cold


def test_her_history_is_what_precedes_the_first_cold_row() -> None:
    split = ColdItems(ByTime(test_quantile=0.8, valid_quantile=0.6))(clocked())
    assert not split.test_scored.all()
    last = split.test.offsets[1:] - 1
    assert split.test_scored[last].all()  # nothing comes after the last row to be found


def test_a_drawn_share_of_items_is_taken_out_of_training(ordered: Make) -> None:
    """The draw is by item id alone: blake2b of (seed, "cold", id)."""
    dataset = ordered([30] * 40)
    split = ColdItems(ByLearner(test=0.3), share=0.2)(dataset)
    check_split(split)
    cold = set(split.test.item[split.test_scored].tolist())
    assert 1 <= len(cold) <= 14
    assert not cold & set(split.train.item.tolist())
    assert cold | set(split.train.item.tolist()) == set(range(30))
    assert set(split.valid.item[split.valid_scored].tolist()) == cold
    other = ColdItems(ByLearner(test=0.3), share=0.2, seed=1)(dataset)
    assert set(other.test.item[other.test_scored].tolist()) != cold
    with pytest.raises(ConfigError, match=r"ColdItems: share=1\.0, expected"):
        ColdItems(ByLearner(), share=1.0)


def test_a_promise_that_does_not_hold_is_refused(ordered: Make) -> None:
    dataset = ordered([4] * 30)
    split = ByLearner(history=0.5)(dataset)
    check(split, dataset=dataset)
    with pytest.raises(LawBroken, match="breaks cold_items_untrained"):
        check(replace(split, cold=True), dataset=dataset)
    with pytest.raises(LawBroken, match="breaks learner_on_one_side"):
        check(replace(LeaveLastOut()(dataset), by_learner=True), dataset=dataset)
    with pytest.raises(LawBroken, match="breaks cuts_kept"):
        check(replace(LeaveLastOut()(dataset), cuts=(0.5, 2.0)), dataset=dataset)


def test_the_same_learners_validate_and_are_tested_in_a_sample(ordered: Make) -> None:
    split = LeaveLastOut(sample=4)(ordered([5] * 12))
    assert split.valid.learners.tolist() == split.test.learners.tolist()
    assert split.valid.item[split.valid_scored].tolist() == [3] * 4
    assert split.test.item[split.test_scored].tolist() == [4] * 4
    assert len(split.train.learners) == 12


def test_a_manifest_is_json_and_differs_where_the_division_does() -> None:
    dataset = clocked()
    cut, other = (ByTime(test_quantile=q, valid_quantile=0.6)(dataset) for q in (0.8, 0.9))
    told = json.loads(json.dumps(cut.manifest()))
    assert told == ByTime(test_quantile=0.8, valid_quantile=0.6)(clocked()).manifest()
    assert told["cuts"] == pytest.approx(list(cut.cuts or ()))
    assert told["parts"]["test"]["scored"] == int(cut.test_scored.sum())
    assert told["parts"]["train"] == other.manifest()["parts"]["train"]
    assert told["parts"]["test"]["scored_sha256"] != other.manifest()["parts"]["test"]["scored_sha256"]
    moved = replace(cut, train=replace(cut.train, item=cut.train.item[::-1].copy()))
    assert moved.manifest()["parts"]["train"]["rows_sha256"] != told["parts"]["train"]["rows_sha256"]
    assert moved.manifest()["parts"]["train"]["learners_sha256"] == told["parts"]["train"]["learners_sha256"]
