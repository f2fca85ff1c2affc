import numpy as np
import pytest

from collaborative.logs import DAY, log
from lernpfad.collaborative.recentpopularity import RecentPopularity
from lernpfad.core import ConfigError, DataError


def test_counts_learners_of_the_last_days_back_from_the_last_row():
    # the last row is of day 100; ten days back is day 90, which is no longer within them
    train = log([0, 1, 1], [1, 2], [0, 2], time=DAY * np.array([1.0, 95, 96, 90, 100, 2, 91]))
    fitted = RecentPopularity(days=10).fit(train)
    np.testing.assert_array_equal(fitted.learners_, [0, 1, 2, 0])
    # ever: items 0 and 2 two of the three learners, item 1 two
    np.testing.assert_allclose(fitted.score(log([], [1]), np.array([2, 1, 0, 3, -1])), [[2.5, 1.5, 0.5, 0, 0]] * 2)


def test_declined_offers_do_not_count():
    train = log([0, 1], [1], time=DAY * np.array([1.0, 2, 2]), accepted=[1, 0, 1])
    np.testing.assert_array_equal(RecentPopularity(days=5).fit(train).learners_, [1, 1, 0, 0])


def test_a_log_without_a_clock_is_refused():
    with pytest.raises(DataError, match="an order, but no clock, so nothing in it is recent; use popularity"):
        RecentPopularity().fit(log([0, 1], [2]))


def test_days_are_above_zero():
    with pytest.raises(ConfigError, match="days=0, expected above 0"):
        RecentPopularity(days=0)
