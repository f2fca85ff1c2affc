"""How a long fit is watched from outside, whatever it fits with: one call per epoch, EM step or sweep."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, runtime_checkable

Listener: TypeAlias = Callable[[int, Mapping[str, float]], None]
"""Called as `listener(epoch, metrics)`, metrics like `{"valid/auc": .71}`; raising from it stops the fit."""


@runtime_checkable
class Reports(Protocol):
    """Optional: a model whose `fit` tells its listeners how it is doing."""

    listeners: list[Listener]
