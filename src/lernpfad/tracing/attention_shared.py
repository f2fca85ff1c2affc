"""Monotonic attention of many questions to the same rows, in operations that a production graph runs quickly.

Rows come first and questions last, newest row first: what goes on from row to row, a maximum or a sum, then runs over
whole arrays of questions. The numbers are those of `Attention.forward`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

_LOWEST = -1e30
_LEAST = -80.0
"""Beyond this a weight is nothing in float32; it is cut here, as numbers just above 0 are slow to reckon with."""


class SharedRows(nn.Module):
    """Monotonic attention, see above; it has no weights of its own."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def forward(
        self,
        query: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        distance: Tensor,
        own: Sequence[tuple[Tensor, Tensor]],
        decay: Tensor,
    ) -> Tensor:
        """What the questions find, `[B, T, D]`; scores fade by `decay` `[H, 1, 1]` before its softplus.

        query: `[B, T, D]`. keys, values: `[B, R, D]`, oldest first. seen, distance: `[B, 1, R]`. own: keys and values
        of rows that each question has for itself, `[B, T, D]` each, newest first and newer than all that are shared.
        """
        fall = -softplus(decay)
        keys, values = self._split(keys.flip(1)), self._split(values.flip(1))
        seen, far = seen.flip(2).transpose(1, 2).unsqueeze(1), distance.flip(2).transpose(1, 2).unsqueeze(1)
        asked = self._split(query) / math.sqrt(query.shape[-1] // self.heads)
        scores = keys @ asked.transpose(-1, -2) + torch.where(seen, 0.0, _LOWEST)
        if own:
            mine = [(asked * self._split(key)).sum(dim=-1).unsqueeze(2) for key, _ in own]
        else:  # who sees nothing looks at a row of zeros
            nothing = torch.where(seen.any(dim=2, keepdim=True), _LOWEST, 0.0)
            mine = [nothing.expand(-1, self.heads, -1, 1) + torch.zeros_like(scores[:, :, :1])]
        weight, *of_mine = _weights(scores, *mine)
        closer = of_mine[0]  # what is looked at of the rows of its own that are newer than the next one
        for part in of_mine[1:]:
            closer = closer + part
        newer = torch.cat([closer, weight[:, :, :-1]], dim=2).cumsum(dim=2)
        total = newer[:, :, -1:] + weight[:, :, -1:]
        scores = scores * _fading(newer, far, total, fall)
        closer = of_mine[0]
        for n in range(1, len(mine)):  # the newest has nothing in between
            mine[n] = mine[n] * _fading(closer, float(n), total, fall)
            closer = closer + of_mine[n]
        weight, *of_mine = _weights(scores, *mine)
        found, total = values.transpose(-1, -2) @ weight, weight.sum(dim=2, keepdim=True)
        for part, (_, value) in zip(of_mine, own, strict=False):
            found = found + part * self._split(value).transpose(-1, -2)
        for part in of_mine:
            total = total + part
        return (found / total).flatten(1, 2).transpose(1, 2)

    def _split(self, rows: Tensor) -> Tensor:
        return rows.view(*rows.shape[:-1], self.heads, rows.shape[-1] // self.heads).transpose(1, 2)


def _fading(newer: Tensor, far: Tensor | float, total: Tensor, fall: Tensor) -> Tensor:
    """exp(fall sqrt(rows back x share of attention that fell on newer ones)), never below 1e-5."""
    return ((newer * far / total).sqrt() * fall).exp().clamp(min=1e-5)


def _weights(*scores: Tensor) -> list[Tensor]:
    """exp(score - the highest one) of rows `[B, H, ..., T]`, the same questions in each."""
    top = scores[0].amax(dim=2, keepdim=True)
    for one in scores[1:]:
        top = torch.maximum(top, one)
    return [(one - top).clamp(min=_LEAST).exp() for one in scores]
