"""The memory of DKVMN over whole histories: one compiled walk per learner, forward and backward.

A learner's memory is a few thousand numbers, so it stays in the processor's cache while her history is walked; the
backward walk repeats the forward one instead of keeping the memory of every step for every learner.
"""

from typing import Any

import numpy as np
import torch
from numba import njit, prange
from torch import Tensor

from lernpfad.core import Array


def read_and_write(
    memory: Tensor, looking: Tensor, before: Tensor, weight: Tensor, erase: Tensor, add: Tensor
) -> Tensor:
    """What each question reads of the memory as the rows before it left it, `[B, T, D]`.

    memory: `[N, D]`, before the first row. looking: weights of the slots, `[B, T, N]`. before: `[B, T]`, rows that came
    before each question, not falling along T (where it falls there is padding, which reads zeros). weight `[B, H, N]`,
    erase and add `[B, H, D]`: what each row writes.
    """
    if memory.device.type == "cpu":
        read: Tensor = _Walk.apply(memory, looking, before, weight, erase, add)  # type: ignore[no-untyped-call]
        return read
    return plain(memory, looking, before, weight, erase, add)


def plain(memory: Tensor, looking: Tensor, before: Tensor, weight: Tensor, erase: Tensor, add: Tensor) -> Tensor:
    """`read_and_write` by its definition, a loop over rows: for other devices, and to test the walk against."""
    states = [memory.expand(len(weight), *memory.shape)]
    for w, e, a in zip(weight.unbind(1), erase.unbind(1), add.unbind(1), strict=True):
        w = w.unsqueeze(-1)
        states.append(states[-1] * (1 - w * e.unsqueeze(1)) + w * a.unsqueeze(1))
    there = before >= before.cummax(dim=1).values
    index = before[..., None, None].expand(*before.shape, *memory.shape)
    found = (looking.unsqueeze(-1) * torch.stack(states, dim=1).gather(1, index)).sum(dim=2)
    return found * there.unsqueeze(-1)


class _Walk(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Tensor) -> Tensor:
        ctx.save_for_backward(*inputs)
        arrays = [_array(one) for one in inputs]
        read = np.zeros((*arrays[1].shape[:2], arrays[0].shape[1]), dtype=np.float32)
        _forward(*arrays, read)
        return torch.from_numpy(read)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        arrays = [_array(one) for one in ctx.saved_tensors]
        memory, looking, _, weight, erase, add = arrays
        of_memory = np.zeros((len(looking), *memory.shape), dtype=np.float32)
        found = [np.zeros_like(one) for one in (looking, weight, erase, add)]
        _backward(*arrays, _array(slopes[0]), of_memory, *found)
        of_looking, *of_writing = (torch.from_numpy(one) for one in found)
        return torch.from_numpy(of_memory.sum(axis=0)), of_looking, None, *of_writing


def _array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.detach().numpy())


@njit(parallel=True, fastmath=True, cache=True)  # type: ignore[untyped-decorator]
def _forward(memory: Any, looking: Any, before: Any, weight: Any, erase: Any, add: Any, read: Any) -> None:
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
def _backward(
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
