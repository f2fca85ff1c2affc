"""Dropout for training on a processor, where torch spends more time on drawing than on most layers."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, scaled_dot_product_attention

_CHANCES: Final = 1 << 16


class Dropout(nn.Module):
    """`nn.Dropout`, the rate in steps of 2^-16; on a processor it takes a fraction of the time."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, values: Tensor) -> Tensor:
        """In training, a share `rate` of the values becomes 0, and the others grow so that the mean stays."""
        return dropped(values, self.rate) if self.training else values


def dropped(values: Tensor, rate: float) -> Tensor:
    """The values, a random share `rate` of them 0, the others divided by `1 - rate`."""
    if rate == 0 or values.device.type != "cpu":
        return dropout(values, rate)
    kept, scale = _kept(values, rate)
    return values * (kept * scale)


def causal_attention(query: Tensor, key: Tensor, value: Tensor, *, rate: float) -> Tensor:
    """What each place finds among those up to itself, `[B, H, T, D]`, a share `rate` of the weights dropped.

    `scaled_dot_product_attention`, which has a fast kernel for processors where nothing is dropped.
    """
    if rate == 0 or query.device.type != "cpu":
        return scaled_dot_product_attention(query, key, value, is_causal=True, dropout_p=rate)
    length = query.shape[-2]
    later = torch.ones(length, length, dtype=torch.bool).triu(1)
    scores = query * query.shape[-1] ** -0.5 @ key.transpose(-1, -2)
    weight = torch.softmax(scores.masked_fill(later, -torch.inf), dim=-1)
    kept, scale = _kept(weight, rate)
    return weight * kept @ (value * scale)  # cheaper to scale what is narrow


def _kept(values: Tensor, rate: float) -> tuple[Tensor, float]:
    """Where values are kept, of their shape, and what makes up for the rest: four chances from each random number."""
    out = round(rate * _CHANCES)
    numbers = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(1 << 63), None)
    chance = numbers.view(torch.int16)[: values.numel()].view(values.shape)
    return chance >= out - _CHANCES // 2, _CHANCES / (_CHANCES - out)
