"""AKT: attention that fades with time, over questions and answers in their context."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from lernpfad.core import ConfigError, IntArray
from lernpfad.tracing.attention import Block, aligned, kept, newest, places, pushed, sight
from lernpfad.tracing.embedding import Answers, Inputs
from lernpfad.training.network import Batch, State


class AKT(nn.Module):
    """Context-aware attentive knowledge tracing (Ghosh, Heffernan & Lan, KDD 2020).

    Questions look at earlier questions and themselves, answers likewise at answers; then the question looks at earlier
    questions and fetches the answers given there, and a small network decides. All attention is monotonic, reckoned
    from visible rows alone, and reaches `window` rows back in each of the three (see `tracing.attention`).

    inputs: "both" (AKT-R), "skills" (AKT-NR) or "items". width, heads: of attention. inner: of the feed-forward layers.
    deviation_penalty: on the mean squared item deviation of scored answers, added to the mean cross-entropy.
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
        dropout: float = 0.1,
        window: int = 200,
        deviation_penalty: float = 1e-5,
    ) -> None:
        super().__init__()
        if window < 1:
            raise ConfigError(f"AKT: window={window}, expected at least 1 row of history")
        self.width, self.window, self.deviation_penalty = width, window, deviation_penalty
        self.read = Answers(
            items=items, skills=skills, item_skills=item_skills, width=width, inputs=inputs, owner="AKT"
        )
        self.answers = Block(width, heads, inner=inner, dropout=dropout, monotonic=True)
        self.questions = Block(width, heads, inner=0, dropout=dropout, monotonic=True)
        self.retriever = Block(width, heads, inner=inner, dropout=dropout, monotonic=True)
        self.head = nn.Sequential(
            nn.Linear(2 * width, 2 * width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(2 * width, 1)
        )

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        rows = batch.item.shape[1]
        asked, answered = self.read.question(batch.item), self.read.answer(batch.item, batch.outcome)
        seen, distance = sight(places(batch), rows, self.window)
        answers = _among_themselves(self.answers, answered, seen, distance)
        keys, values = self.questions.keys(asked), self.questions.values(asked)
        context = self.questions(asked, keys, values, seen, distance=distance, own=(keys, values))
        asking, of_asking = asked, context
        if not aligned(batch):
            seen, distance = sight(batch.before, rows, self.window)
            asking = self.read.question(batch.asked)
            of_asking = self._in_context(asking, keys, values, seen, distance, alike=False)
        found = self.retriever(
            of_asking, self.retriever.keys(context), self.retriever.values(answers), seen, distance=distance
        )
        return self._decided(found, asking)

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits, and the penalty on item deviations."""
        logits = self.forward(batch)
        if not self.read.deviates:
            return logits, logits.new_zeros(())
        return logits, self.deviation_penalty * self.read.penalty(batch.asked[batch.scored])

    def start(self, learners: int) -> State:
        """Empty caches."""
        zeros = self.read.response.new_zeros(learners, self.window, self.width)
        names = ("question_keys", "question_values", "answer_keys", "answer_values", "keys", "values")
        return {"count": zeros.new_zeros(learners, 1), **{name: zeros.clone() for name in names}}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """One more row in every cache."""
        seen, distance = kept(state, self.window)
        asked, answered = self.read.question(item).unsqueeze(1), self.read.answer(item, outcome).unsqueeze(1)
        context = self._in_context(asked, state["question_keys"], state["question_values"], seen, distance)
        own = self.answers.keys(answered), self.answers.values(answered)
        cached = state["answer_keys"], state["answer_values"]
        answer = self.answers(answered, *cached, seen, distance=distance, own=own, alike=True)
        rows = {
            "question_keys": self.questions.keys(asked),
            "question_values": self.questions.values(asked),
            "answer_keys": own[0],
            "answer_values": own[1],
            "keys": self.retriever.keys(context),
            "values": self.retriever.values(answer),
        }
        after = {name: pushed(state[name], row[:, 0]) for name, row in rows.items()}
        return {"count": (state["count"] + 1).clamp(max=self.window), **after}

    @property
    def reach(self) -> int:
        """Rows back to which a state may depend on what was done: two layers of attention, one above the other."""
        return 2 * self.window

    def after(self, item: Tensor, outcome: Tensor, before: Tensor) -> State:
        """The caches after all of it at once, as `step` would leave them; see `training.network.HasAfter`."""
        rows = item.shape[1]
        place = torch.arange(rows, device=item.device).unsqueeze(0)
        seen, distance = sight(place, rows, self.window)
        asked, answered = self.read.question(item), self.read.answer(item, outcome)
        context = _among_themselves(self.questions, asked, seen, distance)
        answer = _among_themselves(self.answers, answered, seen, distance)
        made = {
            "question_keys": self.questions.keys(asked),
            "question_values": self.questions.values(asked),
            "answer_keys": self.answers.keys(answered),
            "answer_values": self.answers.values(answered),
            "keys": self.retriever.keys(context),
            "values": self.retriever.values(answer),
        }
        count = (before + rows).clamp(max=self.window).float().unsqueeze(1)
        return {"count": count, **{name: newest(some, self.window) for name, some in made.items()}}

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, `[B, C]`; the caches are shared by all of them."""
        return self._asked(state, self.read.question(items))

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on the average item of each skill, `[B, K]`."""
        concepts = self.read.concepts()
        return self._asked(state, concepts.expand(state["count"].shape[0], *concepts.shape))

    def what_if(self, state: State, items: Tensor, outcome: Tensor, skills: Tensor) -> Tensor:
        """Logits of success on skills after imagined rows, `[B, C, O, M]`; see `training.network.HasWhatIf`.

        The rows that are there are seen by all, one row further back; an imagined one only by what is asked after it.
        """
        learners, candidates = items.shape
        shape = (learners, candidates, outcome.shape[2], skills.shape[2], self.width)
        seen, distance = kept(state, self.window)
        asked, cached = self.read.question(items), (state["question_keys"], state["question_values"])
        context = self._in_context(asked, *cached, seen, distance)
        told = self.read.answer(items.unsqueeze(-1).expand_as(outcome).flatten(1), outcome.flatten(1))
        own = self.answers.keys(told), self.answers.values(told)
        answer = self.answers(
            told, state["answer_keys"], state["answer_values"], seen, distance=distance, own=own, alike=True
        )

        distance = distance + 1
        seen = seen & (distance <= self.window)
        concept = embedding(skills, self.read.concepts())
        keys, values = (
            made.unsqueeze(2).expand_as(concept).flatten(1, 2)
            for made in (self.questions.keys(asked), self.questions.values(asked))
        )
        then = self._in_context(concept.flatten(1, 2), *cached, seen, distance, latest=(keys, values)).view_as(concept)

        def of_all(rows: Tensor) -> Tensor:
            return rows.expand(shape).reshape(learners, -1, self.width)

        keys = of_all(self.retriever.keys(context)[:, :, None, None])
        values = of_all(self.retriever.values(answer).view(*shape[:3], 1, self.width))
        cached = state["keys"], state["values"]
        found = self.retriever(
            of_all(then.unsqueeze(2)), *cached, seen, distance=distance, alike=True, latest=(keys, values)
        )
        return self._decided(found, of_all(concept.unsqueeze(2))).view(shape[:4])

    def _asked(self, state: State, asking: Tensor) -> Tensor:
        seen, distance = kept(state, self.window)
        context = self._in_context(asking, state["question_keys"], state["question_values"], seen, distance)
        found = self.retriever(context, state["keys"], state["values"], seen, distance=distance, alike=True)
        return self._decided(found, asking)

    def _in_context(
        self,
        asking: Tensor,
        keys: Tensor,
        values: Tensor,
        seen: Tensor,
        distance: Tensor,
        *,
        alike: bool = True,
        latest: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        own = self.questions.keys(asking), self.questions.values(asking)
        context: Tensor = self.questions(
            asking, keys, values, seen, distance=distance, own=own, alike=alike, latest=latest
        )
        return context

    def _decided(self, found: Tensor, asking: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.cat([found, asking], dim=-1)).squeeze(-1)
        return logits


def _among_themselves(block: Block, rows: Tensor, seen: Tensor, distance: Tensor) -> Tensor:
    keys, values = block.keys(rows), block.values(rows)
    after: Tensor = block(rows, keys, values, seen, distance=distance, own=(keys, values))
    return after
