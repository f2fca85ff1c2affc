"""A network as a tracer: numpy at the boundary, torch inside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from lernpfad.core import Array, FloatArray, IntArray, Interactions, Listener, Sequences
from lernpfad.core.persist import learned, require_fitted
from lernpfad.training.batches import Buckets, Histories
from lernpfad.training.fitting import Fitting
from lernpfad.training.network import MakesNetwork, State, probability

_TRACE_ROWS = 32_768
_SCORED_AT_ONCE = 262_144
_WEIGHT = "weight."

ArrayState: TypeAlias = dict[str, FloatArray]
"""A network's state as numpy arrays by name, float32, axis 0 is learners."""


class NeuralTracer:
    """Any network of `training.network` as a `KnowledgeTracer` with a parallel trace.

    network: makes the network once the catalog is known. fitting: how it is trained.
    A network class with `skill_logits` makes the tracer a `SkillHead` as well.
    What `fit` learned are arrays: `weight.<name>_` for every weight, and of the catalog the number of skills and
    `item_skills_`; so a tracer is saved and revived like any classical model (`core.persist`).
    """

    skill_count_: Array
    item_skills_: IntArray
    mastery: Callable[[ArrayState, FloatArray], FloatArray]

    def __init__(self, network: MakesNetwork, fitting: Fitting | None = None) -> None:
        self.network = network
        self.fitting = fitting or Fitting()
        self.listeners: list[Listener] = []
        self._built: Any = None
        if hasattr(getattr(network, "func", network), "skill_logits"):
            self.mastery = self._mastery

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Train until the validation AUC stops growing; without `valid`, on a share of the learners set aside."""
        from lernpfad.training.loop import train_network

        for name in learned(self):
            delattr(self, name)
        self._built = None
        network = self._made(len(train.catalog.skills), train.catalog.item_skills)
        train_network(network, self.fitting, train, valid, listeners=self.listeners)
        self.skill_count_ = np.array([len(train.catalog.skills)])
        self.item_skills_ = train.catalog.item_skills
        for name, weight in network.state_dict().items():
            setattr(self, f"{_WEIGHT}{name}_", weight.numpy())
        return self

    def start(self, learners: int) -> ArrayState:
        """The network's start state as arrays, `[learners, ...]` each."""
        with torch.inference_mode():
            return _arrays(self.built().start(learners))

    def update(self, state: ArrayState, seen: Interactions) -> ArrayState:
        """One step of the network."""
        with torch.inference_mode():
            item, outcome = _index(seen.item), _index(seen.outcome)
            return _arrays(self.built().step(_tensors(state), item, outcome))

    def predict(self, state: ArrayState, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct), `[learners, items]`; a large question is asked in pieces."""
        network, together = self.built(), max(1, _SCORED_AT_ONCE // max(items.shape[1], 1))
        predicted = np.empty(items.shape)
        with torch.inference_mode():
            for first in range(0, len(items), together):
                some = slice(first, first + together)
                part = _tensors({name: array[some] for name, array in state.items()})
                predicted[some] = probability(network.score(part, _index(items[some]))).numpy()
        return predicted

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row, `[N]`, from whole histories at once in batches of about equal length."""
        network, data = self.built(), Histories(histories)
        predicted = np.full(len(histories), np.nan)
        with torch.inference_mode():
            for learners in Buckets(data.lengths, _TRACE_ROWS):
                rows = data.rows(learners)
                answer = probability(network.forward(data[learners])).numpy()
                predicted[rows[rows >= 0]] = answer[rows >= 0]
        return predicted

    def export(self, folder: Path) -> None:
        """Write the ONNX graphs and the start state that production runs on; see `training.export`."""
        from lernpfad.training.export import write

        write(self.built(), folder, items=len(self.item_skills_))

    def built(self) -> Any:
        """The fitted network in evaluation mode, rebuilt from its arrays when first needed."""
        require_fitted(self)
        if self._built is None:
            network = self._made(int(self.skill_count_[0]), self.item_skills_)
            weights = {
                name.removeprefix(_WEIGHT)[:-1]: torch.from_numpy(np.array(array))
                for name, array in learned(self).items()
                if name.startswith(_WEIGHT)
            }
            network.load_state_dict(weights)
            self._built = network.eval()
        return self._built

    def _mastery(self, state: ArrayState, at: FloatArray) -> FloatArray:
        """Success per skill from the network's skill head, `[learners, K]`."""
        with torch.inference_mode():
            success: FloatArray = probability(self.built().skill_logits(_tensors(state))).numpy()
        return success.astype(np.float64)

    def _made(self, skills: int, item_skills: IntArray) -> nn.Module:
        table = np.ascontiguousarray(item_skills)  # torch takes no array that runs backwards
        with torch.random.fork_rng():
            torch.manual_seed(self.fitting.seed)
            network: nn.Module = self.network(items=len(table), skills=skills, item_skills=table)
        return network


def _index(array: IntArray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.int64))


def _tensors(state: ArrayState) -> State:
    """Copies, so that no network can touch the caller's state."""
    return {name: torch.from_numpy(np.array(array, dtype=np.float32)) for name, array in state.items()}


def _arrays(state: State) -> ArrayState:
    return {name: tensor.numpy() for name, tensor in state.items()}
