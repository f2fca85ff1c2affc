import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Catalog, DataError, Sequences

CATALOG = Catalog.of(["a", "b", "c"], ["k"], [[0]] * 3, minutes=[1.0, 2.0, 3.0])


def histories(lengths):
    rows = sum(lengths)
    names = [f"learner-{j}" for j in range(len(lengths))]
    number = np.arange(rows)
    return Sequences.of(
        CATALOG, names, lengths, number % 3, number % 2, accepted=number % 5 != 0, extra={"number": number}
    )


lengths = st.lists(st.integers(0, 6), min_size=1, max_size=7)


@given(lengths, st.data())
def test_select_keeps_whole_histories_in_the_given_order(sizes, data):
    log = histories(sizes)
    some = data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=9))
    part = log.select(np.array(some, dtype=int))
    assert part.learners.tolist() == [f"learner-{j}" for j in some]
    expected = [row for j in some for row in range(log.offsets[j], log.offsets[j + 1])]
    assert part.extra["number"].tolist() == expected
    assert part.item.tolist() == log.item[expected].tolist()


@given(lengths, st.data())
def test_where_keeps_rows_in_order_and_every_learner(sizes, data):
    log = histories(sizes)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(log), max_size=len(log))), dtype=bool)
    part = log.where(mask)
    assert part.learners.tolist() == log.learners.tolist()
    assert part.extra["number"].tolist() == np.flatnonzero(mask).tolist()
    assert part.owner.tolist() == log.owner[mask].tolist()


@given(lengths)
def test_owner_and_position_say_where_a_row_is(sizes):
    log = histories(sizes)
    assert log.owner.tolist() == [j for j, size in enumerate(sizes) for _ in range(size)]
    assert log.position.tolist() == [k for size in sizes for k in range(size)]
    assert log.lengths.tolist() == sizes


def test_selecting_by_mask_and_slice():
    log = histories([2, 0, 3])
    assert log.select(np.array([True, False, True])).learners.tolist() == ["learner-0", "learner-2"]
    assert len(log.select(slice(1, None))) == 3


def test_what_is_left_out_is_accepted_of_catalog_minutes_and_in_row_order():
    log = Sequences.of(CATALOG, ["x", "y"], [2, 1], np.array([2, -1, 0]), np.array([1, 0, 1]))
    assert log.accepted.all()
    assert log.minutes.tolist() == [3.0, 0.0, 1.0]
    assert log.time.tolist() == [0.0, 1.0, 0.0]


def test_assessed_rows_are_accepted_and_graded():
    log = Sequences.of(CATALOG, ["x"], [3], [0, 1, 2], [1, -1, 0], accepted=np.array([True, True, False]))
    assert log.assessed.tolist() == [True, False, False]


def test_rows_are_one_step_of_many_learners():
    step = histories([2, 3]).rows(np.array([0, 2]))
    assert len(step) == 2
    assert step.item.tolist() == [0, 2]
    assert step[np.array([1])].item.tolist() == [2]


def test_nobody_has_done_anything_yet():
    log = Sequences.empty(CATALOG, 2)
    assert len(log) == 0
    assert log.learners.tolist() == ["new-0", "new-1"]


def test_other_outcomes_leave_the_log_alone():
    log = histories([3])
    assert log.with_outcome(np.ones(3)).outcome.tolist() == [1, 1, 1]
    assert log.outcome.tolist() == [0, 1, 0]


def test_offsets_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="2 learners need 3 offsets that start at 0, got 2"):
        Sequences(CATALOG, np.array(["a", "b"]), np.array([0, 1]), *[np.zeros(1)] * 5)


def test_a_short_column_is_refused_by_name():
    full = [np.zeros(2)] * 4
    with pytest.raises(DataError, match="column 'time' has 1 rows, offsets end at 2"):
        Sequences(CATALOG, np.array(["a"]), np.array([0, 2]), *full, np.zeros(1))
