"""A network as a tracer: numpy at the boundary, torch inside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor

from lernpfad.core import Array, FloatArray, IntArray, Interactions, Sequences
from lernpfad.training.batches import Buckets, Histories
from lernpfad.training.fitting import Fitting
from lernpfad.training.model import NeuralModel
from lernpfad.training.network import MakesNetwork, State, probability

_TRACE_ROWS = 32_768
_SCORED_AT_ONCE = 262_144

ArrayState: TypeAlias = dict[str, FloatArray]
"""A network's state as numpy arrays by name, float32, axis 0 is learners."""


class NeuralTracer(NeuralModel):
    """Any network of `training.network` as a `KnowledgeTracer` with a parallel trace.

    network: makes the network once the catalog is known. fitting: how it is trained.
    A network class with `skill_logits` makes the tracer a `SkillHead` as well.
    Learned besides the weights, of the catalog: the number of skills and `item_skills_`.
    """

    skill_count_: Array
    item_skills_: IntArray
    mastery: Callable[[ArrayState, FloatArray], FloatArray]

    def __init__(self, network: MakesNetwork, fitting: Fitting | None = None) -> None:
        super().__init__(network, fitting)
        if hasattr(getattr(network, "func", network), "skill_logits"):
            self.mastery = self._mastery

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Train until the validation AUC stops growing; without `valid`, on a share of the learners set aside."""
        from lernpfad.training.answers import NextAnswer

        self._fitted(NextAnswer(), train, valid)
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

    def _mastery(self, state: ArrayState, at: FloatArray) -> FloatArray:
        """Success per skill from the network's skill head, `[learners, K]`."""
        with torch.inference_mode():
            success: FloatArray = probability(self.built().skill_logits(_tensors(state))).numpy()
        return success.astype(np.float64)

    def _of_catalog(self, train: Sequences) -> None:
        self.skill_count_ = np.array([len(train.catalog.skills)])
        self.item_skills_ = train.catalog.item_skills

    def _arguments(self) -> dict[str, Any]:
        table = np.ascontiguousarray(self.item_skills_)  # torch takes no array that runs backwards
        return {"items": len(table), "skills": int(self.skill_count_[0]), "item_skills": table}


def _index(array: IntArray) -> Tensor:
    return torch.from_numpy(np.array(array, dtype=np.int64))


def _tensors(state: ArrayState) -> State:
    """Copies, so that no network can touch the caller's state."""
    return {name: torch.from_numpy(np.array(array, dtype=np.float32)) for name, array in state.items()}


def _arrays(state: State) -> ArrayState:
    return {name: tensor.numpy() for name, tensor in state.items()}
