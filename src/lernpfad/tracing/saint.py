"""SAINT: an encoder over questions and a decoder over responses."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.attention import Block, aligned, kept, places, pushed, sight, waves
from lernpfad.tracing.embedding import Answers, Inputs
from lernpfad.training.network import Batch, State


class SAINT(nn.Module):
    """Separated self-attentive network (Choi et al., Learning @ Scale 2020), with one encoder and one decoder block.

    The encoder reads the questions up to and with the one that is asked; the decoder reads the responses before it,
    the last of which stands at its place, looks at itself and its predecessors, and then at the encoded questions.
    Residuals are taken from the raw input. inputs: "both", "skills" or "items". width, heads: of attention. inner: of
    the feed-forward layers. window: rows that each layer looks back. Places are told by sines, so they do not end.
    """

    def __init__(
        self,
        *,
        items: int,
        skills: int,
        item_skills: IntArray,
        inputs: Inputs = "both",
        width: int = 64,
        heads: int = 4,
        inner: int = 128,
        dropout: float = 0.2,
        window: int = 200,
    ) -> None:
        super().__init__()
        if window < 1 or width % 2:
            raise ConfigError(f"SAINT: window={window}, width={width}; expected window of at least 1 and an even width")
        self.width, self.window = width, window
        self.read = Answers(
            items=items, skills=skills, item_skills=item_skills, width=width, inputs=inputs, vector=True, owner="SAINT"
        )
        self.beginning = nn.Parameter(torch.randn(width))
        self.encoder = Block(width, heads, inner=inner, dropout=dropout, shared=False)
        self.decoder = Block(width, heads, inner=0, dropout=dropout, shared=False)
        self.across = Block(width, heads, inner=inner, dropout=dropout, shared=False)
        self.head = nn.Linear(width, 1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        rows, place = batch.item.shape[1], places(batch)
        seen, _ = sight(place, rows, self.window)
        question = self.read.question(batch.item) + waves(place, self.width)
        told = self._response(batch.outcome)
        # what stands at row j of the decoder is the response before row j
        at_row = torch.cat([self.beginning.expand(len(told), 1, -1), told[:, :-1]], dim=1) + waves(place, self.width)
        of_question = self.encoder.keys(question), self.encoder.values(question)
        of_told = self.decoder.keys(at_row), self.decoder.values(at_row)
        encoded = self.encoder(question, *of_question, seen, own=of_question)
        asking, heard, visible = encoded, at_row, seen
        if not aligned(batch):
            visible, _ = sight(batch.before, rows, self.window)
            asked = self.read.question(batch.asked) + waves(batch.before, self.width)
            asking = self._encoded(asked, *of_question, visible)
            heard = batch.known(told, start=self.beginning) + waves(batch.before, self.width)
        decoded = self._decoded(heard, *of_told, visible)
        of_encoded = self.across.keys(encoded), self.across.values(encoded)
        return self._answered(decoded, asking, *of_encoded, visible)

    def start(self, learners: int) -> State:
        """Empty caches; `count` goes on beyond the window, and `last` is the response that stands at the next place."""
        zeros = self.read.response.new_zeros(learners, self.window, self.width)
        names = ("question_keys", "question_values", "told_keys", "told_values", "encoded_keys", "encoded_values")
        last = self.beginning.detach().expand(learners, -1).clone()
        return {"count": zeros.new_zeros(learners, 1), "last": last, **{name: zeros.clone() for name in names}}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """One more row in every cache."""
        seen, _ = kept(state, self.window)
        at = waves(state["count"], self.width)
        question, heard = self.read.question(item).unsqueeze(1) + at, state["last"].unsqueeze(1) + at
        encoded = self._encoded(question, state["question_keys"], state["question_values"], seen)
        rows = {
            "question_keys": self.encoder.keys(question),
            "question_values": self.encoder.values(question),
            "told_keys": self.decoder.keys(heard),
            "told_values": self.decoder.values(heard),
            "encoded_keys": self.across.keys(encoded),
            "encoded_values": self.across.values(encoded),
        }
        after = {name: pushed(state[name], row[:, 0]) for name, row in rows.items()}
        return {"count": state["count"] + 1, "last": self._response(outcome), **after}

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`; the decoder is asked once for all of them."""
        return self._asked(state, self.read.question(items))

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on the average item of each skill, `[B, K]`."""
        concepts = self.read.concepts()
        return self._asked(state, concepts.expand(state["count"].shape[0], *concepts.shape))

    def _asked(self, state: State, asked: Tensor) -> Tensor:
        seen, _ = kept(state, self.window)
        at = waves(state["count"], self.width)
        asking = self._encoded(asked + at, state["question_keys"], state["question_values"], seen)
        heard = state["last"].unsqueeze(1) + at
        decoded = self._decoded(heard, state["told_keys"], state["told_values"], seen)
        return self._answered(decoded, asking, state["encoded_keys"], state["encoded_values"], seen)

    def _encoded(self, asked: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
        encoded: Tensor = self.encoder(
            asked, keys, values, seen, own=(self.encoder.keys(asked), self.encoder.values(asked))
        )
        return encoded

    def _decoded(self, heard: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
        decoded: Tensor = self.decoder(
            heard, keys, values, seen, own=(self.decoder.keys(heard), self.decoder.values(heard))
        )
        return decoded

    def _answered(self, decoded: Tensor, asking: Tensor, keys: Tensor, values: Tensor, seen: Tensor) -> Tensor:
        """The decoder looks at the encoded questions, the one that is asked among them."""
        found = self.across(decoded, keys, values, seen, own=(self.across.keys(asking), self.across.values(asking)))
        logits: Tensor = self.head(found).squeeze(-1)
        return logits

    def _response(self, outcome: Tensor) -> Tensor:
        return self.read.scale * embedding(torch.where(outcome < 0, 2, outcome), self.read.response)
