"""What is to be found, by hand: one learner takes a, is offered b, then takes c, a, d, declines e, takes d again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluate.handmade import catalog, log
from lernpfad.core import ConfigError, Sequences
from lernpfad.core.events import taken_pairs
from lernpfad.evaluate.asked import question

ITEMS = [0, 1, 2, 0, 3, 4, 3]
ACCEPTED = np.asarray([True, False, True, True, True, False, True])
SCORED = np.asarray([False, False, True, True, True, True, True])


def asked(targets: str, *, mask_seen: bool) -> tuple[list[int], list[int]]:
    """(items that are visible, targets)."""
    histories = log([[(item, -1) for item in ITEMS]], accepted=ACCEPTED)
    found = question(histories, SCORED, targets=targets, mask_seen=mask_seen)  # type: ignore[arg-type]
    return found.visible.item.tolist(), found.item.tolist()


@pytest.mark.parametrize(
    ("targets", "mask_seen", "visible", "expected"),
    [
        ("all", True, [0, 1], [2, 3]),
        ("all", False, [0, 1], [2, 0, 3]),
        ("first", True, [0, 1], [2]),
        ("first", False, [0, 1], [2]),
        ("last", True, [0, 1, 2, 0], [3]),
        ("last", False, [0, 1, 2, 0, 3, 4], [3]),
    ],
)
def test_by_hand(targets: str, mask_seen: bool, visible: list[int], expected: list[int]) -> None:
    assert asked(targets, mask_seen=mask_seen) == (visible, expected)


def test_learners_without_a_target_keep_their_place() -> None:
    histories = log([[(0, 1)], [(1, 1), (2, 1)], [(3, 1)]])
    found = question(histories, np.asarray([False, False, True, True]), targets="last")
    assert found.owner.tolist() == [1, 2]
    assert found.item.tolist() == [2, 3]
    assert found.visible.lengths.tolist() == [1, 1, 0]


@given(st.lists(st.lists(st.integers(-1, 6), max_size=8), min_size=1, max_size=8), st.integers(0, 5), st.booleans())
def test_no_target_is_visible_and_first_and_last_are_among_all(
    histories: list[list[int]], given_rows: int, mask_seen: bool
) -> None:
    logs = log([[(item, 1 if item >= 0 else -1) for item in one] for one in histories])
    scored = logs.position >= given_rows
    every = question(logs, scored, mask_seen=mask_seen)
    pairs = set(zip(every.owner.tolist(), every.item.tolist(), strict=True))
    assert len(pairs) == len(every.item)
    assert np.all(np.diff(every.owner) >= 0)
    for which in ("first", "last"):
        one = question(logs, scored, targets=which, mask_seen=mask_seen)  # type: ignore[arg-type]
        assert one.owner.tolist() == sorted(set(every.owner.tolist()))
        assert set(zip(one.owner.tolist(), one.item.tolist(), strict=True)) <= pairs
        if mask_seen:
            seen = set(
                zip(*(part.tolist() for part in taken_pairs(one.visible, len(one.visible.catalog))), strict=True)
            )
            assert not seen & set(zip(one.owner.tolist(), one.item.tolist(), strict=True))


def test_another_word_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="no choice of targets named 'frist'; did you mean 'first'"):
        question(Sequences.empty(catalog()), np.zeros(0, dtype=bool), targets="frist")  # type: ignore[arg-type]
