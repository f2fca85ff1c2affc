"""State is a value: a tree of arrays with learners on axis 0, taken apart and put together without changing it.

A state may be an array, a tuple or dict of states, or a frozen dataclass whose fields are states.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from lernpfad.core.arrays import Array

S = TypeVar("S")


def map_state(change: Callable[..., Any], *states: S) -> S:
    """Apply `change` to every array of one state, or to matching arrays of several."""
    result: S = _mapped(change, states)
    return result


def _mapped(change: Callable[..., Any], states: tuple[Any, ...]) -> Any:
    first = states[0]
    if isinstance(first, np.ndarray):
        return change(*states)
    if isinstance(first, dict):
        return {key: _mapped(change, tuple(s[key] for s in states)) for key in first}
    if isinstance(first, tuple):
        parts = [_mapped(change, part) for part in zip(*states, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    if is_dataclass(first) and not isinstance(first, type):
        names = [f.name for f in fields(first)]
        return replace(first, **{name: _mapped(change, tuple(getattr(s, name) for s in states)) for name in names})
    raise TypeError(f"a state is made of arrays, tuples, dicts and dataclasses; got {type(first).__name__}")


def take(state: S, learners: Array | slice) -> S:
    """The state of some learners (indices, possibly repeated, or a mask)."""
    return map_state(lambda array: array[learners], state)


def put(state: S, learners: Array, part: S) -> S:
    """A copy of `state` in which the given learners have the state `part`."""

    def placed(array: Array, new: Array) -> Array:
        out = array.copy()
        out[learners] = new
        return out

    return map_state(placed, state, part)


def join(states: Sequence[S]) -> S:
    """The states of several groups of learners as one, in the given order."""
    return map_state(lambda *arrays: np.concatenate(arrays), *states)


def equal(one: S, other: S) -> bool:
    """Whether two states hold the same bits."""
    same: list[bool] = []

    def compare(a: Array, b: Array) -> Array:
        same.append(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())
        return a

    map_state(compare, one, other)
    return all(same)


def size(state: object) -> int:
    """Bytes that a state takes."""
    total = 0

    def add(array: Array) -> Array:
        nonlocal total
        total += array.nbytes
        return array

    map_state(add, state)
    return total


def copied(state: S) -> S:
    """A deep copy."""
    return map_state(np.copy, state)
