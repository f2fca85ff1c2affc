"""DKVMN: a memory of concept states that questions read and answers rewrite; with the head of Deep-IRT, if wanted."""

from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from lernpfad.core import Array, ConfigError, IntArray
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


def read_and_write(
    memory: Tensor, looking: Tensor, before: Tensor, weight: Tensor, erase: Tensor, add: Tensor
) -> Tensor:
    """What each question reads of the memory as the rows before it left it, `[B, T, D]`.

    memory: `[N, D]`, before the first row. looking: weights of the slots, `[B, T, N]`. before: `[B, T]`, rows that came
    before each question, not falling along T (where it falls there is padding, which reads zeros). weight `[B, H, N]`,
    erase and add `[B, H, D]`: what each row writes.
    """
    if memory.device.type == "cpu":
        # one compiled walk per learner instead of a loop over the rows of all, see docs/decisions/101
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
        from lernpfad.tracing.dkvmn_kernels import forward

        ctx.save_for_backward(*inputs)
        arrays = [_array(one) for one in inputs]
        read = np.zeros((*arrays[1].shape[:2], arrays[0].shape[1]), dtype=np.float32)
        forward(*arrays, read)
        return torch.from_numpy(read)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> Any:
        from lernpfad.tracing.dkvmn_kernels import backward

        arrays = [_array(one) for one in ctx.saved_tensors]
        memory, looking, _, weight, erase, add = arrays
        of_memory = np.zeros((len(looking), *memory.shape), dtype=np.float32)
        found = [np.zeros_like(one) for one in (looking, weight, erase, add)]
        backward(*arrays, _array(slopes[0]), of_memory, *found)
        of_looking, *of_writing = (torch.from_numpy(one) for one in found)
        return torch.from_numpy(of_memory.sum(axis=0)), of_looking, None, *of_writing


def _array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.detach().numpy())
