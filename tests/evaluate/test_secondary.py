"""Retention, take-up, role targets and fairness: each by hand."""

import numpy as np
import pytest

from evaluate.handmade import log
from lernpfad.core import DataError
from lernpfad.evaluate.fairness import by_group, thirds, true_positive_gap, worst
from lernpfad.evaluate.retention import retention, trained_skills
from lernpfad.evaluate.takeup import score_with_dropouts, take_up
from lernpfad.evaluate.targets import at_minutes, common_minutes, targets_reached


def test_what_was_trained_is_what_was_taken() -> None:
    taken = log([[(0, 1), (1, 0)], [(2, 1), (3, 1)]], accepted=np.asarray([True, False, True, True]))
    assert trained_skills(taken).tolist() == [[True, False], [True, True]]


def test_what_is_kept_by_hand() -> None:
    # one week of training, then two without: the trained skill goes .2 .6 .5 .4, the other one rises by itself
    mastery = np.asarray([[[0.2, 0.1]], [[0.6, 0.2]], [[0.5, 0.3]], [[0.4, 0.4]]])
    debt = np.asarray([[0.5], [0.3], [0.35], [0.4]])
    one, two = retention(debt, mastery, np.asarray([[True, False]]), weeks=1, after=(1, 2))
    assert (one.debt, two.debt) == pytest.approx((0.35, 0.4))
    assert (one.mastery, two.mastery) == pytest.approx((0.5, 0.4))
    assert (one.kept.value, two.kept.value) == pytest.approx((0.75, 0.5))


def test_retention_needs_a_rest() -> None:
    with pytest.raises(DataError, match="2 weeks after the training, 12 are needed; roll out with rest=12"):
        retention(np.zeros((4, 1)), np.zeros((4, 1, 2)), np.ones((1, 2), dtype=bool), weeks=1)


def test_take_up_by_hand() -> None:
    offers, taken = np.asarray([2.0, 2.0, 0.0]), np.asarray([1.0, 2.0, 0.0])
    hours = np.asarray([[0.5, 0.5, 0.0]])
    active = np.asarray([[True, True, False]])
    found = take_up(taken, offers, hours, active, budget=np.asarray([[1.0, 1.0, 0.5]]))
    assert found.accepted.value == pytest.approx(3 / 4)
    assert found.used.value == pytest.approx(1 / 2.5)
    assert found.dropout.value == pytest.approx(1 / 3)
    assert np.isnan(take_up(taken, offers, hours, active).used.value)
    gone = take_up(taken, offers, hours, active, began=np.asarray([True, True, False]))
    assert gone.dropout.value == 0


def test_a_policy_that_drives_out_whom_it_fails_is_seen() -> None:
    avoided, hours = np.asarray([1.0, 1.0, -1.0]), np.asarray([2.0, 2.0, 1.0])
    active, reference = np.asarray([[True, True, False]]), np.ones((1, 3), dtype=bool)
    found = score_with_dropouts(avoided, hours, active, reference)
    assert found.everybody.value == pytest.approx(1 / 5)
    assert found.stayed.value == pytest.approx(2 / 4)
    assert found.lost == pytest.approx(0.3)


def test_targets_at_equal_minutes_by_hand() -> None:
    passed = np.asarray([[1, 0], [3, 0], [3, 2]])
    hours = np.asarray([[1.0, 1.0], [1.0, 3.0]])
    # 30 minutes: halfway to 3; the other one has passed nothing by then. 120: her second week, a third through
    assert at_minutes(passed, hours, np.asarray([30.0, 120.0])) == pytest.approx([2.0, 2 / 3])
    found = targets_reached(passed, np.asarray([5, 4]), hours, np.asarray([30.0, 120.0]))
    assert found.score.value == pytest.approx((1 / 4 + (2 / 3) / 4) / 2)
    assert found.dropped == 0


def test_who_has_all_targets_is_dropped_and_counted() -> None:
    found = targets_reached(np.asarray([[2, 1], [2, 2]]), np.asarray([2, 2]), np.ones((1, 2)), np.full(2, 60.0))
    assert found.dropped == 1
    assert found.score.value == pytest.approx(1.0)


def test_more_minutes_than_were_spent_end_at_the_end_and_idle_weeks_do_not_matter() -> None:
    passed, hours = np.asarray([[0], [2], [2]]), np.asarray([[1.0], [0.0]])
    assert at_minutes(passed, hours, np.asarray([999.0])) == pytest.approx([2.0])
    assert at_minutes(passed, np.zeros((2, 1)), np.asarray([10.0])) == pytest.approx([2.0])


def test_common_minutes_are_the_smallest() -> None:
    hours = {"a": np.asarray([[1.0, 2.0]]), "b": np.asarray([[3.0, 0.5]])}
    assert common_minutes(hours).tolist() == [60.0, 30.0]


def test_thirds_are_even_and_leave_out_what_is_unknown() -> None:
    found = thirds(np.asarray([5.0, 1.0, 3.0, np.nan, 2.0, 4.0, 6.0]))
    assert found.tolist() == ["high", "low", "middle", "unknown", "low", "middle", "high"]


def test_the_worst_group_by_hand() -> None:
    groups = {"role": np.repeat(["clerk", "nurse", "pilot", "smith"], [6, 8, 3, 5])}
    closed = np.repeat([0.1, 0.2, 0.9, 0.9], [6, 8, 3, 5])
    rows = by_group({"debt closed": closed}, groups)
    assert [(row["group"], row["people"]) for row in rows] == [("clerk", 6), ("nurse", 8)]  # pilots take smiths along
    (found,) = worst(rows, "debt closed")
    assert found["group"] == "clerk"
    assert found["min"] == pytest.approx(0.1)
    assert found["min/max"] == pytest.approx(0.5)


def test_the_tracer_underrates_one_group() -> None:
    labels = np.repeat(["a", "b"], 5)
    owner = np.repeat(np.arange(10), 4)
    outcome = np.tile([1, 1, 1, 0], 10)
    predicted = np.where(np.repeat(labels, 4) == "a", 0.7, np.tile([0.7, 0.3, 0.3, 0.9], 10))
    gap, rates = true_positive_gap(predicted, outcome, owner, labels)
    assert rates == pytest.approx({"a": 1.0, "b": 1 / 3})
    assert gap == pytest.approx(2 / 3)


def test_no_gap_is_told_of_fewer_than_five() -> None:
    gap, rates = true_positive_gap(np.ones(4), np.ones(4, dtype=int), np.arange(4), np.asarray(["a", "a", "b", "b"]))
    assert rates == {}
    assert np.isnan(gap)
