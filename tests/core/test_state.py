from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lernpfad.core import put, take
from lernpfad.core.state import copied, equal, join, map_state


@dataclass(frozen=True)
class Known:
    skill: np.ndarray
    memory: tuple


class Pair(NamedTuple):
    left: np.ndarray
    right: np.ndarray


def state(learners, seed=0):
    """A state that uses everything a state may be made of."""
    rng = np.random.default_rng(seed)
    cells = {"h": rng.normal(size=(learners, 2, 3)).astype(np.float32), "count": rng.integers(0, 9, learners)}
    return Known(rng.normal(size=(learners, 4)), (cells, Pair(rng.random(learners), rng.random(learners) < 0.5)))


picks = st.integers(1, 9).flatmap(
    lambda learners: st.tuples(st.just(learners), st.lists(st.integers(0, learners - 1), max_size=12))
)


@given(picks, st.integers(0, 9))
def test_taking_one_by_one_is_taking_together(pick, seed):
    learners, some = pick
    whole = state(learners, seed)
    together = take(whole, np.array(some, dtype=int))
    for place, learner in enumerate(some):
        assert equal(take(together, slice(place, place + 1)), take(whole, slice(learner, learner + 1)))


@given(picks, st.integers(0, 9))
def test_what_was_put_is_taken_and_the_rest_stays(pick, seed):
    learners, some = pick
    some = np.unique(np.array(some, dtype=int))
    whole, part = state(learners, seed), state(len(some), seed + 10)
    before, after = copied(whole), put(whole, some, part)
    others = np.setdiff1d(np.arange(learners), some)
    assert equal(take(after, some), part)
    assert equal(take(after, others), take(whole, others))
    assert equal(whole, before)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_joining_the_parts_gives_the_whole(sizes):
    whole, ends = state(sum(sizes)), np.cumsum([0, *sizes])
    parts = [take(whole, slice(a, b)) for a, b in pairwise(ends)]
    assert equal(join(parts), whole)


def test_the_kinds_of_a_state_survive():
    after = map_state(lambda array: array, state(2))
    assert type(after) is Known
    assert type(after.memory[1]) is Pair
    assert set(after.memory[0]) == {"h", "count"}


def test_equal_looks_at_every_bit():
    one, other = state(3), copied(state(3))
    assert equal(one, other)
    other.memory[0]["h"][2, 1, 2] = np.nextafter(other.memory[0]["h"][2, 1, 2], np.float32(9))
    assert not equal(one, other)
    assert not equal(np.zeros(2), np.zeros(2, dtype=np.float32))
    assert not equal(np.zeros(2), np.zeros(3))
    assert equal(np.array([np.nan]), np.array([np.nan]))


def test_a_copy_shares_nothing():
    one = state(2)
    two = copied(one)
    two.skill[:] = 0
    assert (one.skill != 0).all()


def test_anything_else_is_no_state():
    with pytest.raises(TypeError, match="a state is made of arrays, tuples, dicts and dataclasses; got list"):
        take([1, 2], slice(0, 1))
