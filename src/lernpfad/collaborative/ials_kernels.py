"""The compiled half of iALS: one side of a sweep by conjugate gradients, owner by owner. Needs numba."""

import numpy as np
from numba import njit

from lernpfad.core import FloatArray, IntArray

_TINY = np.float32(1e-30)


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def nearer(
    bounds: IntArray,
    item: IntArray,
    weight: FloatArray,
    target: FloatArray,
    others: FloatArray,
    shared: FloatArray,
    ridge: FloatArray,
    start: FloatArray,
    steps: int,
) -> FloatArray:
    """Solutions of `(sum weight v v' + shared + ridge I) w = sum target v`, some steps nearer than `start`.

    bounds: `[owners + 1]`, owner j has the entries `item[bounds[j]:bounds[j + 1]]`, rows of `others` `[_, factors]`,
    with their weight and target. shared: `[factors, factors]`. ridge: `[owners]`. start: `[owners, factors]`. All in
    float32. The steps are conjugate gradients (Takacs, Pilaszy & Tikk, RecSys 2011). Whoever has no entries gets 0.
    """
    found = np.zeros_like(start)
    for owner in range(len(start)):
        first, last = bounds[owner], bounds[owner + 1]
        if first == last:
            continue
        w = start[owner].copy()
        rest = -_left(w, item[first:last], weight[first:last], others, shared, ridge[owner])
        for n in range(first, last):
            rest += target[n] * others[item[n]]
        way, size = rest.copy(), np.dot(rest, rest)
        for _ in range(steps):
            ahead = _left(way, item[first:last], weight[first:last], others, shared, ridge[owner])
            far = size / max(np.dot(way, ahead), _TINY)
            w += far * way
            rest -= far * ahead
            before, size = size, np.dot(rest, rest)
            way = rest + size / max(before, _TINY) * way
        found[owner] = w
    return found


@njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _left(
    w: FloatArray, item: IntArray, weight: FloatArray, others: FloatArray, shared: FloatArray, ridge: float
) -> FloatArray:
    """The left side of the equations at w, without ever making the matrix."""
    left = ridge * w
    for f in range(len(w)):
        for g in range(len(w)):
            left[g] += w[f] * shared[f, g]
    for n in range(len(item)):
        v, score = others[item[n]], np.float32(0.0)
        for f in range(len(w)):
            score += v[f] * w[f]
        score *= weight[n]
        for f in range(len(w)):
            left[f] += score * v[f]
    return left
