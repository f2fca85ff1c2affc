"""SAKT: the question looks at earlier answers, once."""

from torch import Tensor, nn

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.attention import Block, kept, places, pushed, sight, waves
from lernpfad.tracing.embedding import Answers, Inputs
from lernpfad.training.network import Batch, State


class SAKT(nn.Module):
    """Self-attentive knowledge tracing (Pandey & Karypis, EDM 2019): one block, keys and values are answers.

    inputs: "both", "skills" or "items". width, heads: of attention. inner: of the feed-forward layer. The paper learns
    a vector per place, which ends at its longest history; here places are told by sines, which go on beyond `window`.
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
            raise ConfigError(f"SAKT: window={window}, width={width}; expected window of at least 1 and an even width")
        self.width, self.window = width, window
        self.read = Answers(
            items=items, skills=skills, item_skills=item_skills, width=width, inputs=inputs, vector=True, owner="SAKT"
        )
        self.block = Block(width, heads, inner=inner, dropout=dropout, shared=False)
        self.head = nn.Linear(width, 1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        answers = self.read.answer(batch.item, batch.outcome) + waves(places(batch), self.width)
        seen, _ = sight(batch.before, batch.item.shape[1], self.window)
        keys, values = self.block.keys(answers), self.block.values(answers)
        return self._decided(self.block(self.read.question(batch.asked), keys, values, seen))

    def start(self, learners: int) -> State:
        """Empty caches; `count` goes on beyond the window, as it tells the place."""
        zeros = self.read.response.new_zeros(learners, self.window, self.width)
        return {"count": zeros.new_zeros(learners, 1), "keys": zeros, "values": zeros.clone()}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """One more row in the cache."""
        answer = self.read.answer(item, outcome) + waves(state["count"][:, 0], self.width)
        keys, values = self.block.keys(answer), self.block.values(answer)
        return {
            "count": state["count"] + 1,
            "keys": pushed(state["keys"], keys),
            "values": pushed(state["values"], values),
        }

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`; the cache is shared by all of them."""
        return self._asked(state, self.read.question(items))

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on the average item of each skill, `[B, K]`."""
        concepts = self.read.concepts()
        return self._asked(state, concepts.expand(state["count"].shape[0], *concepts.shape))

    def _asked(self, state: State, asking: Tensor) -> Tensor:
        seen, _ = kept(state, self.window)
        return self._decided(self.block(asking, state["keys"], state["values"], seen))

    def _decided(self, found: Tensor) -> Tensor:
        logits: Tensor = self.head(found).squeeze(-1)
        return logits
