import numpy as np
import pytest

from lernpfad.core import Catalog, Sequences
from lernpfad.simulate.profiles import NAMES, profiles
from lernpfad.simulate.sharedview import view


def profile(items: list[int], right: list[int]) -> dict[str, float]:
    catalog = Catalog.of(["a", "b", "c"], ["x", "y"], [[0], [0], [1]])
    log = Sequences.of(catalog, ["one"], [len(items)], np.array(items), np.array(right, dtype=np.int8))
    seen = view(log, np.array([4, 10, 16]))
    found = profiles(seen.features[None], seen.right[None])[0]
    return dict(zip(NAMES, found.tolist(), strict=True))


def test_a_learner_by_hand() -> None:
    found = profile([0, 1, 2, 2, 0, 0], [0, 1, 1, 0, 0, 1])
    assert found["correct"] == 0.5
    assert found["correct at first opportunities"] == 0.5  # a: wrong, c: right
    assert found["correct at later opportunities"] == 0.5
    assert found["later half minus first half"] == pytest.approx(1 / 3 - 2 / 3)
    assert found["correct after a right answer"] == 0.5  # after b right, after c wrong
    assert found["correct after a wrong answer"] == pytest.approx(2 / 3)
    assert found["longest run of right answers"] == found["longest run of wrong answers"] == 2
    assert found["sets of skills"] == 2
    assert found["highest opportunity"] == 3
    assert found["same skill as before"] == pytest.approx(3 / 5)
    assert found["runs on one skill"] == 3
    assert found["difficulty, mean bin"] == 9
    assert found["correct on the harder half minus the easier"] == pytest.approx(1 / 3 - 2 / 3)


def test_alternating_answers_are_anticorrelated_and_steady_ones_undefined() -> None:
    assert profile([0] * 8, [0, 1] * 4)["lag-1 autocorrelation"] == pytest.approx(-1.0)
    assert np.isnan(profile([0] * 8, [1] * 8)["lag-1 autocorrelation"])
    assert np.isnan(profile([0] * 8, [1] * 8)["correct after a wrong answer"])
