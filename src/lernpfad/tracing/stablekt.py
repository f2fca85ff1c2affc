"""stableKT: simpleKT whose heads prefer near rows, half of them in a hyperbolic space."""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.attention import Attention, Block, aligned, kept, places, pushed, sight
from lernpfad.tracing.embedding import Answers, Inputs
from lernpfad.training.network import Batch, State

_BLUNT = 1e-4
"""Added to squared distances: the root of a rounding error would be seen, that of this much is not."""


class StableAttention(Attention):
    """Attention with a score that falls by 2^(-8 i / H) a row back in head i of H (Press et al., ICLR 2022).

    The first half of the heads compare by scaled dot product, the others by penumbral cones (Tseng et al., Coneheads,
    NeurIPS 2023): the lower the light that casts a shadow on both question and row, the more they have in common.
    radius: of the light. sharpness: of the score. Queries and keys share a projection. Takes no rows of its own.
    """

    slopes: Tensor

    def __init__(self, width: int, heads: int, *, dropout: float, radius: float, sharpness: float) -> None:
        super().__init__(width, heads, dropout=dropout)
        self.radius, self.sharpness = radius, sharpness
        slopes = 2.0 ** (-8.0 * torch.arange(1, heads + 1) / heads)
        self.register_buffer("slopes", slopes.view(heads, 1, 1), persistent=False)

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
        """See `Attention.forward`; `distance` is needed."""
        assert distance is not None
        assert own is None
        assert latest is None
        if self.compiled(asking, seen, asking.shape[1]):
            return self._attended(asking, keys, values, seen, distance)
        query, key, value = self._split(self.query(asking)), self._split(keys), self._split(values)
        half = self.heads // 2
        plain = query[:, :half] @ key[:, :half].transpose(-1, -2)
        cones = penumbral(query[:, half:], key[:, half:], radius=self.radius, sharpness=self.sharpness)
        scores = torch.cat([plain, cones], dim=1) / math.sqrt(query.shape[-1]) - self.slopes * distance.unsqueeze(1)
        some = seen.any(dim=-1, keepdim=True)
        scores = scores.masked_fill(~(seen | ~some).unsqueeze(1), -torch.inf)
        weight = self.dropout(torch.softmax(scores, dim=-1)) * some.unsqueeze(1)
        return self._joined(weight @ value)

    def _attended(self, asking: Tensor, keys: Tensor, values: Tensor, seen: Tensor, distance: Tensor) -> Tensor:
        """`forward` for questions that all see the same rows, by `stablekt_kernels.attend`."""
        from lernpfad.tracing import stablekt_kernels as kernels

        query, high = self._halved(self.query(asking))
        key, tall = self._halved(keys)
        rows, shape = keys.shape[:2], torch.tensor([self.radius, self.sharpness, _BLUNT])
        arrays = (query, key, values, seen[:, 0].expand(rows), distance[:, 0].expand(rows), self.slopes.flatten())
        found = kernels.attend(*(one.contiguous().numpy() for one in (*arrays, high, tall, shape)))
        answer: Tensor = self.out(torch.from_numpy(found))
        return answer

    def _halved(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Rows `[..., D]` with the second half of the heads placed, and the heights of these."""
        plain, cones = rows.view(*rows.shape[:-1], self.heads, -1).chunk(2, dim=-2)
        at, height = _placed(cones, self.radius)
        at = torch.cat([at, torch.zeros_like(at[..., :1])], dim=-1)
        return torch.cat([plain, at], dim=-2).flatten(-2), height


def penumbral(query: Tensor, key: Tensor, *, radius: float, sharpness: float) -> Tensor:
    """-sharpness times the squared height of the lowest light over query and key, `[..., T, H]`.

    query: `[..., T, D]`, key: `[..., H, D]`; the last number of each is its height (through a sigmoid), the others its
    place. Both are scaled by the radius.
    """
    (at, high), (there, tall) = _placed(query, radius), _placed(key, radius)
    tall, reach_there = tall.unsqueeze(-2), (radius**2 - tall.square()).sqrt().unsqueeze(-2)
    high, reach = high.unsqueeze(-1), (radius**2 - high.square()).sqrt().unsqueeze(-1)
    squared = at.square().sum(dim=-1).unsqueeze(-1) + there.square().sum(dim=-1).unsqueeze(-2)
    squared = (squared - 2 * at @ there.transpose(-1, -2)).clamp(min=0) + _BLUNT
    apart = squared.sqrt()
    within = torch.maximum(high, tall).square().maximum(radius**2 - ((reach + reach_there - apart) / 2).square())
    beyond = ((squared + tall.square() - high.square()) / (2 * apart)).square() + high.square()
    return -sharpness * torch.where(apart <= reach + reach_there, within, beyond)


def _placed(rows: Tensor, radius: float) -> tuple[Tensor, Tensor]:
    """Place `[..., D - 1]` and height `[...]`, which stays below the radius."""
    share = torch.sigmoid(rows[..., -1])
    return rows[..., :-1] * share.unsqueeze(-1) * radius, share * (radius * (1 - 1e-3))


class StableKT(nn.Module):
    """stableKT (Li et al., IJCAI 2024): simpleKT that goes by distance instead of places, so that length may grow.

    Half of the heads compare question and row as cones of a hierarchy. pyKT's code adds learned places in every mode,
    by a test that is always true; here are none.

    inputs: "both", "skills" or "items". blocks: each asks again with what the one before found. width, heads: of
    attention; an even number of heads. inner: of the feed-forward layers. window: rows that each block looks back (see
    `tracing.attention`). radius, sharpness: of the cones (r and gamma of the paper).
    """

    blocks: Sequence[Block]  # a ModuleList, which does not tell what it holds

    def __init__(
        self,
        *,
        items: int,
        skills: int,
        item_skills: IntArray,
        inputs: Inputs = "both",
        width: int = 64,
        heads: int = 4,
        blocks: int = 2,
        inner: int = 128,
        dropout: float = 0.1,
        window: int = 200,
        radius: float = 0.5,
        sharpness: float = 0.7,
    ) -> None:
        super().__init__()
        if window < 1 or blocks < 1:
            raise ConfigError(f"StableKT: window={window}, blocks={blocks}; expected at least 1 of each")
        if heads < 2 or heads % 2:
            raise ConfigError(f"StableKT: heads={heads}, expected an even number, as half of them are cones")
        if not (radius > 0 and sharpness > 0):
            raise ConfigError(f"StableKT: radius={radius}, sharpness={sharpness}; expected numbers above 0")
        self.width, self.window = width, window
        self.read = Answers(
            items=items,
            skills=skills,
            item_skills=item_skills,
            width=width,
            inputs=inputs,
            vector=True,
            owner="StableKT",
        )
        made = nn.ModuleList(Block(width, heads, inner=inner, dropout=dropout) for _ in range(blocks))
        self.blocks = cast(Sequence[Block], made)
        for block in self.blocks:
            block.attention = StableAttention(width, heads, dropout=dropout, radius=radius, sharpness=sharpness)
        self.head = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2 * width, 1)
        )

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        rows, same = batch.item.shape[1], aligned(batch)
        history, answers = self.read.question(batch.item), self.read.answer(batch.item, batch.outcome)
        seen, distance = sight(places(batch), rows, self.window)
        asked, visible, back = history, seen, distance
        if not same:
            asked = self.read.question(batch.asked)
            visible, back = sight(batch.before, rows, self.window)
        asking = asked
        for number, block in enumerate(self.blocks, start=1):
            keys, values = block.keys(history), block.values(answers)
            asking = block(asking, keys, values, visible, distance=back)
            if number < len(self.blocks):
                history = asking if same else block(history, keys, values, seen, distance=distance)
        return self._decided(asking, asked)

    def start(self, learners: int) -> State:
        """Empty caches."""
        zeros = self.read.response.new_zeros(learners, self.window, self.width)
        caches = {f"{what}{n}": zeros.clone() for n in range(len(self.blocks)) for what in ("keys", "values")}
        return {"count": zeros.new_zeros(learners, 1), **caches}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """One more row in every cache."""
        asking, answer = self.read.question(item).unsqueeze(1), self.read.answer(item, outcome)
        seen, distance = kept(state, self.window)
        after = {"count": (state["count"] + 1).clamp(max=self.window)}
        for n, block in enumerate(self.blocks):
            keys, values = state[f"keys{n}"], state[f"values{n}"]
            after[f"keys{n}"] = pushed(keys, block.keys(asking)[:, 0])
            after[f"values{n}"] = pushed(values, block.values(answer))
            if n + 1 < len(self.blocks):
                asking = block(asking, keys, values, seen, distance=distance)
        return after

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`; the caches are shared by all of them."""
        return self._asked(state, self.read.question(items))

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on the average item of each skill, `[B, K]`."""
        concepts = self.read.concepts()
        return self._asked(state, concepts.expand(state["count"].shape[0], *concepts.shape))

    def _asked(self, state: State, asked: Tensor) -> Tensor:
        seen, distance = kept(state, self.window)
        asking = asked
        for n, block in enumerate(self.blocks):
            asking = block(asking, state[f"keys{n}"], state[f"values{n}"], seen, distance=distance)
        return self._decided(asking, asked)

    def _decided(self, found: Tensor, asked: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.cat([found, asked], dim=-1)).squeeze(-1)
        return logits
