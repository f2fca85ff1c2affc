"""Attention of many questions to the same few rows, as to a cache: compiled, one block of questions at a time.

The innermost loops run over the questions of a block, whose scores lie as `[rows, questions]`: what goes on from row to
row, a maximum or a sum, is then an array as well, and all of it stays in the processor's cache and wide registers.
"""

from typing import Any

import numpy as np
from numba import njit

BLOCK, LANE = 256, 16
"""Questions in a block, and the number to a multiple of which they are filled up."""

_F = np.float32
_LOWEST, _LEAST_FADING = _F(-1e30), _F(1e-5)
_PER_NAT, _LEAST_POWER, _HALF = _F(1.4426950408889634), _F(-125.0), _F(0.5)
_C1, _C2, _C3, _C4, _C5 = _F(0.69314718), _F(0.24022651), _F(0.055504109), _F(0.0096181291), _F(0.0013333558)


@njit(fastmath=True, error_model="numpy", cache=True, nogil=True)  # type: ignore[untyped-decorator]
def attend(query: Any, key: Any, value: Any, seen: Any, far: Any, own: Any, decay: Any) -> Any:
    """What the questions find in the rows, `[B, T, D]`, and the log-sum-exp of their scores, `[B, T, H]`.

    query: `[B, T, D]`. key, value: `[B, R, D]`. seen, far: `[B, R]`, which rows they see, how many rows back.
    own: `[B, T, H]`, the score of each question's own row, which counts for the fading alone; very low where there is
    none.
    decay: `[H]`, 0 where nothing fades. Who sees nothing finds zeros, and very low sums.
    """
    learners, questions, width = query.shape
    heads = len(decay)
    deep = width // heads
    scale = _F(deep**-0.5)
    found = np.zeros((learners, questions, width), np.float32)
    mass = np.full((learners, questions, heads), _LOWEST)
    asking, answer = np.empty((deep, BLOCK), np.float32), np.empty((deep, BLOCK), np.float32)
    scores = np.zeros((key.shape[1] + 3, BLOCK), np.float32)
    power = np.empty_like(scores)
    top, total, edge = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
    for b in range(learners):
        rows = np.flatnonzero(seen[b])
        if len(rows) == 0:
            continue
        for h in range(heads):
            at = slice(h * deep, (h + 1) * deep)
            keys, values = key[b, :, at], value[b, :, at]
            for first in range(0, questions, BLOCK):
                last = min(first + BLOCK, questions)
                wide = (last - first + LANE - 1) // LANE * LANE
                lay(query[b, first:last, at], scale, asking, wide)
                dots(asking, keys, rows, scores, wide)
                if decay[h] > 0:
                    edge[: last - first] = own[b, first:last, h]
                    _fade(scores, far[b], rows, edge, decay[h], power, top, total, wide)
                weigh(scores, len(rows), top, total, wide)
                gather(scores, values, rows, answer, wide)
                for t in range(last - first):
                    mass[b, first + t, h] = top[t] + np.log(total[t])
                    for d in range(deep):
                        found[b, first + t, h * deep + d] = answer[d, t] / total[t]
    return found, mass


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def lay(query: Any, scale: Any, asking: Any, wide: int) -> None:
    """Questions `[T, d]` side by side, `[d, wide]`, scaled and filled up with zeros."""
    for d in range(len(asking)):
        for t in range(len(query)):
            asking[d, t] = scale * query[t, d]
        for t in range(len(query), wide):
            asking[d, t] = 0


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def dots(asking: Any, keys: Any, rows: Any, scores: Any, wide: int) -> None:
    """Scores of the rows seen, one after the other."""
    deep = len(asking)
    even = deep - deep % 4
    for place in range(len(rows)):
        row = keys[rows[place]]
        for t in range(wide):
            scores[place, t] = 0
        for d in range(0, even, 4):
            a, b, c, e = row[d], row[d + 1], row[d + 2], row[d + 3]
            for t in range(wide):
                scores[place, t] += (
                    a * asking[d, t] + b * asking[d + 1, t] + c * asking[d + 2, t] + e * asking[d + 3, t]
                )
        for d in range(even, deep):
            for t in range(wide):
                scores[place, t] += row[d] * asking[d, t]


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _fade(scores: Any, far: Any, rows: Any, own: Any, decay: Any, power: Any, top: Any, total: Any, wide: int) -> None:
    """As `Attention._fading`, from the newest row back; power, top and total are overwritten."""
    top[:] = own
    for place in range(len(rows)):
        _raise(top, scores[place], wide)
    newer = np.empty_like(top)
    for t in range(wide):
        newer[t] = exp(own[t] - top[t])
        total[t] = newer[t]
    for place in range(len(rows)):
        _power(scores[place], power[place], top, total, wide)
    for t in range(wide):
        total[t] = 1 / total[t]
    for place in range(len(rows) - 1, -1, -1):
        _fade_row(scores[place], power[place], newer, total, far[rows[place]], decay, wide)


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _fade_row(scores: Any, power: Any, newer: Any, share: Any, far: Any, decay: Any, wide: int) -> None:
    for t in range(wide):
        fading = exp(-decay * np.sqrt(newer[t] * share[t] * far))
        scores[t] *= fading if fading > _LEAST_FADING else _LEAST_FADING
        newer[t] += power[t]


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def weigh(scores: Any, rows: int, top: Any, total: Any, wide: int) -> None:
    """Scores as exp(score - top), and their sums; zeros follow, up to a multiple of four rows."""
    top[:] = _LOWEST
    total[:] = 0
    for place in range(rows):
        _raise(top, scores[place], wide)
    for place in range(rows):
        _power_in_place(scores[place], top, total, wide)
    for place in range(rows, (rows + 3) // 4 * 4):
        scores[place] = 0


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def gather(weight: Any, values: Any, rows: Any, answer: Any, wide: int) -> None:
    """Values weighed, `[d, wide]`: four rows at once, so that the sums are fetched and put back once for them."""
    answer[:] = 0
    last = len(rows) - 1
    for place in range(0, len(rows), 4):
        w, x, y, z = weight[place], weight[place + 1], weight[place + 2], weight[place + 3]
        one, two = values[rows[place]], values[rows[min(place + 1, last)]]
        three, four = values[rows[min(place + 2, last)]], values[rows[min(place + 3, last)]]
        for d in range(len(answer)):
            a, b, c, e = one[d], two[d], three[d], four[d]
            for t in range(wide):
                answer[d, t] += a * w[t] + b * x[t] + c * y[t] + e * z[t]


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _raise(top: Any, scores: Any, wide: int) -> None:
    for t in range(wide):
        one, other = scores[t], top[t]
        top[t] = one if one > other else other


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _power(scores: Any, power: Any, top: Any, total: Any, wide: int) -> None:
    for t in range(wide):
        power[t] = exp(scores[t] - top[t])
        total[t] += power[t]


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _power_in_place(scores: Any, top: Any, total: Any, wide: int) -> None:
    """A loop of its own: where arrays might overlap, no wide registers are used."""
    for t in range(wide):
        scores[t] = exp(scores[t] - top[t])
        total[t] += scores[t]


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def exp(x: Any) -> Any:
    """e^x of a float32 not above 0, to 1e-6 near 0: 2^n of the nearest n as bits, times a polynomial for the rest."""
    power = x * _PER_NAT
    power = power if power > _LEAST_POWER else _LEAST_POWER
    n = np.int32(power - _HALF)
    f = power - _F(n)
    rest = _F(1) + f * (_C1 + f * (_C2 + f * (_C3 + f * (_C4 + f * _C5))))
    return np.int32((n + 127) << 23).view(np.float32) * rest
