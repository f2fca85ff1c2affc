"""DKVMN: a memory of concept states that questions read and answers rewrite; with the head of Deep-IRT, if wanted."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.dkvmn_scan import read_and_write
from lernpfad.tracing.embedding import Answers, Inputs
from lernpfad.training.network import Batch, State

Head: TypeAlias = Literal["dkvmn", "deepirt"]

_SCALE = 3.0
"""Deep-IRT stretches the ability, which a tanh keeps within 1, by this factor."""


class DKVMN(nn.Module):
    """Dynamic key-value memory network (Zhang, Shi, King & Yeung, WWW 2017); Deep-IRT (Yeung, EDM 2019).

    A question k looks at slot i with weight w = softmax(M_k k), reads c = sum w_i M_i, and an answer v erases and adds:
    M_i <- M_i (1 - w_i sigmoid(E v)) + w_i tanh(A v). Reading comes before writing. slots: of the memory. width: of a
    slot and of the embeddings. head: "dkvmn", p = sigmoid(u . f) with f = tanh(W [c; k]), or "deepirt", p =
    sigmoid(3 tanh(u . f) - tanh(b . k)): an ability for the question's concepts less its difficulty.
    State: the memory, `[L, slots, width]`.
    """

    def __init__(
        self,
        *,
        items: int,
        skills: int,
        item_skills: IntArray,
        inputs: Inputs = "both",
        slots: int = 20,
        width: int = 64,
        dropout: float = 0.2,
        head: Head = "dkvmn",
    ) -> None:
        super().__init__()
        if head not in ("dkvmn", "deepirt"):
            raise ConfigError(f"DKVMN: head is '{head}', expected 'dkvmn' or 'deepirt'")
        if slots < 1:
            raise ConfigError(f"DKVMN: slots={slots}, expected at least 1")
        self.read = Answers(
            items=items, skills=skills, item_skills=item_skills, width=width, inputs=inputs, vector=True, owner="DKVMN"
        )
        self.key_memory = nn.Parameter(nn.init.kaiming_normal_(torch.empty(slots, width)))
        self.memory = nn.Parameter(nn.init.kaiming_normal_(torch.empty(slots, width)))
        self.erase, self.add = nn.Linear(width, width), nn.Linear(width, width)
        self.summary = nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)
        self.ability = nn.Linear(width, 1)
        self.difficulty = nn.Linear(width, 1) if head == "deepirt" else None

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        asked = self.read.question(batch.asked)
        read = read_and_write(
            self.memory, self._attention(asked), batch.before, *self._writing(batch.item, batch.outcome)
        )
        return self._decided(read, asked)

    def start(self, learners: int) -> State:
        """The memory before anything was answered."""
        return {"memory": self.memory.detach().expand(learners, *self.memory.shape).clone()}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """The memory after one more answer."""
        weight, erase, add = self._writing(item, outcome)
        weight = weight.unsqueeze(-1)
        return {"memory": state["memory"] * (1 - weight * erase.unsqueeze(1)) + weight * add.unsqueeze(1)}

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`."""
        asked = self.read.question(items)
        return self._decided(self._attention(asked) @ state["memory"], asked)

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on the average item of each skill, `[B, K]`."""
        asked = self.read.concepts().expand(state["memory"].shape[0], -1, -1)
        return self._decided(self._attention(asked) @ state["memory"], asked)

    def _writing(self, item: Tensor, outcome: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Weights of the slots `[..., slots]`, what is erased and what is added `[..., width]`."""
        answer = self.read.answer(item, outcome)
        weight = self._attention(self.read.question(item))
        return weight, torch.sigmoid(self.erase(answer)), torch.tanh(self.add(answer))

    def _attention(self, asked: Tensor) -> Tensor:
        return torch.softmax(asked @ self.key_memory.T, dim=-1)

    def _decided(self, read: Tensor, asked: Tensor) -> Tensor:
        summary = self.dropout(torch.tanh(self.summary(torch.cat([read, asked], dim=-1))))
        ability: Tensor = self.ability(summary).squeeze(-1)
        if self.difficulty is None:
            return ability
        return _SCALE * torch.tanh(ability) - torch.tanh(self.difficulty(asked)).squeeze(-1)
