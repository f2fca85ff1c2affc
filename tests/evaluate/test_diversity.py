"""Skills in lists, by hand. Items: 0 {s0}, 1 {s0, s1}, 2 {s1}, 3 {s2}, 4 without skills."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import Catalog
from lernpfad.evaluate import diversity, exposure

CATALOG = Catalog.of(list("abcde"), ["s0", "s1", "s2"], [[0], [0, 1], [1], [2], []])
NO_SKILLS = Catalog.of(list("abcde"), [], [[]] * 5)


def past(*rows: list[int]) -> tuple[np.ndarray, np.ndarray]:
    return np.repeat(np.arange(len(rows)), [len(row) for row in rows]), np.asarray([*chain(*rows)], dtype=int)


def test_intra_list_diversity_is_the_mean_jaccard_distance_of_pairs() -> None:
    """a-b 1/2, a-c 1, b-c 1/2; e has no skills, a list of one no pairs."""
    lists = np.asarray([[0, 1, 2, 4], [0, 0, 1, 3], [3, 4, -1, -1], [-1, -1, -1, -1]])
    found = diversity.intra_list(lists, CATALOG, (2, 3, 4))
    assert found[2].tolist()[:2] == pytest.approx([0.5, 0.0])
    assert found[3][0] == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert found[4][0] == pytest.approx((0.5 + 1 + 0.5) / 3)
    assert found[4][1] == pytest.approx((0 + 0.5 + 1 + 0.5 + 1 + 1) / 6)
    assert np.isnan(found[4][2:]).all()


def test_without_skills_neither_is_defined() -> None:
    lists = np.asarray([[0, 1, 2]])
    assert np.isnan(diversity.intra_list(lists, NO_SKILLS, (3,))[3]).all()
    assert np.isnan(diversity.category_calibration(lists, past([0]), NO_SKILLS, (3,))[3]).all()


def test_category_calibration_by_hand() -> None:
    """Past a, b: p = (3/4, 1/4, 0). List a, d: q = (1/2, 0, 1/2); mixed with 1 % of p: (.5025, .0025, .495)."""
    found = diversity.category_calibration(np.asarray([[0, 3]]), past([0, 1]), CATALOG, (1, 2))
    assert found[2][0] == pytest.approx(0.75 * np.log(0.75 / 0.5025) + 0.25 * np.log(0.25 / 0.0025), abs=1e-12)
    assert found[2][0] == pytest.approx(1.4516507, abs=1e-6)
    assert found[1][0] == pytest.approx(0.75 * np.log(0.75 / 0.9975) + 0.25 * np.log(0.25 / 0.0025), abs=1e-12)


def test_category_calibration_is_undefined_without_skills_in_the_past_or_the_list() -> None:
    lists = np.asarray([[0, 3], [4, -1], [0, 1]])
    owner, item = past([4], [0], [0, 1])
    found = diversity.category_calibration(lists, (owner, item), CATALOG, (2,))[2]
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(0.0, abs=1e-12)


@given(
    st.lists(st.tuples(st.sets(st.integers(0, 4)), st.permutations(range(5))), min_size=1, max_size=6),
    st.integers(1, 20),
)
def test_bounds_whatever_the_chunks(rows: list[tuple[set[int], list[int]]], cells: int) -> None:
    lists, before = np.asarray([listed for _, listed in rows]), past(*[sorted(mine) for mine, _ in rows])
    whole = [f(5, lists, before) for f in (calibrated, diverse)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diversity, "_CELLS", cells)
        for one, other in zip([f(5, lists, before) for f in (calibrated, diverse)], whole, strict=True):
            np.testing.assert_allclose(one, other)
    kl, apart = (one[~np.isnan(one)] for one in whole)
    assert np.all((kl >= -1e-12) & (kl <= np.log(1 / diversity.ALPHA) + 1e-9))
    assert np.all((apart >= 0) & (apart <= 1))


def calibrated(k: int, lists: np.ndarray, before: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return diversity.category_calibration(lists, before, CATALOG, (k,))[k]


def diverse(k: int, lists: np.ndarray, before: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return diversity.intra_list(lists, CATALOG, (k,))[k]


def test_popularity_lift_is_the_list_over_the_past() -> None:
    lists, takers = np.asarray([[0, 1], [2, -1], [0, 1]]), np.asarray([6, 2, 1, 1])
    lifted = exposure.lift(lists, takers, np.asarray([2.0, 4.0, 0.0]))
    assert lifted[:2].tolist() == [2.0, 0.25]
    assert np.isnan(lifted[2])
