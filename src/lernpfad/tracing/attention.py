"""Attention over a learner's history, in one pass over whole histories and one row at a time from a cache.

A question may look at the rows of the history before it, and of those at the last `window` only, in every layer. The
cache holds keys and values of just these rows, oldest first, so that a step costs what the new row costs and the
parallel pass and the fold are the same beyond the window too. A question without any row before it gets zeros.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention, softplus

from lernpfad.core import ConfigError
from lernpfad.tracing.attention_shared import SharedRows
from lernpfad.training.network import Batch, State

_MANY = 32
"""Questions of a learner from which on the compiled pass pays: it works on sixteen at a time."""

_LOWEST = -1e30
"""The score of an own row that is not there; the kernels are compiled for finite numbers."""


class Attention(nn.Module):
    """Multi-head attention of questions to rows, and, where it is given, of each question to itself.

    shared: one projection for queries and keys. monotonic: scores shrink with distance in time and in what was said
    in between (Ghosh, Heffernan & Lan, KDD 2020, eq. 3-4).
    """

    def __init__(self, width: int, heads: int, *, dropout: float, shared: bool = True, monotonic: bool = False) -> None:
        super().__init__()
        if heads < 1 or width % heads:
            raise ConfigError(f"attention: width {width} in {heads} heads; expected a width that the heads divide")
        self.heads, self.monotonic, self.rate = heads, monotonic, dropout
        self.key = nn.Linear(width, width)
        self.query = self.key if shared else nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        if monotonic:
            self.decay = nn.Parameter(torch.zeros(heads, 1, 1))
            self.alike = SharedRows(heads)

    def forward(
        self,
        asking: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        *,
        distance: Tensor | None = None,
        own: tuple[Tensor, Tensor] | None = None,
        alike: bool = False,
        latest: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """What the questions find, `[B, T, D]`.

        asking: `[B, T, D]`, with own rows also `[B, 1, D]`: all ask the same. keys, values: `[B, H, D]`, projected
        already, oldest first. seen: `[B or 1, T or 1, H]`, which rows a question may look at. distance: likewise, how
        many rows back; for `monotonic` only. own: key and value of each question itself, `[B, T, D]` each.
        alike: all questions of a learner see the same rows, as candidates do, and the quick way for that may be taken.
        latest: with `alike` and `monotonic`, key and value of one more row that each question sees, newer than all.
        """
        questions = asking.shape[1] if own is None else own[0].shape[1]
        together = latest is None and self.compiled(asking, seen, questions)
        if own is not None and (self.monotonic or not together):
            asking = asking.expand(-1, questions, -1)
        if together:
            return self._together(asking, keys, values, seen, distance, own)
        if alike and self.monotonic and not self.training:
            assert distance is not None
            mine = [one for one in (own, latest) if one is not None]
            found = self.alike(self.query(asking), keys, values, seen, distance, mine, self.decay)
            answer: Tensor = self.out(found)
            return answer
        query, key, value = self._split(self.query(asking)), self._split(keys), self._split(values)
        if own is None and not self.monotonic:
            return self._plain(query, key, value, seen.unsqueeze(1))
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        if own is None:
            last, there = torch.zeros_like(scores[..., :1]), ~seen.any(dim=-1, keepdim=True)
        else:
            last = (query * self._split(own[0])).sum(dim=-1, keepdim=True) / math.sqrt(query.shape[-1])
            there = torch.ones_like(seen[..., :1])
        scores = torch.cat([scores, last], dim=-1)
        hidden = ~torch.cat([seen, there], dim=-1).unsqueeze(1)
        if self.monotonic:
            assert distance is not None
            far = torch.cat([distance, torch.zeros_like(distance[..., :1])], dim=-1).unsqueeze(1)
            scores = scores * self._fading(scores, hidden, far)
        weight = self.dropout(torch.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1))
        found = weight[..., :-1] @ value
        if own is not None:
            found = found + weight[..., -1:] * self._split(own[1])
        return self._joined(found)

    def compiled(self, asking: Tensor, seen: Tensor, questions: int) -> bool:
        """Whether compiled code may stand in for torch, and would be quicker.

        So it is for candidates, many questions that see the same rows, on the CPU; not in training or for export.
        """
        if not torch.is_inference_mode_enabled():  # asked first: an exporter would take the sizes below for constants
            return False
        many = seen.shape[1] == 1 and (questions >= _MANY or len(asking) == 1)
        return many and not self.training and asking.device.type == "cpu"

    def _together(
        self,
        asking: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        distance: Tensor | None,
        own: tuple[Tensor, Tensor] | None,
    ) -> Tensor:
        """`forward` for questions that all see the same rows, as candidates do.

        A question's own row has the share sigmoid(its score - log-sum-exp of the others); so where all ask the same
        and only their own rows differ, the others are weighed once.
        """
        query = own[0] if own is not None and self.query is self.key else self.query(asking)
        last = query.new_full((*query.shape[:2], self.heads), _LOWEST)
        if own is not None:
            last = (self._split(query) * self._split(own[0])).sum(dim=-1).transpose(1, 2)
            last = last / math.sqrt(query.shape[-1] // self.heads)
        decay = softplus(self.decay).flatten() if self.monotonic else query.new_zeros(self.heads)
        found, mass = attend(query, keys, values, seen, distance, last, decay)
        if own is None:
            answer: Tensor = self.out(found)
            return answer
        share = torch.sigmoid(last - mass).transpose(1, 2).unsqueeze(-1)
        return self._joined(torch.lerp(self._split(found), self._split(own[1]), share))

    def _plain(self, query: Tensor, key: Tensor, value: Tensor, seen: Tensor) -> Tensor:
        """Without own rows and fading: torch's fused attention, with a row of zeros for whoever sees nothing."""
        nothing = torch.zeros_like(key[:, :, :1])
        mask = torch.cat([seen, ~seen.any(dim=-1, keepdim=True)], dim=-1)
        mask = mask.expand(query.shape[0], 1, query.shape[2], mask.shape[-1])
        found = scaled_dot_product_attention(
            query,
            torch.cat([key, nothing], dim=2),
            torch.cat([value, nothing], dim=2),
            attn_mask=mask,
            dropout_p=self.rate if self.training else 0.0,
        )
        return self._joined(found)

    def _fading(self, scores: Tensor, hidden: Tensor, far: Tensor) -> Tensor:
        """exp(-decay sqrt(rows in between x attention that falls in between)), never below 1e-5."""
        with torch.no_grad():
            weight = torch.softmax(scores.masked_fill(hidden, -torch.inf), dim=-1)
            # summed from the newest row back, so that near rows, where the root is steep, carry no rounding of far ones
            newer = weight.flip(-1).cumsum(dim=-1).flip(-1)
            between = torch.cat([newer[..., 1:], torch.zeros_like(newer[..., :1])], dim=-1)
            reach = (between * far).sqrt()
        return (-softplus(self.decay) * reach).exp().clamp(min=1e-5)

    def _split(self, rows: Tensor) -> Tensor:
        return rows.view(*rows.shape[:-1], self.heads, rows.shape[-1] // self.heads).transpose(1, 2)

    def _joined(self, found: Tensor) -> Tensor:
        joined: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return joined


def attend(
    query: Tensor, keys: Tensor, values: Tensor, seen: Tensor, distance: Tensor | None, own: Tensor, decay: Tensor
) -> tuple[Tensor, Tensor]:
    """`attention_kernels.attend` of tensors on the CPU; `seen` and `distance` as in `Attention.forward`."""
    from lernpfad.tracing import attention_kernels as kernels

    rows = (len(query), keys.shape[1])
    seen = seen[:, 0].expand(rows)
    distance = torch.zeros(rows) if distance is None else distance[:, 0].expand(rows)
    arrays = (one.contiguous().numpy() for one in (query, keys, values, seen, distance, own, decay))
    found, mass = kernels.attend(*arrays)
    return torch.from_numpy(found), torch.from_numpy(mass)


class Block(nn.Module):
    """Attention, then if `inner` is above 0 a feed-forward layer of that width; each with residual and norm."""

    def __init__(
        self, width: int, heads: int, *, inner: int, dropout: float, shared: bool = True, monotonic: bool = False
    ) -> None:
        super().__init__()
        self.attention = Attention(width, heads, dropout=dropout, shared=shared, monotonic=monotonic)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)
        self.inner = None
        if inner:
            self.inner = nn.Sequential(
                nn.Linear(width, inner), nn.ReLU(), nn.Dropout(dropout), nn.Linear(inner, width), nn.Dropout(dropout)
            )
            self.inner_norm = nn.LayerNorm(width)

    def keys(self, rows: Tensor) -> Tensor:
        """Keys of rows, `[..., D]`: what the cache keeps."""
        keys: Tensor = self.attention.key(rows)
        return keys

    def values(self, rows: Tensor) -> Tensor:
        """Values of rows, `[..., D]`: what the cache keeps."""
        values: Tensor = self.attention.value(rows)
        return values

    def forward(
        self,
        asking: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        *,
        distance: Tensor | None = None,
        own: tuple[Tensor, Tensor] | None = None,
        alike: bool = False,
        latest: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """See `Attention.forward`."""
        found = self.attention(asking, keys, values, seen, distance=distance, own=own, alike=alike, latest=latest)
        after: Tensor = self.norm(asking + self.dropout(found))
        if self.inner is not None:
            after = self.inner_norm(after + self.inner(after))
        return after


def aligned(batch: Batch) -> bool:
    """Whether the questions are just the rows of the history, so that what is reckoned for one serves the other."""
    if batch.item.shape != batch.asked.shape:
        return False
    place = torch.arange(batch.item.shape[1], device=batch.item.device)
    return bool(((batch.before == place) | ~batch.scored).all()) and torch.equal(batch.item, batch.asked)


def places(batch: Batch) -> Tensor:
    """How many rows came before each row of the history, `[1, H]`."""
    return torch.arange(batch.item.shape[1], device=batch.item.device).unsqueeze(0)


def sight(before: Tensor, rows: int, window: int) -> tuple[Tensor, Tensor]:
    """Which of `rows` history rows a question sees that had `before` `[B, T]` rows ahead of it, and how far back.

    Both `[B, T, rows]`, boolean and float32.
    """
    distance = before.unsqueeze(-1) - torch.arange(rows, device=before.device)
    return (distance > 0) & (distance <= window), distance.clamp(min=0).float()


def kept(state: State, window: int) -> tuple[Tensor, Tensor]:
    """As `sight`, of the rows that the cache holds: both `[L, 1, window]`."""
    back = torch.arange(window, 0, -1, dtype=torch.float32, device=state["count"].device)
    distance = back.expand(state["count"].shape[0], 1, window)
    return distance <= state["count"].unsqueeze(-1), distance


def pushed(cache: Tensor, row: Tensor) -> Tensor:
    """The cache `[L, W, D]` with a new row `[L, D]` at its end and without its oldest."""
    return torch.cat([cache[:, 1:], row.unsqueeze(1)], dim=1)


def newest(rows: Tensor, window: int) -> Tensor:
    """A cache `[L, W, D]` of the last rows of `[L, T, D]`, filled up with zeros where there are fewer."""
    return pad(rows, (0, 0, window, 0))[:, rows.shape[1] :]


def waves(place: Tensor, width: int) -> Tensor:
    """Sines and cosines of a place (Vaswani et al. 2017), of any shape: `[..., width]`."""
    half = torch.arange(0, width, 2, dtype=torch.float32, device=place.device)
    angle = place.float().unsqueeze(-1) * torch.exp(half * (-math.log(10_000.0) / width))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(-2)[..., :width]
