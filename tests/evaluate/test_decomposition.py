import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Requirement, debt
from lernpfad.evaluate.decomposition import Change, decompose, service_interval, service_ratio

WEIGHT = np.asarray([[1.0, 0.5, 0.25]])
OLD = Requirement(np.asarray([[0.8, 0.6, 0.4]]), WEIGHT)
NEW = Requirement(np.asarray([[0.8, 0.6, 0.6]]), WEIGHT)
BEFORE, DECAYED, AFTER = (np.asarray([one]) for one in ([0.5, 0.6, 0.1], [0.45, 0.55, 0.1], [0.6, 0.55, 0.25]))


def test_a_week_by_hand() -> None:
    # D: (.3 + .075) / 1.2 = .3125; third level .6: (.3 + .125) / 1.25 = .34; faded: (.35 + .025 + .125) / 1.25 = .40
    # learnt: (.2 + .025 + .0875) / 1.25 = .25
    week = decompose(OLD, OLD, NEW, before=BEFORE, decayed=DECAYED, after=AFTER)
    assert week.roles == pytest.approx([0.0])
    assert week.drift == pytest.approx([0.0275])
    assert week.forgetting == pytest.approx([0.06])
    assert week.learning == pytest.approx([0.15])
    assert week.net == pytest.approx([-0.0625])
    assert service_ratio(week) == pytest.approx(1.714286, abs=1e-6)


def test_a_move_to_another_role_counts_before_its_drift() -> None:
    other = Requirement(np.asarray([[0.9, 0.0, 0.0]]), np.asarray([[1.0, 0.0, 0.0]]))
    higher = Requirement(np.asarray([[1.0, 0.0, 0.0]]), np.asarray([[1.0, 0.0, 0.0]]))
    week = decompose(OLD, other, higher, before=BEFORE, decayed=BEFORE, after=BEFORE)
    assert week.roles == pytest.approx([0.4 / 0.9 - 0.3125])
    assert week.drift == pytest.approx([0.5 - 0.4 / 0.9])
    assert week.forgetting == pytest.approx([0.0])
    assert week.learning == pytest.approx([0.0])


shares = st.lists(st.floats(0, 1), min_size=4, max_size=4)


@given(levels=st.lists(shares, min_size=3, max_size=3), known=st.lists(shares, min_size=3, max_size=3))
def test_the_parts_are_exactly_the_whole(levels: list[list[float]], known: list[list[float]]) -> None:
    weight = np.asarray([[1.0, 0.5, 0.25, 0.1]])
    old, moved, new = (Requirement(np.asarray([one]) + 0.01, weight) for one in levels)
    before, decayed, after = (np.asarray([one]) for one in known)
    week = decompose(old, moved, new, before=before, decayed=decayed, after=after)
    np.testing.assert_allclose(week.net, debt(new, after) - debt(old, before), atol=1e-12)


def test_the_service_ratio_is_a_ratio_of_sums_and_undefined_where_no_debt_was_added() -> None:
    zero = np.zeros(2)
    change = Change(roles=zero, drift=zero, forgetting=np.asarray([0.1, 0.3]), learning=np.asarray([0.2, 0.1]))
    assert service_ratio(change) == pytest.approx(0.3 / 0.4)
    assert np.isnan(service_ratio(Change(zero, zero, zero, zero + 1)))
    assert np.isnan(service_ratio(Change(zero, zero - 0.2, zero, zero + 1)))


def test_learners_without_requirements_are_left_out_of_the_ratio() -> None:
    lost = np.asarray([0.1, np.nan])
    change = Change(roles=0 * lost, drift=0 * lost, forgetting=lost, learning=2 * lost)
    assert service_ratio(change) == pytest.approx(2.0)
    sure = service_interval(change)
    assert (sure.low, sure.high) == pytest.approx((2.0, 2.0))


def test_the_interval_holds_the_planted_ratio_nineteen_times_out_of_twenty() -> None:
    rng, hits = np.random.default_rng(3), 0
    for draw in range(100):
        lost = rng.uniform(0.05, 0.15, 60)
        change = Change(0 * lost, 0 * lost, lost, 1.3 * lost + rng.normal(0, 0.05, 60))
        sure = service_interval(change, resamples=200, seed=draw)
        hits += sure.low <= 1.3 <= sure.high
    assert 88 <= hits <= 100
