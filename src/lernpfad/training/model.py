"""A network as a model: fitted by the one loop, kept as arrays, rebuilt when needed."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from lernpfad.core import Listener, Sequences
from lernpfad.core.persist import learned, require_fitted
from lernpfad.training.fitting import Fitting
from lernpfad.training.objective import AnyObjective

_WEIGHT = "weight."


class NeuralModel:
    """What a neural tracer and a neural recommender have in common.

    network: makes the network once the catalog is known. fitting: how it is trained.
    What `fit` learned are arrays: `weight.<name>_` for every weight, and what the subclass needs of the catalog; so a
    model is saved and revived like any classical one (`core.persist`).
    """

    def __init__(self, network: Callable[..., Any], fitting: Fitting | None) -> None:
        self.network = network
        self.fitting = fitting or Fitting()
        self.listeners: list[Listener] = []
        self._built: Any = None

    def built(self) -> Any:
        """The fitted network in evaluation mode, rebuilt from its arrays when first needed."""
        require_fitted(self)
        if self._built is None:
            with torch.inference_mode(False):  # whoever asks first may be in it, and such weights cannot be exported
                network = self._made()
                weights = {
                    name.removeprefix(_WEIGHT)[:-1]: torch.from_numpy(array.copy())
                    for name, array in learned(self).items()
                    if name.startswith(_WEIGHT)
                }
                network.load_state_dict(weights)
            self._built = network.eval()
        return self._built

    def _of_catalog(self, train: Sequences) -> None:
        """Remember what the network is made from."""
        raise NotImplementedError

    def _arguments(self) -> dict[str, Any]:
        """What the network is made from, besides its settings."""
        raise NotImplementedError

    def _fitted(self, objective: AnyObjective, train: Sequences, valid: Sequences | None) -> None:
        from lernpfad.training.loop import train_network

        for name in learned(self):
            delattr(self, name)
        self._built = None
        self._of_catalog(train)
        network = self._made()
        try:
            train_network(network, self.fitting, objective, train, valid, listeners=self.listeners)
        except BaseException:  # half a model is none
            for name in learned(self):
                delattr(self, name)
            raise
        for name, weight in network.state_dict().items():
            setattr(self, f"{_WEIGHT}{name}_", weight.numpy())

    def _made(self) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(self.fitting.seed)
            network: nn.Module = self.network(**self._arguments())
        return network
