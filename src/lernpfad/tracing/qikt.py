"""QIKT: two LSTMs, over items and over skills; what each says of a question can be read off."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, embedding, logsigmoid, relu

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.dkt import last_row_zero, lstm_step
from lernpfad.training.network import Batch, State

Combine: TypeAlias = Literal["mean", "irt"]

_RESPONSES = 3
"""Wrong, correct, not assessed."""


class QIKT(nn.Module):
    """Question-centric interpretable knowledge tracing (Chen, Liu, Huang, Liu & Luo, AAAI 2023), for sets of skills.

    One LSTM reads answers to items (with their skills), one answers to skills alone. A question gets three logits:
    *acquired*, what the item LSTM tells of the asked item (item-all); *mastered*, what the skill LSTM tells of its
    skills (skill-all); *solved*, what the skill LSTM tells of its skills, having seen the question (skill-next).
    combine: "mean", p = the mean of their probabilities, or "irt", p = sigmoid(their sum). Several skills are read and
    asked as their mean; outputs of items deviate from those of their skills, and these from a shared one.

    inputs: "both", or "skills" for a network without item ids, which has neither the item LSTM nor *acquired*.
    width: of LSTMs, skills and layers. item_width: of the item embeddings. layers: of each part, before its outputs.
    dropout: on what is known, and before outputs. acquired, mastered, solved: weights of the cross-entropies that
    parts have of their own in the loss.
    """

    skill_of: Tensor
    skill_share: Tensor

    def __init__(
        self,
        *,
        items: int,
        skills: int,
        item_skills: IntArray,
        inputs: Literal["skills", "both"] = "both",
        width: int = 64,
        item_width: int = 50,
        layers: int = 1,
        dropout: float = 0.4,
        combine: Combine = "mean",
        acquired: float = 0.3,
        mastered: float = 0.3,
        solved: float = 0.3,
    ) -> None:
        super().__init__()
        if inputs not in ("skills", "both"):
            raise ConfigError(
                f"QIKT: inputs is '{inputs}', expected 'skills' or 'both', which does for items without skills as well"
            )
        if combine not in ("mean", "irt"):
            raise ConfigError(f"QIKT: combine is '{combine}', expected 'mean' or 'irt'")
        if layers < 1:
            raise ConfigError(f"QIKT: layers={layers}, expected at least 1")
        if min(acquired, mastered, solved) < 0:
            raise ConfigError(
                f"QIKT: acquired={acquired}, mastered={mastered}, solved={solved}; expected weights of at least 0"
            )
        self.items, self.skills, self.width, self.combine = items, skills, width, combine
        self.reads_items = inputs == "both"
        self.weights = {"acquired": acquired, "mastered": mastered, "solved": solved}
        self._tabulate(torch.as_tensor(item_skills, dtype=torch.int64).reshape(items, -1))
        self.dropout = nn.Dropout(dropout)
        self.skill = nn.Parameter(last_row_zero(torch.randn(skills + 1, width)))
        self.skill_side = _Side(width, width)
        self.mastered, self.solved = (_Part(width, skills, layers=layers, dropout=dropout) for _ in range(2))
        self.asked = nn.Linear(width + (item_width if self.reads_items else 0), width, bias=False)
        if self.reads_items:
            self.item = nn.Parameter(last_row_zero(0.1 * torch.randn(items + 1, item_width)))
            self.item_side = _Side(width + item_width, width)
            self.acquired = _Part(width, skills, layers=layers, dropout=dropout)
            self.item_weight = nn.Parameter(torch.zeros(items + 1, width))
            self.item_bias = nn.Parameter(torch.zeros(items + 1))

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        return self._combined(self._told(batch))

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits as `forward` gives them, and the weighted cross-entropies of the parts over scored answers."""
        parts, more = self._told(batch), batch.answer.new_zeros(())
        for name, logits in parts.items():
            if self.weights[name] > 0:
                own = binary_cross_entropy_with_logits(logits[batch.scored], batch.answer[batch.scored])
                more = more + self.weights[name] * own
        return self._combined(parts), more

    def start(self, learners: int) -> State:
        """Nothing known: zeros, `[L, width]` each."""
        sides = ("skill", "item") if self.reads_items else ("skill",)
        arrays = [f"{side}_{array}" for side in sides for array in ("hidden", "cell")]
        return {array: self.skill.new_zeros(learners, self.width) for array in arrays}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """One step of each LSTM."""
        row, response = self._row(item), torch.where(outcome < 0, 2, outcome)
        of_skills = self._mean(self.skill, row)
        hidden, cell = self.skill_side.step(of_skills, response, state["skill_hidden"], state["skill_cell"])
        after = {"skill_hidden": hidden, "skill_cell": cell}
        if self.reads_items:
            question = self._question(row)
            hidden, cell = self.item_side.step(question, response, state["item_hidden"], state["item_cell"])
            after |= {"item_hidden": hidden, "item_cell": cell}
        return after

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`."""
        return self._combined(self.parts(state, items))

    def parts(self, state: State, items: Tensor) -> dict[str, Tensor]:
        """What each part says of each candidate, logits `[B, C]`: what the prediction is made of."""
        row = self._row(items)
        of_skills = state["skill_hidden"].unsqueeze(1)
        parts = {
            "mastered": self.mastered(of_skills, *self._outputs(self.mastered, row)),
            "solved": self.solved(of_skills, *self._outputs(self.solved, row), asked=self.asked(self._question(row))),
        }
        if self.reads_items:
            weight, bias = self._outputs(self.acquired, row)
            weight, bias = weight + embedding(row, self.item_weight), bias + self.item_bias[row]
            parts["acquired"] = self.acquired(state["item_hidden"].unsqueeze(1), weight, bias)
        return parts

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on each skill, `[B, K]`: what an item gets that trains it alone and does not deviate."""
        of_skills, known = state["skill_hidden"].unsqueeze(1), self.skill[: self.skills]
        question = torch.cat([known, known.new_zeros(self.skills, self.asked.in_features - self.width)], dim=-1)
        parts = {
            "mastered": self.mastered(of_skills, self.mastered.weight[:-1], self.mastered.bias[:-1]),
            "solved": self.solved(
                of_skills, self.solved.weight[:-1], self.solved.bias[:-1], asked=self.asked(question)
            ),
        }
        if self.reads_items:
            of_items = state["item_hidden"].unsqueeze(1)
            parts["acquired"] = self.acquired(of_items, self.acquired.weight[:-1], self.acquired.bias[:-1])
        return self._combined(parts)

    def _told(self, batch: Batch) -> dict[str, Tensor]:
        """What each part says of each question, logits `[B, T]`."""
        row, response = self._row(batch.item), torch.where(batch.outcome < 0, 2, batch.outcome)
        after = {"skill_hidden": self.skill_side(self._mean(self.skill, row), response)}
        if self.reads_items:
            after["item_hidden"] = self.item_side(self._question(row), response)
        start = self.skill.new_zeros(self.width)
        known = {name: self.dropout(batch.known(rows, start=start)).flatten(0, 1) for name, rows in after.items()}
        parts = self.parts(known, batch.asked.reshape(-1, 1))
        return {name: logits.view_as(batch.asked) for name, logits in parts.items()}

    def _combined(self, parts: dict[str, Tensor]) -> Tensor:
        logits = torch.stack(list(parts.values()))
        if self.combine == "irt":
            return logits.sum(dim=0)
        # the logit of the mean probability, by logarithms: a certain part makes no infinity of it
        return logsigmoid(logits).logsumexp(dim=0) - logsigmoid(-logits).logsumexp(dim=0)

    def _question(self, row: Tensor) -> Tensor:
        """What is asked, `[..., width + item_width]`: its skills' mean and, with item ids, its own vector."""
        of_skills = self._mean(self.skill, row)
        return torch.cat([of_skills, embedding(row, self.item)], dim=-1) if self.reads_items else of_skills

    def _outputs(self, part: "_Part", row: Tensor) -> tuple[Tensor, Tensor]:
        """Weights `[..., width]` and biases `[...]` of items, the means of those of their skills."""
        return self._mean(part.weight, row), (part.bias[self.skill_of[row]] * self.skill_share[row]).sum(dim=-1)

    def _mean(self, table: Tensor, row: Tensor) -> Tensor:
        if self.skill_of.shape[1] == 1:
            return embedding(self.skill_of[row, 0], table)
        return (embedding(self.skill_of[row], table) * self.skill_share[row].unsqueeze(-1)).sum(dim=-2)

    def _row(self, items: Tensor) -> Tensor:
        return torch.where(items < 0, self.items, items)

    def _tabulate(self, item_skills: Tensor) -> None:
        """Skills of each item and their shares, `[I+1, M]`; what has no skill gets the unknown one, number K."""
        table = torch.cat([item_skills, torch.full((1, item_skills.shape[1]), -1)])
        table[(table < 0).all(dim=1), 0] = self.skills
        there = table >= 0
        self.register_buffer("skill_of", torch.where(there, table, self.skills), persistent=False)
        self.register_buffer("skill_share", there / there.sum(dim=1, keepdim=True), persistent=False)


class _Side(nn.Module):
    """An LSTM over what was asked, `[..., D]`, turned by a matrix for each response."""

    def __init__(self, reads: int, width: int) -> None:
        super().__init__()
        self.turn = nn.Linear(reads, _RESPONSES * width)
        self.lstm = nn.LSTM(width, width, batch_first=True)

    def forward(self, asked: Tensor, response: Tensor) -> Tensor:
        after: Tensor = self.lstm(self._read(asked, response))[0]
        return after

    def step(self, asked: Tensor, response: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        return lstm_step(self.lstm, self._read(asked, response), hidden, cell)

    def _read(self, asked: Tensor, response: Tensor) -> Tensor:
        turned: Tensor = self.turn(asked).unflatten(-1, (_RESPONSES, -1))
        chosen = response[..., None, None].expand(*response.shape, 1, turned.shape[-1])
        return turned.gather(-2, chosen).squeeze(-2)


class _Part(nn.Module):
    """Layers over what is known, and outputs for skills: deviations from a shared one, the unknown one last."""

    def __init__(self, width: int, skills: int, *, layers: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.shared = nn.Linear(width, 1)
        self.weight = nn.Parameter(torch.zeros(skills + 1, width))
        self.bias = nn.Parameter(torch.zeros(skills + 1))

    def forward(self, known: Tensor, weight: Tensor, bias: Tensor, asked: Tensor | None = None) -> Tensor:
        """Logits `[N, C]` of outputs that deviate by `weight` `[N, C, width]` and `bias` `[N, C]`; N may be left out.

        known: `[N, 1, width]`. asked: `[N, C, width]`, what the first layer hears of the questions.
        """
        first, *others = self.layers
        found: Tensor = relu(first(known) if asked is None else first(known) + asked)
        for layer in others:
            found = relu(layer(found))
        found = self.dropout(found)
        logits: Tensor = self.shared(found).squeeze(-1) + (found * weight).sum(dim=-1) + bias
        return logits
