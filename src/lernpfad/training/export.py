"""A network as ONNX graphs with named states, for a production machine without torch.

Written into a folder, for a network whose state holds the arrays `<name>`, `[L, ...]` float32:
`start.safetensors`  the state of one learner who has done nothing, `[1, ...]` each;
`step.onnx`    item, outcome `[L]` int64, `state.<name>`  ->  `next.<name>`;
`score.onnx`   items `[L, C]` int64, `state.<name>`  ->  success `[L, C]` float32;
`mastery.onnx` `state.<name>`  ->  mastery `[L, K]` float32, only with a skill head;
`what_if.onnx` items `[L, C]` int64, `state.<name>`  ->  after `[L, C, 2, M]` float32, only of a network that has it;
`history.onnx` item, outcome `[L, T]`, before `[L]` int64  ->  `next.<name>`: the state after these rows, of which
               `before` older ones were left out; metadata `reach` says how many are needed ("" for all); likewise.
Outcomes are 1, 0 and -1 (not assessed); the item -1 is an unknown one. L and C may be 1.

For an encoder of `training.encoder`:
`encode.onnx`  item `[L, T]` int64, -1 for padding on the right, and taken `[L, T]` bool  ->  known `[L, D]` float32;
`vectors.safetensors`  vectors `[I, D]`, and what it is shown of a history: window and declined, `[1]` int64 each.
"""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.export import Dim

from lernpfad.core import BoolArray, IntArray
from lernpfad.training.imagine import Imagine
from lernpfad.training.network import HasAfter, HasSkillLogits, HasWhatIf, probability
from lernpfad.training.nextitem import known

_LEARNERS, _CANDIDATES = 3, 5
"""Example sizes: above 1 and all different, or the exporter would take them for constants or for each other."""


def write(network: Any, folder: Path, *, item_skills: IntArray, assessed: BoolArray) -> None:
    """Write the graphs and the start state of a fitted network into `folder` (made if need be).

    item_skills: `[I, M]`, padded with -1. assessed: `[I]`. Both of the catalog.
    """
    folder.mkdir(parents=True, exist_ok=True)
    items = len(item_skills)
    network = network.eval()
    start = {name: array.contiguous().clone() for name, array in network.start(1).items()}
    save_file(start, folder / "start.safetensors")
    names = list(start)
    state = tuple(network.start(_LEARNERS).values())
    item = torch.arange(_LEARNERS) % max(items, 1)
    outcome = torch.arange(_LEARNERS) % 3 - 1
    candidates = torch.arange(_LEARNERS * _CANDIDATES).reshape(_LEARNERS, _CANDIDATES) % max(items, 1)
    state_in = [f"state.{name}" for name in names]
    with torch.no_grad(), _quiet():
        step, score = _Step(network, names), _Score(network, names)
        _save(step, (item, outcome, state), folder / "step.onnx", ["item", "outcome", *state_in], _next(names))
        _save(score, (candidates, state), folder / "score.onnx", ["items", *state_in], ["success"])
        if isinstance(network, HasSkillLogits):
            _save(_Mastery(network, names), (state,), folder / "mastery.onnx", state_in, ["mastery"])
        if isinstance(network, HasWhatIf):
            imagine = _WhatIf(Imagine(network, item_skills, assessed), names)
            _save(imagine, (candidates, state), folder / "what_if.onnx", ["items", *state_in], ["after"])
        if isinstance(network, HasAfter):
            rows = (candidates, candidates % 2, torch.zeros(_LEARNERS, dtype=torch.int64))
            _save(_History(network, names), rows, folder / "history.onnx", ["item", "outcome", "before"], _next(names))
            _note(folder / "history.onnx", reach="" if network.reach is None else str(network.reach))


def write_encoder(network: Any, folder: Path) -> None:
    """Write the graph and the item vectors of a fitted encoder into `folder` (made if need be)."""
    folder.mkdir(parents=True, exist_ok=True)
    network = network.eval()
    item = torch.arange(_LEARNERS * _CANDIDATES).reshape(_LEARNERS, _CANDIDATES) % len(network.vectors()) - 1
    # the example may be longer than the window of an encoder that looks back a few events only
    learners, events = Dim("learners", min=1), Dim("events", min=1, max=max(network.window, _CANDIDATES))
    with torch.no_grad(), _quiet():
        vectors = network.vectors().contiguous().clone()
        shown = {"window": torch.tensor([network.window]), "declined": torch.tensor([int(network.declined)])}
        save_file({"vectors": vectors, **shown}, folder / "vectors.safetensors")
        torch.onnx.export(
            _Encode(network),
            (item, item % 2 == 0),
            folder / "encode.onnx",
            input_names=["item", "taken"],
            output_names=["known"],
            dynamic_shapes=({0: learners, 1: events}, {0: learners, 1: events}),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def _next(names: Sequence[str]) -> list[str]:
    return [f"next.{name}" for name in names]


def _save(graph: nn.Module, example: tuple[Any, ...], path: Path, inputs: list[str], outputs: list[str]) -> None:
    learners, candidates = Dim("learners", min=1), Dim("candidates", min=1)

    def axes(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(axes(one) for one in value)
        asked = value.ndim == 2 and value.dtype == torch.int64
        return {0: learners, 1: candidates} if asked else {0: learners}

    torch.onnx.export(
        graph,
        example,
        path,
        input_names=inputs,
        output_names=outputs,
        dynamic_shapes=axes(example),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def _note(path: Path, **notes: str) -> None:
    """Put notes into a graph, where whoever runs it can read them."""
    import onnx

    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, notes)
    onnx.save(graph, path)


class _Named(nn.Module):
    """A network whose state comes as a tuple, in the order of `names`."""

    def __init__(self, network: Any, names: Sequence[str]) -> None:
        super().__init__()
        self.network = network
        self.names = names

    def state(self, arrays: tuple[Tensor, ...]) -> dict[str, Tensor]:
        return dict(zip(self.names, arrays, strict=True))


class _Step(_Named):
    def forward(self, item: Tensor, outcome: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        after = self.network.step(self.state(state), item, outcome)
        return tuple(after[name] for name in self.names)


class _Score(_Named):
    def forward(self, items: Tensor, state: tuple[Tensor, ...]) -> Tensor:
        return probability(self.network.score(self.state(state), items))


class _Mastery(_Named):
    def forward(self, state: tuple[Tensor, ...]) -> Tensor:
        return probability(self.network.skill_logits(self.state(state)))


class _WhatIf(nn.Module):
    def __init__(self, imagine: Imagine, names: Sequence[str]) -> None:
        super().__init__()
        self.imagine = imagine
        self.names = names

    def forward(self, items: Tensor, state: tuple[Tensor, ...]) -> Tensor:
        after: Tensor = self.imagine(items, dict(zip(self.names, state, strict=True)))
        return after


class _History(_Named):
    def forward(self, item: Tensor, outcome: Tensor, before: Tensor) -> tuple[Tensor, ...]:
        after = self.network.after(item, outcome, before)
        return tuple(after[name] for name in self.names)


class _Encode(nn.Module):
    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, item: Tensor, taken: Tensor) -> Tensor:
        return known(self.network, item, taken)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's progress lines and its deprecation notes about itself are not for the caller."""
    loud = logging.getLogger("torch.onnx")
    before = loud.level
    loud.setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            loud.setLevel(before)
