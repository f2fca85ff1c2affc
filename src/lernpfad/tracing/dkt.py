"""Deep knowledge tracing: an LSTM over what a learner did, asked about any skill and any item."""

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear

from lernpfad.core import ConfigError, IntArray
from lernpfad.training.network import Batch, State

Inputs: TypeAlias = Literal["skills", "items", "both"]

_RESPONSES = 3
"""Wrong, correct, not assessed."""


class DKT(nn.Module):
    """DKT (Piech et al., NeurIPS 2015) for items with several skills, with or without item ids.

    inputs: which ids the network reads, "skills", "items" or "both". width: of the LSTM and of what it reads.
    item_width: of the item embeddings. dropout: on what is known, before it is asked.

    It reads a vector for the response, plus the mean of a vector per skill and response, plus the item's embedding
    turned by a matrix per response. It answers with a logit for the learner, plus the mean of her logits for the item's
    skills, plus, with item ids, a bilinear form of the item's embedding and the item's own bias. So skills and items
    are deviations from a shared part; they begin small, and those of an unknown item or skill begin at zero.
    """

    skill_of: Tensor
    skill_share: Tensor

    def __init__(
        self,
        *,
        items: int,
        skills: int,
        item_skills: IntArray,
        inputs: Inputs = "both",
        width: int = 128,
        item_width: int = 50,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if inputs not in ("skills", "items", "both"):
            raise ConfigError(f"DKT: inputs is '{inputs}', expected 'skills', 'items' or 'both'")
        self.items, self.skills, self.width = items, skills, width
        self.reads_skills, self.reads_items = inputs != "items", inputs != "skills"
        self._tabulate(torch.as_tensor(item_skills, dtype=torch.int64).reshape(items, -1))
        self.response = nn.Parameter(torch.randn(_RESPONSES, width))
        if self.reads_skills:
            self.skill_response = nn.Parameter(last_row_zero(torch.randn(skills + 1, _RESPONSES, width)))
        if self.reads_items:
            self.item = nn.Parameter(last_row_zero(0.1 * torch.randn(items + 1, item_width)))
            self.item_response = nn.Parameter(0.1 * torch.randn(_RESPONSES, item_width, width))
            self.item_query = nn.Linear(width, item_width)
            self.item_bias = nn.Parameter(torch.zeros(items + 1, 1))
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, 1)
        self.skill_weight = nn.Parameter(torch.zeros(skills + 1, width))
        self.skill_bias = nn.Parameter(torch.zeros(skills + 1))

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        after, _ = self.lstm(self._read(batch.item, batch.outcome))
        known: Tensor = self.dropout(batch.known(after, start=after.new_zeros(self.width)))
        return self._logits(known.flatten(0, 1), batch.asked.reshape(-1, 1)).view_as(batch.asked)

    def start(self, learners: int) -> State:
        """Nothing known: zeros."""
        zeros = self.response.new_zeros(learners, self.width)
        return {"hidden": zeros, "cell": zeros.clone()}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """One LSTM step."""
        hidden, cell = lstm_step(self.lstm, self._read(item, outcome), state["hidden"], state["cell"])
        return {"hidden": hidden, "cell": cell}

    @property
    def reach(self) -> None:
        """An LSTM may remember everything."""
        return None

    def after(self, item: Tensor, outcome: Tensor, before: Tensor) -> State:
        """The LSTM over all rows at once."""
        _, (hidden, cell) = self.lstm(self._read(item, outcome))
        return {"hidden": hidden[0], "cell": cell[0]}

    def what_if(self, state: State, items: Tensor, outcome: Tensor, skills: Tensor) -> Tensor:
        """One LSTM step for each row; what the learner brings to it is the same for all, and multiplied once."""
        read = self._read(items.unsqueeze(-1).expand(outcome.shape), outcome)
        return self._of_some_skills(self._imagined(state, read), skills)

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`."""
        return self._logits(state["hidden"], items)

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on each skill, `[B, K]`: what its average item gets."""
        return self._of_skills(state["hidden"])[:, : self.skills]

    def _of_skills(self, known: Tensor) -> Tensor:
        """known `[N, width]`: logits `[N, K + 1]`, the unknown skill last."""
        shared: Tensor = self.head(known)
        return shared + linear(known, self.skill_weight, self.skill_bias)

    def _imagined(self, state: State, read: Tensor) -> Tensor:
        """What is known after each of some rows, read as `[B, C, O, width]`, likewise."""
        hidden, cell = (state[name][:, None, None] for name in ("hidden", "cell"))
        return lstm_step(self.lstm, read, hidden, cell)[0]

    def _of_some_skills(self, known: Tensor, skills: Tensor) -> Tensor:
        """known `[B, C, O, width]`, skills `[B, C, M]`: logits `[B, C, O, M]`."""
        of_skill = known @ embedding(skills, self.skill_weight).transpose(-1, -2)
        shared: Tensor = self.head(known)
        return shared + of_skill + embedding(skills, self.skill_bias[:, None]).transpose(-1, -2)

    def _logits(self, known: Tensor, items: Tensor) -> Tensor:
        """known `[N, width]`, items `[N, C]`: logits `[N, C]`."""
        row = self._row(items)
        skill = self.skill_of[row]
        of_skill = self._of_skills(known).gather(1, skill.flatten(1)).view_as(skill)
        logits = (of_skill * self.skill_share[row]).sum(dim=-1)
        if self.reads_items:
            of_item = embedding(row, self.item) @ self.item_query(known).unsqueeze(-1) + embedding(row, self.item_bias)
            logits = logits + of_item.squeeze(-1)
        return logits

    def _read(self, item: Tensor, outcome: Tensor) -> Tensor:
        """What the LSTM reads, `[..., width]`."""
        row, response = self._row(item), torch.where(outcome < 0, 2, outcome)
        read = embedding(response, self.response)
        if self.reads_skills:
            index = self.skill_of[row] * _RESPONSES + response.unsqueeze(-1)
            of_skill = embedding(index, self.skill_response.flatten(0, 1))
            read = read + (of_skill * self.skill_share[row].unsqueeze(-1)).sum(dim=-2)
        if self.reads_items:
            # three products and a choice: cheaper than a matrix for every row
            turned = torch.stack([embedding(row, self.item) @ turn for turn in self.item_response], dim=-2)
            chosen = response[..., None, None].expand(*response.shape, 1, self.width)
            read = read + turned.gather(-2, chosen).squeeze(-2)
        return read

    def _row(self, item: Tensor) -> Tensor:
        return torch.where(item < 0, self.items, item)

    def _tabulate(self, item_skills: Tensor) -> None:
        """Skills of each item and their shares, `[I+1, M]`; what has no skill gets the unknown one, number K."""
        table = torch.cat([item_skills, torch.full((1, item_skills.shape[1]), -1)])
        table[(table < 0).all(dim=1), 0] = self.skills
        there = table >= 0
        self.register_buffer("skill_of", torch.where(there, table, self.skills), persistent=False)
        self.register_buffer("skill_share", there / there.sum(dim=1, keepdim=True), persistent=False)


def lstm_step(lstm: nn.LSTM, read: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """One step of an LSTM of one layer, all `[..., width]`, written out so that it exports as plain matrix products."""
    in_weight, own_weight, in_bias, own_bias = lstm.all_weights[0]
    gates = linear(read, in_weight, in_bias) + linear(hidden, own_weight, own_bias)
    entry, forget, new, out = gates.chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(entry) * torch.tanh(new)
    return torch.sigmoid(out) * torch.tanh(cell), cell


def last_row_zero(table: Tensor) -> Tensor:
    """The table with zeros for the unknown, which comes last."""
    table[-1] = 0.0
    return table
