import numpy as np
import pytest

from lernpfad.evaluate.readiness import readiness, weeks_to_ready

READY, NOT = 0.05, 0.3


def debts(*people: str) -> np.ndarray:
    """A letter a Monday: r ready, anything else not."""
    return np.asarray([[READY if week == "r" else NOT for week in person] for person in people]).T


def test_four_weeks_in_a_row_by_hand() -> None:
    week, arrived = weeks_to_ready(debts("--rrrr--", "rrr-rrrr", "rrrr----", "-rrr-rrr"))
    assert arrived.tolist() == [True, True, True, False]
    assert week.tolist() == [2, 4, 0, 4]  # the last one is censored: a run that begins later cannot be seen


def test_kaplan_meier_by_hand() -> None:
    # events at 0, 2, 4; one censored at 4: S = .75 .75 .5 .5 .25
    found = readiness(debts("--rrrr--", "rrr-rrrr", "rrrr----", "-rrr-rrr"))
    assert found.median.value == 2
    assert found.mean.value == pytest.approx(0.75 + 0.75 + 0.5 + 0.5)
    assert (found.arrived, found.people, found.horizon) == (3, 4, 4)
    assert found.median.low <= 2 <= found.median.high
    assert found.mean.low <= found.mean.value <= found.mean.high


def test_a_median_that_is_never_reached_is_infinite_and_not_the_mean_of_those_who_arrived() -> None:
    found = readiness(debts("rrrrrr", "------", "------"))
    assert found.median.value == float("inf")
    assert found.mean.value == pytest.approx(2 * 2 / 3)


def test_nobody_without_requirements_counts() -> None:
    with_nan = np.concatenate([debts("rrrrr", "-----"), np.full((5, 1), np.nan)], axis=1)
    assert readiness(with_nan).people == 2


def test_a_roll_out_too_short_to_be_ready_in() -> None:
    assert readiness(debts("rr", "rr")).arrived == 0


def test_without_anybody_missing_the_restricted_mean_is_the_mean() -> None:
    rng = np.random.default_rng(1)
    when = rng.integers(0, 17, 300)
    debt = np.where(np.arange(21)[:, None] >= when, READY, NOT)
    found = readiness(debt)
    assert found.mean.value == pytest.approx(when.mean())
    assert found.mean.low < when.mean() < found.mean.high
    assert found.mean.high - found.mean.low == pytest.approx(2 * 1.96 * when.std() / np.sqrt(300), rel=0.15)
