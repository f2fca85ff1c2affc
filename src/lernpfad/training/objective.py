"""What a network is trained for: which rows count, what a batch is, the loss, and what tells a better epoch."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from torch import Tensor, nn
from torch.utils.data import DataLoader

from lernpfad.core import BoolArray, Sequences

B = TypeVar("B")


class Objective(Protocol[B]):
    """The part of a training run that differs between models; the loop around it is the same for all.

    B: a batch. `repr` tells every setting that the result depends on: a resumed run is held to it.
    """

    monitor: ClassVar[str]
    """The metric that tells a better epoch, higher is better."""

    nothing: ClassVar[str]
    """What to say where there is nothing to learn from."""

    def targets(self, histories: Sequences) -> BoolArray:
        """Rows that are to be predicted, `[N]`."""
        ...

    def batches(self, histories: Sequences, budget: int, *, seed: int | None = None) -> DataLoader[B]:
        """To train on, of `budget` rows each; reshuffled in every epoch."""
        ...

    def held_out(self, histories: Sequences, budget: int) -> DataLoader[B]:
        """To validate on, in a fixed order."""
        ...

    def loss(self, network: nn.Module, batch: B) -> tuple[Tensor, int, Tensor | float]:
        """Mean loss of the batch's targets, how many these are, and what a network adds to the loss."""
        ...

    def heard(self, network: nn.Module, batch: B) -> tuple[Tensor, ...]:
        """What is kept of a validation batch, on the processor."""
        ...

    def judged(self, heard: Sequence[tuple[Tensor, ...]]) -> dict[str, float]:
        """The validation metrics from what was kept of all batches; `monitor` is among them."""
        ...


AnyObjective: TypeAlias = Objective[Any]
