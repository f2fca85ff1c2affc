import numpy as np
import pytest

from evaluate.handmade import MONDAY, log, roles
from lernpfad.core import DataError, mastery, state_after
from lernpfad.evaluate.believed import believed_books, calendar, hours_by_week
from lernpfad.evaluate.waste import WEEK
from simulate.test_rollout import Counting

DAY = 86_400.0


def three_weeks():
    """Two learners; answers on day 1, 8 and 9 of the first, on day 15 of the second, each of ten minutes."""
    time = MONDAY + DAY * np.asarray([1.0, 8.0, 9.0, 15.0])
    return log([[(0, 1), (1, 1), (0, 0)], [(2, 1)]], time=time)


def test_believed_debt_is_that_of_the_tracer_on_every_monday() -> None:
    history, asked = three_weeks(), roles((0.8, 0.6), (1.0, 1.0))
    books = believed_books(Counting(), history, asked, np.zeros(2, dtype=int), start=MONDAY, weeks=3)
    for week in range(4):
        known = mastery(
            Counting(),
            state_after(Counting(), history.where(history.time < MONDAY + week * WEEK)),
            np.full(2, MONDAY + week * WEEK),
            catalog=history.catalog,
        )
        owed = np.maximum(0, 0.8 - known[:, 0]) + np.maximum(0, 0.6 - known[:, 1])
        np.testing.assert_allclose(books.debt[week], owed / 1.4)
    np.testing.assert_allclose(books.change.net, np.diff(books.debt, axis=0), atol=1e-12)
    assert not books.change.forgetting.any()  # this tracer knows no forgetting
    assert not books.change.learning[0, 1].any()


def test_books_that_open_later_know_what_was_before() -> None:
    history, asked, role = three_weeks(), roles(), np.zeros(2, dtype=int)
    whole = believed_books(Counting(), history, asked, role, start=MONDAY, weeks=3)
    late = believed_books(Counting(), history, asked, role, start=MONDAY + WEEK, weeks=2)
    np.testing.assert_allclose(late.debt, whole.debt[1:])


def test_a_role_that_is_gone_on_a_monday_owes_nothing_from_then_on() -> None:
    role = np.asarray([[0, 0], [0, -1], [0, -1], [0, -1]])
    books = believed_books(Counting(), three_weeks(), roles(), role, start=MONDAY, weeks=3)
    assert np.isnan(books.debt[1:, 1]).all()
    assert not np.isnan(books.debt[0, 1])


def test_hours_are_those_of_the_week() -> None:
    hours = hours_by_week(three_weeks(), start=MONDAY, weeks=3)
    np.testing.assert_allclose(hours, np.asarray([[1, 0], [2, 0], [0, 1]]) / 6)
    np.testing.assert_allclose(hours_by_week(three_weeks(), start=MONDAY + WEEK, weeks=1), [[2 / 6, 0]])


def test_books_open_on_a_monday_and_cover_every_row() -> None:
    start, weeks = calendar(three_weeks())
    assert np.datetime64(int(start), "s").astype("datetime64[D]").astype(object).weekday() == 0
    assert start % DAY == 0
    time = three_weeks().time
    assert start <= time.min() < start + WEEK
    assert start + (weeks - 1) * WEEK <= time.max() < start + weeks * WEEK
    assert calendar(three_weeks(), weeks=1) == (start + (weeks - 1) * WEEK, 1)


def test_a_log_without_a_clock_is_refused() -> None:
    with pytest.raises(DataError, match="the 2 rows of this log lie within a week or carry no clock"):
        calendar(log([[(0, 1), (1, 1)]]))
