"""SASRec: causal self-attention over what a learner took (Kang & McAuley, ICDM 2018); its loss is a choice."""

import torch
from torch import Tensor, nn

from lernpfad.core import UNKNOWN, ConfigError
from lernpfad.training.dropout import Dropout, causal_attention


class SASRec(nn.Module):
    """Items with learned places through blocks of attention; the same vectors are read and ranked.

    width, heads: of attention. inner: of the feed-forward layers. window: the last so many events are read, told apart
    by their places from the window's first. A learned vector stands before them, so that an empty history is one, too.
    declined: declined offers are read as well, marked by a vector of their own.
    """

    def __init__(
        self,
        *,
        items: int,
        width: int = 64,
        heads: int = 1,
        blocks: int = 2,
        inner: int = 64,
        dropout: float = 0.1,
        window: int = 200,
        declined: bool = False,
    ) -> None:
        super().__init__()
        if window < 1 or blocks < 1 or heads < 1 or width % heads:
            raise ConfigError(
                f"SASRec: window={window}, blocks={blocks}, heads={heads}, width={width}; expected at least 1 of each "
                "and a width that the heads share evenly"
            )
        self.window, self.declined = window, declined
        self.item = nn.Embedding(items, width)
        self.place = nn.Embedding(window + 1, width)
        self.first = nn.Parameter(torch.empty(width))
        self.refused = nn.Parameter(torch.zeros(width))
        for table in (self.item.weight, self.place.weight, self.first):
            nn.init.normal_(table, std=width**-0.5)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(_Block(width, heads, inner=inner, dropout=dropout) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)

    def forward(self, item: Tensor, taken: Tensor) -> Tensor:
        """What is known before any event and after each, `[B, T + 1, D]`."""
        events = self.item(item.clamp(min=0)) + (~taken & (item != UNKNOWN)).unsqueeze(-1) * self.refused
        first = self.first.expand(item.shape[0], 1, -1)
        places = torch.arange(item.shape[1] + 1, device=item.device)
        hidden = self.dropout(torch.cat([first, events], dim=1) + self.place(places))
        for block in self.blocks:
            hidden = block(hidden)
        known: Tensor = self.norm(hidden)
        return known

    def vectors(self) -> Tensor:
        """The items, `[I, D]`."""
        return self.item.weight


class _Block(nn.Module):
    """Attention to what came before, then a layer for each place by itself, each added to what went in."""

    def __init__(self, width: int, heads: int, *, inner: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.rate = heads, dropout
        self.before_attention, self.before_layers = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked = nn.Linear(width, 3 * width)
        self.answered = nn.Linear(width, width)
        self.layers = nn.Sequential(
            nn.Linear(width, inner), nn.ReLU(), Dropout(dropout), nn.Linear(inner, width), Dropout(dropout)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        rows, length, width = hidden.shape
        parts = self.asked(self.before_attention(hidden)).view(rows, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        rate = self.rate if self.training else 0.0
        found = causal_attention(query, key, value, rate=rate)
        hidden = hidden + self.answered(found.transpose(1, 2).reshape(rows, length, width))
        after: Tensor = hidden + self.layers(self.before_layers(hidden))
        return after
