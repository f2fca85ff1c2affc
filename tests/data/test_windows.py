from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Catalog, ConfigError, Sequences
from lernpfad.data import Dataset
from lernpfad.data.build import check
from lernpfad.data.split import ByLearner, LeaveLastOut, Published
from lernpfad.data.windows import Windowed, chunks, sliding

Make = Callable[[list[int]], Dataset]
LENGTHS = st.lists(st.integers(0, 23), min_size=1, max_size=12)


def logs_of(lengths: list[int]) -> Sequences:
    item = np.concatenate([np.arange(n) for n in lengths])
    catalog = Catalog.of([f"i{k}" for k in range(max([*lengths, 1]))], ["s"], [[0]] * max([*lengths, 1]))
    return Sequences.of(catalog, [f"l{j}" for j in range(len(lengths))], lengths, item, item % 2)


def test_chunks_by_hand(ordered: Make) -> None:
    cut = chunks(ordered([7, 2, 5, 4, 0]).sequences, length=4, minimum=2)
    assert cut.learners.tolist() == ["l0#0", "l0#4", "l1#0", "l2#0", "l3#0"]
    assert cut.lengths.tolist() == [4, 3, 2, 4, 4]
    assert cut.item.tolist() == [0, 1, 2, 3, 4, 5, 6, 0, 1, 0, 1, 2, 3, 0, 1, 2, 3]
    assert cut.extra["learner"].tolist() == [0] * 7 + [1] * 2 + [2] * 4 + [3] * 4
    assert cut.extra["position"].tolist() == cut.item.tolist()


def test_sliding_by_hand(ordered: Make) -> None:
    windows, scored = sliding(ordered([5, 3, 0]).sequences, length=3)
    assert windows.learners.tolist() == ["l0#0", "l0#1", "l0#2", "l1#0"]
    assert windows.item.tolist() == [0, 1, 2, 1, 2, 3, 2, 3, 4, 0, 1, 2]
    assert scored.tolist() == [False, True, True] + [False, False, True] * 2 + [False, True, True]


def test_sliding_by_halves_by_hand(ordered: Make) -> None:
    windows, scored = sliding(ordered([9]).sequences, length=4, stride=2, score_first=True)
    assert windows.learners.tolist() == ["l0#0", "l0#2", "l0#4", "l0#6"]
    assert windows.lengths.tolist() == [4, 4, 4, 3]
    assert windows.item[scored].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8]


@given(LENGTHS, st.integers(2, 6), st.integers(1, 6), st.booleans())
def test_sliding_scores_every_row_once(lengths: list[int], length: int, stride: int, score_first: bool) -> None:
    logs = logs_of(lengths)
    windows, scored = sliding(logs, length, stride=min(stride, length), score_first=score_first)
    keys = list(zip(windows.extra["learner"][scored].tolist(), windows.item[scored].tolist(), strict=True))
    expected = [(j, k) for j, n in enumerate(lengths) for k in range(n) if k > 0 or score_first]
    assert sorted(keys) == expected
    assert windows.lengths.max(initial=0) <= length
    context = windows.position[scored]
    whole = windows.extra["position"][scored]
    assert (context >= np.minimum(whole, length - min(stride, length))).all()


@given(LENGTHS, st.integers(2, 6), st.integers(1, 4))
def test_chunks_lose_nothing_but_short_remainders(lengths: list[int], length: int, minimum: int) -> None:
    cut = chunks(logs_of(lengths), length, minimum)
    lost = [n % length if n % length < minimum else 0 for n in lengths]
    assert len(cut) == sum(lengths) - sum(lost)
    assert (cut.lengths <= length).all()
    assert (cut.lengths >= min(minimum, length)).all()
    np.testing.assert_array_equal(cut.item, cut.extra["position"])


def test_further_columns_travel_with_their_rows(small: Dataset) -> None:
    cut = chunks(small.sequences, length=2, minimum=1)
    assert cut.learners.tolist() == ["ada#0", "ada#2", "cyd#0"]
    assert cut.extra["offered_by"].tolist() == ["x", "y", "x", "", "y"]
    np.testing.assert_array_equal(cut.time, small.sequences.time)
    np.testing.assert_array_equal(cut.accepted, small.sequences.accepted)


def test_windowed_scores_as_published_for_folds(ordered: Make) -> None:
    dataset = replace(ordered([6, 5, 7]), learner={"fold": np.array([0, 1, -1])})
    split = Windowed(Published(fold=1), length=4, minimum=2)(dataset)
    assert split.train.learners.tolist() == ["l0#0", "l0#4"]
    assert split.train.extra["scored"].tolist() == [
        False,
        True,
        True,
        True,
        False,
        True,
    ]  # as in the test, no first row
    assert split.valid.learners.tolist() == ["l1#0"]
    assert split.valid_scored.tolist() == [False, True, True, True]
    assert split.test.learners.tolist() == ["l2#0", "l2#1", "l2#2", "l2#3"]
    assert split.test.item[split.test_scored].tolist() == [1, 2, 3, 4, 5, 6]
    assert set(split.test.extra["learner"].tolist()) == {2}
    check(split, dataset=dataset)


def test_windowed_chunks_with_first_answers(ordered: Make) -> None:
    dataset = replace(ordered([6, 5, 7]), learner={"fold": np.array([1, 2, 3])})
    split = Windowed(Published(fold=3), length=4, minimum=1, score_first=True, test="chunk")(dataset)
    assert split.test.learners.tolist() == ["l2#0", "l2#4"]
    assert "scored" not in split.train.extra
    assert split.test_scored.all()
    assert split.valid_scored.sum() == 6


def test_windowed_scores_no_more_than_the_inner_split(ordered: Make) -> None:
    dataset = ordered([9, 3, 1])
    split = Windowed(LeaveLastOut(), length=4, minimum=2)(dataset)
    assert split.leaky
    assert split.test.learners.tolist() == ["l0#5", "l1#0"]
    assert split.test.item[split.test_scored].tolist() == [8, 2]
    assert split.valid.item[split.valid_scored].tolist() == [7, 1]
    check(split, dataset=dataset)


@given(LENGTHS, st.sampled_from(["sliding", "chunk"]))
def test_windows_stay_with_their_learner(lengths: list[int], test: str) -> None:
    dataset = Dataset("any", logs_of(lengths))
    split = Windowed(ByLearner(test=0.4), length=5, test=test)(dataset)
    for part in (split.train, split.valid, split.test):
        owners = part.extra["learner"]
        named = [window.split("#")[0] for window in part.learners[part.owner].tolist()]
        assert dataset.sequences.learners[owners].tolist() == named
        np.testing.assert_array_equal(dataset.sequences.item[dataset.sequences.offsets[owners] + part.item], part.item)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"test": "window"}, "test='window', expected 'sliding' or 'chunk'"),
        ({"length": 1}, "length=1, stride=1; expected length >= 2"),
        ({"length": 10, "stride": 11}, "length=10, stride=11; expected length >= 2 and 1 <= stride <= length"),
    ],
)
def test_windowed_refuses_impossible_settings(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Windowed(ByLearner(), **wrong)
