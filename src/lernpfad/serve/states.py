"""A tracer's state of one learner as bytes, and its way forward. Nothing in the bytes can run code."""

from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from lernpfad.core import Array, KnowledgeTracer, Sequences, observe, state_after
from lernpfad.core.state import map_state


def pack(state: Any, like: Any) -> bytes:
    """The arrays of a state. like: any state of the same tracer, whose order of arrays is followed."""
    arrays: dict[str, Array] = {}

    def add(_: Array, array: Array) -> Array:
        arrays[str(len(arrays))] = np.ascontiguousarray(array)
        return array

    map_state(add, like, state)
    packed: bytes = save(arrays)
    return packed


def unpack(packed: bytes, like: Any) -> Any:
    """The state that `pack` was given, or None if the bytes are no state of this tracer."""
    try:
        arrays = load(packed)
        names = iter(range(len(arrays)))
        state = map_state(lambda old: _fitting(arrays[str(next(names))], old), like)
    except (SafetensorError, KeyError, StopIteration, ValueError):
        return None
    return state if next(names, None) is None else None


def forward(tracer: KnowledgeTracer[Any], state: Any, history: Sequences, *, covers: int) -> Any:
    """The state after the whole history of one learner, from that after its first `covers` rows."""
    if not covers:
        return state_after(tracer, history)
    for row in range(covers, len(history)):
        state = observe(tracer, state, history.rows(slice(row, row + 1)))
    return state


def _fitting(array: Array, old: Array) -> Array:
    if array.dtype != old.dtype or array.ndim != old.ndim:
        raise ValueError(f"expected {old.dtype} of {old.ndim} axes, got {array.dtype} of {array.ndim}")
    return array
