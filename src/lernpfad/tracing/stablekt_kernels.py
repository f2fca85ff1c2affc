"""stableKT's attention of many questions to the same few rows, compiled; see `attention_kernels`."""

from typing import Any

import numpy as np
from numba import njit

from lernpfad.tracing.attention_kernels import BLOCK, LANE, dots, gather, lay, weigh

_F = np.float32


@njit(fastmath=True, error_model="numpy", cache=True, nogil=True)  # type: ignore[untyped-decorator]
def attend(query: Any, key: Any, value: Any, seen: Any, far: Any, slopes: Any, high: Any, tall: Any, shape: Any) -> Any:
    """What the questions find in the rows, `[B, T, D]`; zeros for who sees nothing.

    query `[B, T, D]`, key, value `[B, R, D]`, seen, far `[B, R]` and slopes `[H]` as in `StableAttention`; the first
    heads compare by dot product. The others are as many as there are heights: high `[B, T, cones]` of
    questions and tall `[B, R, cones]` of rows, whose places stand in query and key. shape: radius of the light,
    sharpness of a cone's score, and what is added to squared distances, `[3]`.
    """
    learners, questions, width = query.shape
    heads, plain = len(slopes), len(slopes) - high.shape[2]
    deep = width // heads
    scale = _F(deep**-0.5)
    found = np.zeros((learners, questions, width), np.float32)
    asking, answer = np.empty((deep, BLOCK), np.float32), np.empty((deep, BLOCK), np.float32)
    scores = np.zeros((key.shape[1] + 3, BLOCK), np.float32)
    top, total, height = np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32), np.zeros(BLOCK, np.float32)
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
                lay(query[b, first:last, at], scale if h < plain else _F(1), asking, wide)
                dots(asking, keys, rows, scores, wide)
                if h >= plain:
                    height[: last - first] = high[b, first:last, h - plain]
                    _cones(scores, asking, height, keys, tall[b, :, h - plain], rows, scale, shape, wide)
                for place in range(len(rows)):
                    _less(scores[place], slopes[h] * far[b, rows[place]], wide)
                weigh(scores, len(rows), top, total, wide)
                gather(scores, values, rows, answer, wide)
                for t in range(last - first):
                    for d in range(deep):
                        found[b, first + t, h * deep + d] = answer[d, t] / total[t]
    return found


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _cones(
    scores: Any, asking: Any, high: Any, keys: Any, tall: Any, rows: Any, scale: Any, shape: Any, wide: int
) -> None:
    """Dot products of places become scores of cones."""
    length, reach, light = np.zeros_like(high), np.empty_like(high), shape[0] * shape[0]
    for d in range(len(asking)):
        for t in range(wide):
            length[t] += asking[d, t] * asking[d, t]
    for t in range(len(high)):
        reach[t] = np.sqrt(light - high[t] * high[t])
    for place in range(len(rows)):
        row = rows[place]
        far = _F(0)
        for d in range(keys.shape[1]):
            far += keys[row, d] * keys[row, d]
        _cone(scores[place], length, high, reach, far, tall[row], light, scale * shape[1], shape[2], wide)


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _cone(
    scores: Any,
    length: Any,
    high: Any,
    reach: Any,
    far: Any,
    tall: Any,
    light: Any,
    sharpness: Any,
    blunt: Any,
    wide: int,
) -> None:
    """`stablekt.penumbral` of all questions and one row."""
    reach_there = np.sqrt(light - tall * tall)
    for t in range(wide):
        squared = length[t] + far - _F(2) * scores[t]
        squared = (squared if squared > _F(0) else _F(0)) + blunt
        apart, both = np.sqrt(squared), reach[t] + reach_there
        higher = high[t] if high[t] > tall else tall
        gap = _F(0.5) * (both - apart)
        within, least = light - gap * gap, higher * higher
        within = within if within > least else least
        shift = _F(0.5) * (squared + tall * tall - high[t] * high[t]) / apart
        beyond = shift * shift + high[t] * high[t]
        scores[t] = -sharpness * (within if apart <= both else beyond)


@njit(fastmath=True, error_model="numpy", cache=True)  # type: ignore[untyped-decorator]
def _less(scores: Any, drop: Any, wide: int) -> None:
    for t in range(wide):
        scores[t] -= drop
