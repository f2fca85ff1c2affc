"""What a neural tracer has to offer: one `nn.Module` with these methods is a tracer, no other code is needed.

A network is built as `network(items=I, skills=K, item_skills=table)` plus its own settings from the YAML: I items and
K skills in the catalog, and the skills of each item `[I, M]`, padded with -1. Indices in batches and steps are the
catalog's, -1 for an unknown item; a network keeps a row of its own for that and shares it with no real item.
Outcomes are 1 correct, 0 wrong, -1 not assessed: three inputs, of which only two are ever targets.
"""

from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

import torch
from torch import Tensor

from lernpfad.core import Array

State: TypeAlias = dict[str, Tensor]
"""What a network remembers, by name; float32, axis 0 is learners."""

_EXTREME = 15.0
"""Logits beyond this are cut, or a float32 probability would round to exactly 0 or 1."""


class Batch(NamedTuple):
    """Histories, and questions about them, padded to a rectangle.

    item, outcome: `[B, H]`, what each learner did, oldest first; a declined offer is not in here.
    asked: `[B, T]`, items whose outcome is to be predicted. before: `[B, T]`, how many rows of the history came
    before the question: only those may be used. answer: `[B, T]`, 1.0 or 0.0. scored: `[B, T]`, where `answer` counts.
    Without declined offers `asked` is `item` and `before` is 0, 1, 2, ...
    """

    item: Tensor
    outcome: Tensor
    asked: Tensor
    before: Tensor
    answer: Tensor
    scored: Tensor

    def known(self, after: Tensor, *, start: Tensor) -> Tensor:
        """What was known at each question, `[B, T, D]`.

        after: `[B, H, D]`, what a causal network knows after each row of the history. start: `[D]`, before the first.
        """
        first = start.expand(len(after), 1, after.shape[-1])
        index = self.before.unsqueeze(-1).expand(-1, -1, after.shape[-1])
        return torch.cat([first, after], dim=1).gather(1, index)


@runtime_checkable
class Network(Protocol):
    """A neural tracer: the whole of it, seen as a sequence (`forward`) and one step at a time (the rest)."""

    def forward(self, batch: Batch) -> Tensor:
        """Logits of a correct answer to each question, `[B, T]`."""
        ...

    def start(self, learners: int) -> State:
        """The state before the first interaction."""
        ...

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        """The state after one more interaction, item and outcome `[B]`; the argument is left untouched."""
        ...

    def score(self, state: State, items: Tensor) -> Tensor:
        """Logits of a correct answer to each candidate, items and result `[B, C]`."""
        ...


@runtime_checkable
class HasSkillLogits(Protocol):
    """Optional: a network that tells success per skill from its state, without asking items."""

    def skill_logits(self, state: State) -> Tensor:
        """Logits of success on each skill, `[B, K]`."""
        ...


@runtime_checkable
class HasAfter(Protocol):
    """Optional: a network that comes to its state after a whole history without a step for every row."""

    @property
    def reach(self) -> int | None:
        """How many of the newest rows a state depends on; None for all of them."""
        ...

    def after(self, item: Tensor, outcome: Tensor, before: Tensor) -> State:
        """The state after rows that are all there, item and outcome `[B, T]`, as steps from the start would leave it.

        before: `[B]`, how many rows came ahead of these and are left out, none unless T is `reach`.
        """
        ...


@runtime_checkable
class HasWhatIf(Protocol):
    """Optional: a network that imagines many rows at once without a copy of its state for each."""

    def what_if(self, state: State, items: Tensor, outcome: Tensor, skills: Tensor) -> Tensor:
        """Logits of success on the average item of each skill after each imagined row, `[B, C, O, M]`.

        items: `[B, C]`. outcome: `[B, C, O]`. skills: `[B, C, M]`, from 0 on.
        """
        ...


@runtime_checkable
class OwnLoss(Protocol):
    """Optional: a network that is trained on more than the cross-entropy of the scored answers."""

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits as `forward` gives them, `[B, T]`, and what to add to the mean cross-entropy, a scalar.

        Means are over what is there: padding must not count, in regularisers neither.
        """
        ...


class MakesNetwork(Protocol):
    """A network class with its settings filled in (`_partial_: true` in the YAML)."""

    def __call__(self, *, items: int, skills: int, item_skills: Array) -> Any:
        """The network for a catalog."""
        ...


def probability(logits: Tensor) -> Tensor:
    """Logits as probabilities that are never exactly 0 or 1, float32."""
    return torch.sigmoid(logits.clamp(-_EXTREME, _EXTREME))
