"""simpleKT: plain attention from a question to the answers before it."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.attention import Block, aligned, kept, places, pushed, sight, waves
from lernpfad.tracing.embedding import Answers, Inputs
from lernpfad.training.network import Batch, State


class SimpleKT(nn.Module):
    """simpleKT (Liu et al., ICLR 2023): the question asks, earlier questions are the keys, earlier answers the values.

    inputs: "both", "skills" or "items". blocks: each asks again with what the one before found. width, heads: of
    attention. inner: of the feed-forward layers. Places are told by fixed sines and go on beyond `window`, the rows
    that each block looks back (see `tracing.attention`).
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
    ) -> None:
        super().__init__()
        if window < 1 or blocks < 1 or width % 2:
            raise ConfigError(
                f"SimpleKT: window={window}, blocks={blocks}, width={width}; expected window and blocks of at least 1 "
                "and an even width"
            )
        self.width, self.window = width, window
        self.read = Answers(
            items=items,
            skills=skills,
            item_skills=item_skills,
            width=width,
            inputs=inputs,
            vector=True,
            owner="SimpleKT",
        )
        made = nn.ModuleList(Block(width, heads, inner=inner, dropout=dropout) for _ in range(blocks))
        self.blocks = cast(Sequence[Block], made)
        self.head = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2 * width, 1)
        )

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        rows, place, same = batch.item.shape[1], places(batch), aligned(batch)
        at = waves(place, self.width)
        history = self.read.question(batch.item) + at
        answers = self.read.answer(batch.item, batch.outcome) + at
        seen, _ = sight(place, rows, self.window)
        asked = self.read.question(batch.asked)
        asking, visible = history, seen
        if not same:
            asking = asked + waves(batch.before, self.width)
            visible, _ = sight(batch.before, rows, self.window)
        for number, block in enumerate(self.blocks, start=1):
            keys, values = block.keys(history), block.values(answers)
            asking = block(asking, keys, values, visible)
            if number < len(self.blocks):
                history = asking if same else block(history, keys, values, seen)
        return self._decided(asking, asked)

    def start(self, learners: int) -> State:
        """Empty caches; `count` goes on beyond the window, as it tells the place."""
        zeros = self.read.response.new_zeros(learners, self.window, self.width)
        caches = {f"{what}{n}": zeros.clone() for n in range(len(self.blocks)) for what in ("keys", "values")}
        return {"count": zeros.new_zeros(learners, 1), **caches}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """One more row in every cache."""
        at = waves(state["count"], self.width)
        asking = self.read.question(item).unsqueeze(1) + at
        answer = self.read.answer(item, outcome).unsqueeze(1) + at
        seen, _ = kept(state, self.window)
        after = {"count": state["count"] + 1}
        for n, block in enumerate(self.blocks):
            keys, values = state[f"keys{n}"], state[f"values{n}"]
            after[f"keys{n}"] = pushed(keys, block.keys(asking)[:, 0])
            after[f"values{n}"] = pushed(values, block.values(answer)[:, 0])
            if n + 1 < len(self.blocks):
                asking = block(asking, keys, values, seen)
        return after

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`; the caches are shared by all of them."""
        return self._asked(state, self.read.question(items))

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on the average item of each skill, `[B, K]`."""
        concepts = self.read.concepts()
        return self._asked(state, concepts.expand(state["count"].shape[0], *concepts.shape))

    def _asked(self, state: State, asked: Tensor) -> Tensor:
        seen, _ = kept(state, self.window)
        asking = asked + waves(state["count"], self.width)
        for n, block in enumerate(self.blocks):
            asking = block(asking, state[f"keys{n}"], state[f"values{n}"], seen)
        return self._decided(asking, asked)

    def _decided(self, found: Tensor, asked: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.cat([found, asked], dim=-1)).squeeze(-1)
        return logits
