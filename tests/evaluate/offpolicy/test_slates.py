"""Lists: the values of the oracle file, each estimator right where its assumption holds, and doubts that are said."""

from itertools import permutations

import numpy as np
import pytest

from evaluate.offpolicy.oracle import slates
from lernpfad.core import DataError
from lernpfad.evaluate.offpolicy import CascadeIPS, SlateIPS, Slates, SlotIPS, judge_slates


@pytest.mark.parametrize(
    ("estimator", "expected"), [(SlateIPS(), 1.427500), (SlotIPS(), 1.264583), (CascadeIPS(), 1.387500)]
)
def test_golden_values(estimator, expected):
    assert estimator.terms(slates()).value == pytest.approx(expected, abs=5e-7)


LISTS = list(permutations(range(3), 2))
WORTH = np.array([0.2, 0.5, 0.9])
TOP = np.array([0.6, 0.1, 0.3])
"""The target draws the top item by these chances, and the next one by the same among what is left."""


def given(above, item):
    return TOP[item] / (1 - TOP[above])


def everything(reward):
    """Every list once: what a logging policy that draws lists evenly shows on average, so a mean over it is exact."""
    second = np.array([sum(TOP[a] * given(a, item) for a in range(3) if a != item) for item in range(3)])
    slots = [
        row
        for top, next_ in LISTS
        for row in (
            (reward(0, top, next_), 1 / 3, TOP[top], 1 / 3, TOP[top]),
            (reward(1, top, next_), 1 / 3, second[next_], 1 / 2, given(top, next_)),
        )
    ]
    names = ("reward", "logged", "target", "logged_given", "target_given")
    return Slates(offsets=np.arange(0, 13, 2), owner=np.arange(6), **dict(zip(names, np.array(slots).T, strict=True)))


def truth(reward):
    return sum(TOP[a] * given(a, b) * (reward(0, a, b) + reward(1, a, b)) for a, b in LISTS)


def own_item(slot, top, next_):
    return WORTH[(top, next_)[slot]]


def from_the_top(slot, top, next_):
    return WORTH[top] if slot == 0 else WORTH[next_] * (1 - WORTH[top])


def whole_list(slot, top, next_):
    return WORTH[top] * WORTH[next_] if slot == 0 else 0.0


@pytest.mark.parametrize(
    ("reward", "right"),
    [
        (own_item, (SlateIPS(), CascadeIPS(), SlotIPS())),
        (from_the_top, (SlateIPS(), CascadeIPS())),
        (whole_list, (SlateIPS(),)),
    ],
)
def test_an_estimator_is_right_exactly_where_its_assumption_holds(reward, right):
    shown, expected = everything(reward), truth(reward)
    for estimator in (SlateIPS(), CascadeIPS(), SlotIPS()):
        off = estimator.terms(shown).value - expected
        assert (abs(off) < 1e-12) == (estimator in right), type(estimator).__name__


def test_a_list_of_one_is_an_ordinary_offer():
    one = slates(offsets=np.arange(9), owner=np.arange(8), logged_given=slates().logged, target_given=slates().target)
    values = {type(each).__name__: each.terms(one).value for each in (SlateIPS(), SlotIPS(), CascadeIPS())}
    assert len({round(value, 12) for value in values.values()}) == 1


def test_lists_may_end_early():
    whole = slates()
    cut = Slates(
        offsets=np.array([0, 2, 3, 3]),
        owner=np.arange(3),
        **{name: getattr(whole, name)[:3] for name in ("reward", "logged", "target", "logged_given", "target_given")},
    )
    by_hand = {SlateIPS(): 0.8 * 1.2 * 1.0, SlotIPS(): 0.8, CascadeIPS(): 0.8}
    for estimator, total in by_hand.items():
        assert estimator.terms(cut).value == pytest.approx(total / 3)


def test_four_slates_are_refused_and_many_are_judged():
    assert judge_slates(SlateIPS(), slates()).refused.startswith("effective sample size 3.")
    rng, shown = np.random.default_rng(0), everything(own_item)
    drawn = rng.integers(0, 6, 3000)
    slots = (2 * drawn[:, None] + np.arange(2)).ravel()
    names = ("reward", "logged", "target", "logged_given", "target_given")
    many = Slates(
        offsets=np.arange(0, 6001, 2),
        owner=np.arange(3000),
        **{name: getattr(shown, name)[slots] for name in names},
    )
    for estimator in (SlateIPS(), SlotIPS(), CascadeIPS()):
        made = judge_slates(estimator, many)
        assert made.refused is None
        assert made.low < truth(own_item) < made.high
        assert "support unknown" in " ".join(made.warnings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reward": np.zeros(7)}, "'reward' has 7 slots, offsets end at 8"),
        ({"owner": np.arange(3)}, "'owner' has 3 rows, expected one for each of 4 slates"),
        ({"logged": np.zeros(8)}, "'logged' of slot 0 is 0, not a chance"),
        ({"target_given": np.full(8, 1.2)}, "'target_given' of slot 0 is 1.2, not a chance"),
    ],
)
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(DataError, match=message):
        slates(**changes)
