"""A network as a tracer: numpy at the boundary, torch inside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor

from lernpfad.core import Array, BoolArray, FloatArray, IntArray, Interactions, Sequences
from lernpfad.core.state import take
from lernpfad.training.batches import Buckets, Histories
from lernpfad.training.fitting import Fitting
from lernpfad.training.model import NeuralModel
from lernpfad.training.network import MakesNetwork, State, probability

_TRACE_ROWS = 32_768
_SCORED_AT_ONCE = 262_144
_BRANCHES = 16_384
"""Candidates times learners whose futures are imagined at once."""

ArrayState: TypeAlias = dict[str, FloatArray]
"""A network's state as numpy arrays by name, float32, axis 0 is learners."""


class NeuralTracer(NeuralModel):
    """Any network of `training.network` as a `KnowledgeTracer` with a parallel trace.

    network: makes the network once the catalog is known. fitting: how it is trained.
    A network class with `skill_logits` makes the tracer a `SkillHead` as well, one with `what_if` a `WhatIf`.
    Learned besides the weights, of the catalog: the number of skills, `item_skills_`, and which items are `assessed_`.
    """

    skill_count_: Array
    item_skills_: IntArray
    assessed_: BoolArray
    mastery: Callable[[ArrayState, FloatArray], FloatArray]
    what_if: Callable[[ArrayState, IntArray, FloatArray], FloatArray]

    def __init__(self, network: MakesNetwork, fitting: Fitting | None = None) -> None:
        super().__init__(network, fitting)
        kind = getattr(network, "func", network)
        if hasattr(kind, "skill_logits"):
            self.mastery = self._mastery
        self._imagine: Any = None
        if hasattr(kind, "what_if"):
            self.what_if = self._what_if

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

        write(self.built(), folder, item_skills=self.item_skills_, assessed=self.assessed_)

    def _what_if(self, state: ArrayState, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate and outcome, `[learners, items, 2, M]`."""
        from lernpfad.training.imagine import Imagine

        network = self.built()
        if self._imagine is None or self._imagine.network is not network:  # its tables are those of the catalog
            self._imagine = Imagine(network, self.item_skills_, self.assessed_)
        together = max(1, _BRANCHES // max(items.shape[1], 1))
        pieces = [slice(first, first + together) for first in range(0, max(len(items), 1), together)]
        with torch.inference_mode():
            after = [self._imagine(_index(items[some]), _tensors(take(state, some))).numpy() for some in pieces]
        return np.concatenate(after).astype(np.float64)

    def _mastery(self, state: ArrayState, at: FloatArray) -> FloatArray:
        """Success per skill from the network's skill head, `[learners, K]`."""
        with torch.inference_mode():
            success: FloatArray = probability(self.built().skill_logits(_tensors(state))).numpy()
        return success.astype(np.float64)

    def _of_catalog(self, train: Sequences) -> None:
        self.skill_count_ = np.array([len(train.catalog.skills)])
        self.item_skills_, self.assessed_ = train.catalog.item_skills, train.catalog.assessed

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
