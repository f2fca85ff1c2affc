import numpy as np
import pytest

from lernpfad.core import Catalog, Sequences
from lernpfad.simulate.sharedview import NAMES, difficulty_bins, skill_sets, view

CATALOG = Catalog.of(["a", "b", "c", "d"], ["x", "y"], [[0], [0, 1], [1], [1, 0]])


def log(item: list[int], outcome: list[int], lengths: list[int] | None = None) -> Sequences:
    lengths = lengths or [len(item)]
    names = [f"learner-{j}" for j in range(len(lengths))]
    return Sequences.of(CATALOG, names, lengths, np.array(item), np.array(outcome, dtype=np.int8))


def column(found: np.ndarray, name: str) -> list[float]:
    return found[:, NAMES.index(name)].tolist()


def test_a_history_by_hand() -> None:
    """Skill sets: a {x}, b and d {x, y}, c {y}; the text in between is not seen. The second learner starts afresh."""
    found = view(log([0, 0, 1, 3, 0, 0], [1, -1, 0, 1, 1, 0], [5, 1]), np.array([7, 8, 9, 10]))
    assert column(found.features, "difficulty bin") == [7, 8, 10, 7, 7]
    assert column(found.features, "opportunity") == [0, 0, 1, 1, 0]
    assert column(found.features, "right before on the skill") == [0, 0, 0, 1, 0]
    assert column(found.features, "wrong before on the skill") == [0, 0, 1, 0, 0]
    assert column(found.features, "last answer on the skill") == [-1, -1, 0, 1, -1]
    assert column(found.features, "last answer") == [-1, 1, 0, 1, -1]
    assert column(found.features, "right so far") == pytest.approx([-1, 1, 1 / 2, 2 / 3, -1])
    assert column(found.features, "same skill as before") == [-1, 0, 1, 0, -1]
    assert found.right.tolist() == [1, 0, 1, 1, 0]
    assert found.owner.tolist() == [0, 0, 0, 0, 1]


def test_the_last_five_are_five() -> None:
    found = view(log([0] * 8, [1, 1, 1, 0, 0, 0, 0, 1]), np.zeros(4, dtype=int))
    assert column(found.features, "right among the last five") == pytest.approx([-1, 1, 1, 1, 0.75, 0.6, 0.4, 0.2])


def test_only_the_first_answers_of_each_learner() -> None:
    found = view(log([0] * 5, [1, 1, 0, 1, 0], [3, 2]), np.zeros(4, dtype=int), first=2)
    assert found.owner.tolist() == [0, 0, 1, 1]


def test_no_answer_is_in_its_own_features() -> None:
    rng = np.random.default_rng(0)
    item, outcome = rng.integers(0, 4, 40), rng.integers(0, 2, 40)
    flipped = outcome.copy()
    flipped[25] = 1 - flipped[25]
    one, other = (view(log(item.tolist(), o.tolist()), np.arange(4)).features for o in (outcome, flipped))
    np.testing.assert_array_equal(one[:26], other[:26])
    assert (one[26:] != other[26:]).any()


def test_bins_go_from_hard_to_easy_and_hold_equal_shares_of_the_answers() -> None:
    item = np.repeat([0, 1, 2, 3], 100).tolist()
    outcome = np.concatenate([np.arange(100) < share for share in (20, 90, 60, 40)]).astype(int).tolist()
    assert difficulty_bins(log(item, outcome), bins=4).tolist() == [0, 3, 2, 1]


def test_items_of_the_same_skills_share_a_set() -> None:
    x, xy, y, yx = skill_sets(log([0], [1])).tolist()
    assert xy == yx
    assert len({x, xy, y}) == 3
