"""SlotKT: DKT with soft counts in fading slots, a linear state space that every question reads in its own way."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, logsigmoid

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.dkt import DKT, Inputs
from lernpfad.training.network import Batch, State

_SHORTEST, _LONGEST = 2, 9
"""Half-lives of the heads at first, as powers of two: 4 to 512 rows."""

_FEW = 0.05
"""Added to the mass that was found, so that hardly any is hardly believed."""


class SlotKT(DKT):
    """An LSTM knows the person, slots know what she did where; our own design.

    Each head has slots S, all of which fade by one factor a row: S <- k S + a [v, 1]'. The address a is a softmax over
    the slots, by skills and item as in DKVMN; what is written, v, and the factor k depend on the answer. A question
    with address b reads [m v, m] = b' S: the weighted mean of what was written near its address, drawn to zero where
    there is little, and the logarithm of how much there is, a soft count of answers to items like it. Linear in S and
    with one factor for all slots of a head, it is the state-space model of Mamba-2 (Dao & Gu, ICML 2024): a whole
    history is one masked product of matrices, a step costs the same however long the history is, and the state never
    grows.

    To DKT's logit comes that of a small network on what was read and on what the LSTM knows. heads, slots: of the
    memory. reads: numbers in a slot besides its mass. inputs, width, item_width, dropout: as in DKT.
    State: DKT's, and the slots, `[L, heads, slots, reads + 1]`.
    """

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
        heads: int = 4,
        slots: int = 32,
        reads: int = 8,
    ) -> None:
        super().__init__(
            items=items,
            skills=skills,
            item_skills=item_skills,
            inputs=inputs,
            width=width,
            item_width=item_width,
            dropout=dropout,
        )
        if min(heads, slots, reads) < 1:
            raise ConfigError(f"SlotKT: heads={heads}, slots={slots}, reads={reads}; expected at least 1 of each")
        self.heads, self.slots, self.reads = heads, slots, reads
        places = 0.5 * torch.randn(skills + 1, heads * slots)
        places[-1] = 0.0
        self.skill_place = nn.Parameter(places)
        if self.reads_items:
            self.item_place = nn.Linear(item_width, heads * slots, bias=False)
            with torch.no_grad():
                self.item_place.weight *= 3.0  # items begin small
        self.value = nn.Linear(width, heads * reads)
        self.keep = nn.Linear(width, heads)
        with torch.no_grad():
            self.keep.weight *= 0.1
            kept = 0.5 ** (0.5 ** torch.linspace(_SHORTEST, _LONGEST, heads))
            self.keep.bias.copy_(torch.logit(kept))
        self.recall = nn.Sequential(
            nn.Linear(heads * (reads + 1) + width, width // 2), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width // 2, 1)
        )

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        answers = self._read(batch.item, batch.outcome)
        after, _ = self.lstm(answers)
        known: Tensor = self.dropout(batch.known(after, start=after.new_zeros(self.width)))
        plain = self._logits(known.flatten(0, 1), batch.asked.reshape(-1, 1)).view_as(batch.asked)
        at, what, keep = self._address(batch.item), self._written(answers), logsigmoid(self.keep(answers))
        looking = self._address(batch.asked)
        return plain + self._recalled(_read_at_once(looking, at, what, keep, batch.before), known)

    def start(self, learners: int) -> State:
        """Nothing known, empty slots."""
        empty = self.response.new_zeros(learners, self.heads, self.slots, self.reads + 1)
        return {**super().start(learners), "slots": empty}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """DKT's step; the slots fade, and the answer is written into them."""
        answer = self._read(item, outcome)
        added = self._address(item).unsqueeze(-1) * self._written(answer).unsqueeze(-2)
        kept = torch.sigmoid(self.keep(answer))[..., None, None] * state["slots"]
        return {**super().step(state, item, outcome), "slots": kept + added}

    def after(self, item: Tensor, outcome: Tensor, before: Tensor) -> State:
        """DKT's; and what all rows wrote into the slots, each faded by the rows after it."""
        answers = self._read(item, outcome)
        faded = logsigmoid(self.keep(answers)).cumsum(dim=1)
        left = (faded[:, -1:] - faded).exp().unsqueeze(-1)
        slots = (self._address(item) * left).permute(0, 2, 3, 1) @ self._written(answers).transpose(1, 2)
        return {**super().after(item, outcome, before), "slots": slots}

    def what_if(self, state: State, items: Tensor, outcome: Tensor, skills: Tensor) -> Tensor:
        """DKT's; and what a skill reads of the slots, less what fades, more what the row would write near it."""
        answers = self._read(items.unsqueeze(-1).expand(outcome.shape), outcome)
        known, looking = self._imagined(state, answers), self._weights(embedding(skills, self.skill_place))
        now = (looking.flatten(1, 2).transpose(1, 2) @ state["slots"]).transpose(1, 2)
        now = now.reshape(*skills.shape, self.heads, self.reads + 1)
        near = (looking * self._address(items).unsqueeze(2)).sum(dim=-1)
        kept = torch.sigmoid(self.keep(answers))[:, :, :, None, :, None]
        read = kept * now.unsqueeze(2) + near[:, :, None, :, :, None] * self._written(answers).unsqueeze(3)
        told = self._recalled(read, known.unsqueeze(3).expand(*read.shape[:4], -1))
        return self._of_some_skills(known, skills) + told

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`."""
        return super().score(state, items) + self._asked(state, self._address(items))

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on each skill, `[B, K]`: what its average item gets."""
        places = self._weights(self.skill_place[: self.skills])
        learners = state["hidden"].shape[0]
        return super().skill_logits(state) + self._asked(state, places.expand(learners, *places.shape))

    def _asked(self, state: State, looking: Tensor) -> Tensor:
        """What the memory adds to the logits of candidates with these addresses `[B, C, heads, slots]`, `[B, C]`."""
        read = (looking.transpose(1, 2) @ state["slots"]).transpose(1, 2)
        return self._recalled(read, state["hidden"].unsqueeze(1).expand(-1, looking.shape[1], -1))

    def _recalled(self, read: Tensor, known: Tensor) -> Tensor:
        """read `[..., heads, reads + 1]`, known `[..., width]`: logits `[...]`."""
        value, mass = read[..., :-1], read[..., -1:]
        told = [(value / (mass + _FEW)).flatten(-2), torch.log1p(self.slots * mass).flatten(-2), known]
        logits: Tensor = self.recall(torch.cat(told, dim=-1)).squeeze(-1)
        return logits

    def _address(self, item: Tensor) -> Tensor:
        """Weights of the slots for items of any shape, `[..., heads, slots]`."""
        row = self._row(item)
        place = (embedding(self.skill_of[row], self.skill_place) * self.skill_share[row].unsqueeze(-1)).sum(dim=-2)
        if self.reads_items:
            place = place + self.item_place(embedding(row, self.item))
        return self._weights(place)

    def _weights(self, place: Tensor) -> Tensor:
        """`[..., heads * slots]` as weights of the slots, `[..., heads, slots]`."""
        return torch.softmax(place.view(*place.shape[:-1], self.heads, self.slots), dim=-1)

    def _written(self, answers: Tensor) -> Tensor:
        """answers `[..., width]`: what they write, and their mass, `[..., heads, reads + 1]`."""
        value: Tensor = self.value(answers).view(*answers.shape[:-1], self.heads, self.reads)
        return torch.cat([value, torch.ones_like(value[..., :1])], dim=-1)


def _read_at_once(looking: Tensor, at: Tensor, what: Tensor, keep: Tensor, before: Tensor) -> Tensor:
    """What each question reads of the slots as the rows before it left them, `[B, T, heads, reads + 1]`.

    looking: addresses of the questions, `[B, T, heads, slots]`. at: of the rows, `[B, H, heads, slots]`. what: is
    written, `[B, H, heads, reads + 1]`. keep: log of the share that each row leaves, `[B, H, heads]`. before: `[B, T]`,
    rows before each question.
    """
    faded = torch.cat([torch.zeros_like(keep[:, :1]), keep.cumsum(dim=1)], dim=1)
    until = faded.gather(1, before.unsqueeze(-1).expand(-1, -1, keep.shape[-1]))
    since = until.transpose(1, 2).unsqueeze(-1) - faded[:, 1:].transpose(1, 2).unsqueeze(-2)
    hidden = torch.arange(at.shape[1], device=before.device) >= before.unsqueeze(-1)
    left = since.masked_fill(hidden.unsqueeze(1), -torch.inf).exp()
    near = (looking.transpose(1, 2) @ at.permute(0, 2, 3, 1)) * left
    return (near @ what.transpose(1, 2)).transpose(1, 2)
