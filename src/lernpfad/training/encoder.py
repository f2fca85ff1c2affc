"""What a neural recommender has to offer: one `nn.Module` with these methods, no other code is needed.

It is built as `network(items=I)` plus its own settings from the YAML, I items being in the catalog.
"""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Encoder(Protocol):
    """Reads what a learner took into a vector; an item's score is the inner product with the item's own.

    window: how many events it can read. declined: whether declined offers are among them.
    """

    window: int
    declined: bool

    def forward(self, item: Tensor, taken: Tensor) -> Tensor:
        """What is known before any event and after each, `[B, T + 1, D]`; causal.

        item: `[B, T]`, oldest first, -1 for padding on the right. taken: `[B, T]`, False for a declined offer.
        """
        ...

    def vectors(self) -> Tensor:
        """The items, `[I, D]`."""
        ...


class MakesEncoder(Protocol):
    """An encoder class with its settings filled in (`_partial_: true` in the YAML)."""

    def __call__(self, *, items: int) -> Any:
        """The encoder for a catalog."""
        ...
