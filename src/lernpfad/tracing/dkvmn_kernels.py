"""The memory of DKVMN over whole histories: one compiled walk per learner, forward and backward.

A learner's memory is a few thousand numbers, so it stays in the processor's cache while her history is walked; the
backward walk repeats the forward one instead of keeping the memory of every step for every learner.
"""

from typing import Any

import numpy as np
from numba import njit, prange


@njit(parallel=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def forward(memory: Any, looking: Any, before: Any, weight: Any, erase: Any, add: Any, read: Any) -> None:
    """What every question reads, into `read` `[B, T, D]`; arguments as in `dkvmn.read_and_write`."""
    slots, width = memory.shape
    for b in prange(len(looking)):
        now = memory.copy()
        done = 0
        for t in range(looking.shape[1]):
            while done < before[b, t]:
                for n in range(slots):
                    w = weight[b, done, n]
                    for d in range(width):
                        now[n, d] = now[n, d] * (1 - w * erase[b, done, d]) + w * add[b, done, d]
                done += 1
            if before[b, t] == done:
                for n in range(slots):
                    w = looking[b, t, n]
                    for d in range(width):
                        read[b, t, d] += w * now[n, d]


@njit(parallel=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def backward(
    memory: Any,
    looking: Any,
    before: Any,
    weight: Any,
    erase: Any,
    add: Any,
    slope: Any,
    of_memory: Any,
    of_looking: Any,
    of_weight: Any,
    of_erase: Any,
    of_add: Any,
) -> None:
    """Slopes with regard to each argument, into the arrays `of_...`, which begin as zeros; `slope` is that of `read`.

    of_memory is `[B, N, D]`, to be summed over learners.
    """
    slots, width = memory.shape
    questions = looking.shape[1]
    for b in prange(len(looking)):
        rows, real = 0, 0
        for t in range(questions):
            if before[b, t] >= rows:
                rows, real = before[b, t], t + 1
        past = np.empty((rows + 1, slots, width), dtype=np.float32)
        past[0] = memory
        for h in range(rows):
            for n in range(slots):
                w = weight[b, h, n]
                for d in range(width):
                    past[h + 1, n, d] = past[h, n, d] * (1 - w * erase[b, h, d]) + w * add[b, h, d]
        bent = of_memory[b]
        done = rows
        for t in range(real - 1, -1, -1):  # padding stands at the end
            while done > before[b, t]:
                done -= 1
                _undo(bent, past[done], weight[b, done], erase[b, done], add[b, done],
                      of_weight[b, done], of_erase[b, done], of_add[b, done])  # fmt: skip
            for n in range(slots):
                w, total = looking[b, t, n], np.float32(0.0)
                for d in range(width):
                    total += slope[b, t, d] * past[done, n, d]
                    bent[n, d] += w * slope[b, t, d]
                of_looking[b, t, n] += total
        while done > 0:
            done -= 1
            _undo(bent, past[done], weight[b, done], erase[b, done], add[b, done],
                  of_weight[b, done], of_erase[b, done], of_add[b, done])  # fmt: skip


@njit(fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _undo(
    bent: Any, earlier: Any, weight: Any, erase: Any, add: Any, of_weight: Any, of_erase: Any, of_add: Any
) -> None:
    """Take the slope with regard to the memory back through one row's writing."""
    for n in range(bent.shape[0]):
        w, total = weight[n], np.float32(0.0)
        for d in range(bent.shape[1]):
            g, m = bent[n, d], earlier[n, d]
            total += g * (add[d] - erase[d] * m)
            of_erase[d] -= g * w * m
            of_add[d] += g * w
            bent[n, d] = g * (1 - w * erase[d])
        of_weight[n] += total
