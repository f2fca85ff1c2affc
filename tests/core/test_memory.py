import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import memory
from lernpfad.core.memory import AGAIN, GOOD

FIRST = 2.3065


def later(rating: int, *, days: float) -> float:
    """Stability after a first "good" and one more contact."""
    return float(
        memory.next_stability(
            np.array([FIRST]), np.array([2.118104]), days=np.array([days]), rating=np.array([rating])
        )[0]
    )


def test_golden_numbers_of_py_fsrs() -> None:
    assert pytest.approx(0.980346, abs=1e-6) == memory.FACTOR
    left = memory.retrievability(np.array([1.0, 7.0, 30.0, 365.0]), np.array([FIRST]))
    np.testing.assert_allclose(left, [0.9468, 0.8083, 0.6675, 0.4589], atol=5e-5)
    assert memory.first_stability(np.array([GOOD]))[0] == FIRST
    assert memory.first_difficulty(np.array([GOOD]))[0] == pytest.approx(2.118104, abs=1e-6)
    assert later(GOOD, days=7) == pytest.approx(21.411391, abs=2e-5)
    assert later(AGAIN, days=7) == pytest.approx(0.717853, abs=2e-6)
    assert later(GOOD, days=0.5) == FIRST
    after = memory.next_difficulty(np.array([2.118104]), np.array([GOOD, AGAIN]))
    np.testing.assert_allclose(after, [2.111214, 7.394503], atol=2e-6)


stabilities = st.floats(0.01, 1000)


@given(stabilities)
def test_after_as_many_days_as_its_stability_nine_tenths_are_left(stability: float) -> None:
    assert memory.retrievability(np.array([stability]), np.array([stability]))[0] == pytest.approx(0.9)


@given(stabilities, st.floats(0, 3000), st.floats(0, 3000))
def test_memories_only_fade(stability: float, one: float, other: float) -> None:
    left = memory.retrievability(np.array(sorted((one, other))), np.array([stability]))
    assert 1 >= left[0] >= left[1] > 0


@given(stabilities, st.floats(1, 10), st.floats(0, 1000), st.sampled_from([1, 2, 3, 4]))
def test_success_never_shortens_and_failure_never_lengthens(
    stability: float, difficulty: float, days: float, rating: int
) -> None:
    after = memory.next_stability(
        np.array([stability]), np.array([difficulty]), days=np.array([days]), rating=np.array([rating])
    )[0]
    assert (after >= stability * (1 - 1e-12)) if rating > AGAIN else (after <= max(stability, 0.001))
    assert 1 <= memory.next_difficulty(np.array([difficulty]), np.array([rating]))[0] <= 10


def test_no_days_yet_means_nothing_forgotten() -> None:
    assert memory.retrievability(np.array([-1.0, 0.0]), np.array([0.5, 0.0])).tolist() == [1.0, 1.0]
