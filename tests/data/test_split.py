from collections.abc import Callable
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Catalog, ConfigError, DataError, Sequences
from lernpfad.data import Dataset
from lernpfad.data.build import check, sides
from lernpfad.data.split import ByLearner, ByTime, LeaveLastOut, Published, uniform

Make = Callable[[list[int]], Dataset]
LENGTHS = st.lists(st.integers(0, 9), min_size=1, max_size=30)


def timed(times: list[list[float]]) -> Dataset:
    catalog = Catalog.of(["a"], ["s"], [[0]])
    flat = np.array([t for row in times for t in row])
    names = [f"l{j}" for j in range(len(times))]
    zeros = np.zeros(len(flat), dtype=np.int64)
    return Dataset("timed", Sequences.of(catalog, names, [len(row) for row in times], zeros, zeros, time=flat))


def names(part: Sequences) -> list[str]:
    return part.learners.tolist()


def test_hash_is_the_same_on_every_machine() -> None:
    drawn = uniform(np.array(["ada", "bea", "7"]), seed=0, purpose="test")
    # blake2b, eight bytes, of 'seed, purpose, id' joined by the unit separator; the upper 53 bits as a fraction
    assert drawn.tolist() == [0.9229179925914702, 0.12938888162077467, 0.05173255151377587]


def test_hash_is_uniform_and_purposes_are_independent() -> None:
    ids = np.arange(20_000).astype(np.str_)
    one, other = (uniform(ids, seed=3, purpose=purpose) for purpose in ("test", "fold"))
    assert abs(one.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02
    np.testing.assert_allclose(np.bincount((other * 5).astype(int)) / len(ids), 0.2, atol=0.01)


def test_by_learner_is_a_partition_and_scores_every_held_out_row(ordered: Make) -> None:
    dataset = ordered([1 + j % 4 for j in range(200)])
    split = ByLearner(test=0.2, fold=1, seed=4)(dataset)
    parts = [names(split.train), names(split.valid), names(split.test)]
    assert sorted(chain(*parts)) == sorted(names(dataset.sequences))
    assert split.valid_scored.all()
    assert split.test_scored.all()
    assert not split.leaky
    assert 25 <= len(split.test.learners) <= 55


def test_every_learner_validates_in_exactly_one_fold_and_the_test_stays(ordered: Make) -> None:
    dataset = ordered([2] * 100)
    splits = [ByLearner(fold=fold)(dataset) for fold in range(5)]
    validated = list(chain.from_iterable(names(split.valid) for split in splits))
    assert len(validated) == len(set(validated))
    assert {tuple(names(split.test)) for split in splits} == {tuple(names(splits[0].test))}
    assert sorted(validated + names(splits[0].test)) == sorted(names(dataset.sequences))


def test_who_is_held_out_does_not_depend_on_who_else_is_there(ordered: Make) -> None:
    everybody, some = ordered([2] * 100), ordered([2] * 40)
    held_out = set(names(ByLearner()(everybody).test))
    assert set(names(ByLearner()(some).test)) == held_out & set(names(some.sequences))


def test_history_gives_the_first_share_of_a_held_out_history(ordered: Make) -> None:
    split = ByLearner(test=0.5, history=0.8)(ordered([10] * 30))
    np.testing.assert_array_equal(split.test_scored, split.test.position >= 8)


@given(LENGTHS, st.integers(0, 4), st.integers(0, 5))
def test_no_learner_on_both_sides(lengths: list[int], fold: int, seed: int) -> None:
    catalog = Catalog.of(["a"], ["s"], [[0]])
    rows = np.zeros(sum(lengths), dtype=np.int64)
    logs = Sequences.of(catalog, [f"l{j}" for j in range(len(lengths))], lengths, rows, rows)
    split = ByLearner(test=0.3, fold=fold, seed=seed)(Dataset("any", logs))
    train, valid, test = (set(names(part)) for part in (split.train, split.valid, split.test))
    assert not train & valid | train & test | valid & test
    assert len(split.train) + len(split.valid) + len(split.test) == len(logs)


@pytest.mark.parametrize("wrong", [{"fold": 5}, {"fold": -1}, {"folds": 1}, {"test": 1.0}, {"history": -0.1}])
def test_by_learner_refuses_impossible_settings(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="ByLearner: "):
        ByLearner(**wrong)


def test_published_folds_with_a_fixed_test(ordered: Make) -> None:
    dataset = replace(ordered([1] * 5), learner={"fold": np.array([0, 1, 2, 1, -1])})
    split = Published(fold=1)(dataset)
    assert (names(split.train), names(split.valid), names(split.test)) == (["l0", "l2"], ["l1", "l3"], ["l4"])


def test_published_folds_tested_in_turn(ordered: Make) -> None:
    dataset = replace(ordered([1] * 6), learner={"fold": np.array([1, 2, 3, 4, 5, 0])})
    split = Published(fold=2)(dataset)
    assert (names(split.train), names(split.valid), names(split.test)) == (["l0", "l3", "l4", "l5"], ["l2"], ["l1"])
    last = Published(fold=5)(dataset)
    assert (names(last.train), names(last.valid), names(last.test)) == (["l1", "l2", "l3", "l5"], ["l0"], ["l4"])


def test_published_parts_draw_validation_from_training_alone(ordered: Make) -> None:
    part = np.repeat(["train", "test"], [200, 50])
    dataset = replace(ordered([1] * 250), learner={"part": part})
    split, other = Published()(dataset), Published(seed=1)(dataset)
    assert names(split.test) == names(dataset.sequences)[200:]
    assert 25 <= len(split.valid.learners) <= 55
    assert set(names(split.valid)) != set(names(other.valid))
    assert not set(names(split.valid)) & set(names(split.test))


def test_published_names_the_folds_there_are(ordered: Make) -> None:
    turns = replace(ordered([1] * 3), learner={"fold": np.array([1, 2, 0])})
    with pytest.raises(ConfigError, match="data set 'ordered' has no fold 0; its folds are 1 to 2"):
        Published(fold=0)(turns)
    fixed = replace(ordered([1] * 3), learner={"fold": np.array([0, 1, -1])})
    with pytest.raises(ConfigError, match="has no fold 7; its folds are 0 to 1"):
        Published(fold=7)(fixed)


def test_published_needs_a_published_split(ordered: Make) -> None:
    with pytest.raises(DataError, match="no learner column 'part' or 'fold'; use ByLearner"):
        Published()(ordered([1]))
    odd = replace(ordered([1, 1]), learner={"part": np.array(["train", "dev"])})
    with pytest.raises(DataError, match="learner 'l1' is in part 'dev', expected 'train' or 'test'"):
        Published()(odd)


def test_by_time_cuts_once_for_all_and_lets_history_across() -> None:
    # times 1..10: the .4 quantile is 4.6, the .7 quantile 7.3
    dataset = timed([[1.0, 5.0, 9.0], [2.0, 3.0], [4.0, 6.0, 7.0], [8.0, 10.0]])
    split = ByTime(test_quantile=0.7, valid_quantile=0.4)(dataset)
    assert split.train.time.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert names(split.train) == ["l0", "l1", "l2"]
    assert names(split.valid) == ["l0", "l2"]
    assert split.valid.time.tolist() == [1.0, 5.0, 4.0, 6.0, 7.0]
    assert split.valid_scored.tolist() == [False, True, False, True, True]
    assert names(split.test) == ["l0", "l3"]
    assert split.test.time.tolist() == [1.0, 5.0, 9.0, 8.0, 10.0]
    assert split.test_scored.tolist() == [False, False, True, True, True]
    assert not split.leaky


@given(st.lists(st.lists(st.integers(0, 50), max_size=8).map(sorted), min_size=1, max_size=12))
def test_by_time_no_training_row_is_later_than_a_scored_one(times: list[list[int]]) -> None:
    dataset = timed([[100.5 + t for t in row] for row in times])
    if not len(dataset.sequences):
        return
    split = ByTime(test_quantile=0.8, valid_quantile=0.5)(dataset)
    scored = [split.valid.time[split.valid_scored], split.test.time[split.test_scored]]
    assert split.train.time.max(initial=-np.inf) < scored[0].min(initial=np.inf)
    assert scored[0].max(initial=-np.inf) < scored[1].min(initial=np.inf)
    assert len(split.train) + len(scored[0]) + len(scored[1]) == len(dataset.sequences)


def test_by_time_needs_a_clock(ordered: Make) -> None:
    with pytest.raises(DataError, match="data set 'ordered' has an order but no clock, so no cut in time; use ByLea"):
        ByTime()(ordered([3, 2]))
    with pytest.raises(ConfigError, match=r"expected 0 < valid_quantile <= test_quantile < 1, got 0\.9 and 0\.8"):
        ByTime(test_quantile=0.8, valid_quantile=0.9)


def test_leave_last_out_by_hand(ordered: Make) -> None:
    split = LeaveLastOut()(ordered([4, 2, 1, 3]))
    assert split.leaky
    assert split.train.item.tolist() == [0, 1, 0, 0, 0]
    assert split.valid.item[split.valid_scored].tolist() == [2, 1]
    assert names(split.valid) == ["l0", "l3"]
    assert split.test.item.tolist() == [0, 1, 2, 3, 0, 1, 0, 1, 2]
    assert split.test.item[split.test_scored].tolist() == [3, 1, 2]


def test_leave_last_out_without_validation_trains_on_all_but_the_last(ordered: Make) -> None:
    split = LeaveLastOut(validate=False)(ordered([4, 2, 1]))
    assert split.train.item.tolist() == [0, 1, 2, 0, 0]
    assert not split.valid_scored.any()
    assert len(split.valid.learners) == 0


def test_leave_last_out_scores_the_sample_that_papers_draw(ordered: Make) -> None:
    split = LeaveLastOut(sample=3)(ordered([3] * 10))
    picked = np.random.RandomState(0).choice(10, 3, replace=False)
    assert names(split.test) == [f"l{j}" for j in sorted(picked)]
    assert split.test_scored.sum() == 3
    assert len(split.train) == 3 * 1 + 7 * 2  # only who is scored has a last but one held out
    with pytest.raises(ConfigError, match="sample=11, but there are 10 learners"):
        LeaveLastOut(sample=11)(ordered([3] * 10))


@given(LENGTHS)
def test_leave_last_out_puts_every_row_on_one_side(lengths: list[int]) -> None:
    catalog = Catalog.of(["a"], ["s"], [[0]])
    rows = np.zeros(sum(lengths), dtype=np.int64)
    dataset = Dataset("any", Sequences.of(catalog, [f"l{j}" for j in range(len(lengths))], lengths, rows, rows))
    split = LeaveLastOut()(dataset)
    counts = sides(split, dataset=dataset)
    np.testing.assert_array_equal(sum(counts.values()), lengths)
    if len(split.train) and split.test_scored.any():
        check(split, dataset=dataset)
