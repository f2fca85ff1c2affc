"""The twin of any neural tracer: ONNX step, score and mastery graphs behind the `KnowledgeTracer` protocol."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import numpy as np

from lernpfad.core import Array, BundleError, FloatArray, IntArray, Interactions, Sequences, walked
from lernpfad.core.state import join, take
from lernpfad.serve.files import read_tensors
from lernpfad.serve.graph import Graph

START, STEP, SCORE, MASTERY = "start.safetensors", "step.onnx", "score.onnx", "mastery.onnx"
HISTORY, WHAT_IF = "history.onnx", "what_if.onnx"
STATE_PREFIX, NEXT_PREFIX = "state.", "next."
CHUNK: Final = 65_536
"""Rows (learners, or learners x items) that go through a graph at once; bounds memory, not results."""
READ: Final = 65_536
"""Rows times the rows of the state that each of them reads, likewise: one head's attention over 200 rows of history of
10,000 candidates is 8 MB, and a graph holds several of them for each of its heads."""

ALONE: Final = 8
"""Learners up to whom each history goes through its graph at once; more of them take their steps together."""

BRANCHES: Final = 512
"""Imagined rows that go through a graph at once; each has caches of its own there."""

_EDGE: Final = 1e-7  # a float32 sigmoid may reach 0 and 1; P(correct) is inside

State: TypeAlias = dict[str, Array]


def open_tracer(folder: Path, *, threads: int = 1, described: Mapping[str, Any] | None = None) -> "OnnxTracer":
    """The tracer in a folder of graphs, with a skill head if the folder has `mastery.onnx`."""
    kind = OnnxSkillTracer if (folder / MASTERY).exists() else OnnxTracer
    return kind(folder, threads=threads, described=described)


class OnnxTracer:
    """A neural tracer as exported: state is a dict of float32 arrays, learners on axis 0.

    folder: holds `start.safetensors` (the state of one fresh learner, `[1, ...]` each), `step.onnx` (`item`,
    `outcome` int64 `[L]`, `state.<name>` to `next.<name>`) and `score.onnx` (`items` int64 `[L, C]`, `state.<name>`
    to `success` float32 `[L, C]`). Item -1 is unknown and handled by the graphs. threads: of each graph run.
    described: the entry of the manifest, which says what the original was. Where there are `history.onnx` and
    `what_if.onnx` (see `training.export`), it has `after` and `what_if` as well.
    """

    after: Callable[[Sequences], State]
    what_if: Callable[[State, IntArray, FloatArray], FloatArray]

    def __init__(self, folder: Path, *, threads: int = 1, described: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.threads = threads
        self.described = described
        self._fresh = read_tensors(folder / START)
        names = [STATE_PREFIX + name for name in self._fresh]
        self._step = Graph(folder / STEP, takes={"item", "outcome", *names}, threads=threads)
        self._score = Graph(folder / SCORE, takes={"items", *names}, threads=threads)
        if (folder / HISTORY).exists():
            self._history = Graph(folder / HISTORY, takes={"item", "outcome", "before"}, threads=threads)
            self.after = self._after
        if (folder / WHAT_IF).exists():
            self._imagine = Graph(folder / WHAT_IF, takes={"items", *names}, threads=threads)
            self.what_if = self._what_if

    def export(self, folder: Path) -> None:
        """Copy the graphs, so that a loaded bundle can be part of a new one."""
        for path in self.folder.iterdir():
            shutil.copyfile(path, folder / path.name)

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Refused: a twin is fitted where its original is."""
        raise BundleError("an exported tracer cannot be fitted; fit the original and export it again")

    def start(self, learners: int) -> State:
        """The state of learners of whom nothing is known yet."""
        return {name: np.repeat(array, learners, axis=0) for name, array in self._fresh.items()}

    def update(self, state: State, seen: Interactions) -> State:
        """The state after one accepted interaction of each learner; the argument is left untouched."""
        item, outcome = np.asarray(seen.item, np.int64), np.asarray(seen.outcome, np.int64)
        parts = [
            self._step.run({"item": item[some], "outcome": outcome[some], **_named(take(state, some))})
            for some in _pieces(len(item), self._at_once())
        ]
        if not parts:
            return state
        return {name: np.concatenate([part[NEXT_PREFIX + name] for part in parts]) for name in state}

    def predict(self, state: State, items: IntArray, at: FloatArray) -> FloatArray:
        """P(correct) of each learner at each of her items: `[learners, items]` in (0, 1)."""
        learners, candidates = items.shape
        success = np.empty((learners, candidates))
        most = self._at_once()
        wide = min(max(candidates, 1), most)
        for some in _pieces(learners, most // wide):
            known = _named(take(state, some))
            for columns in _pieces(candidates, wide):
                asked = np.ascontiguousarray(items[some, columns], dtype=np.int64)
                success[some, columns] = self._score.run({"items": asked, **known})["success"]
        return np.clip(success, _EDGE, 1 - _EDGE)

    def _at_once(self) -> int:
        """Rows for one run of a graph: fewer where each reads many rows of a state that keeps them (attention)."""
        reads = max((array.shape[1] for array in self._fresh.values() if array.ndim > 2), default=0)
        return max(1, min(CHUNK, READ // max(1, reads)))

    def _after(self, histories: Sequences) -> State:
        """The state after whole histories, one run for each of a few learners."""
        if not 0 < len(histories.learners) <= ALONE:
            return walked(self, histories)
        ends = zip(histories.offsets[:-1], histories.offsets[1:], strict=True)
        return join([self._after_rows(histories, int(first), int(last)) for first, last in ends])

    def _after_rows(self, histories: Sequences, first: int, last: int) -> State:
        reach = self._history.notes.get("reach", "")
        start = max(first, last - int(reach)) if reach else first
        if start == last:
            return self.start(1)
        rows = slice(start, last)
        given = {
            "item": histories.item[None, rows].astype(np.int64),
            "outcome": histories.outcome[None, rows].astype(np.int64),
            "before": np.array([start - first]),
        }
        found = self._history.run(given)
        return {name: found[NEXT_PREFIX + name] for name in self._fresh}

    def _what_if(self, state: State, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate and outcome, `[learners, items, 2, M]`."""
        known, together = _named(state), max(1, BRANCHES // max(items.shape[1], 1))
        parts = [
            self._imagine.run({"items": np.ascontiguousarray(items[some], np.int64), **take(known, some)})["after"]
            for some in _pieces(len(items), together)
        ]
        return np.concatenate(parts).astype(np.float64)


class OnnxSkillTracer(OnnxTracer):
    """An exported tracer with a skill head: `mastery.onnx`, `state.<name>` to `mastery` float32 `[L, K]`."""

    def __init__(self, folder: Path, *, threads: int = 1, described: Mapping[str, Any] | None = None) -> None:
        super().__init__(folder, threads=threads, described=described)
        names = {STATE_PREFIX + name for name in self._fresh}
        self._mastery = Graph(folder / MASTERY, takes=names, threads=threads)
        self._skills = self._mastery.run(_named(self._fresh))["mastery"].shape[1]

    def mastery(self, state: State, at: FloatArray) -> FloatArray:
        """Estimated probability of success per skill, `[learners, K]` in [0, 1]."""
        known = np.empty((len(at), self._skills))
        for some in _pieces(len(at), max(1, self._at_once() // self._skills)):
            known[some] = self._mastery.run(_named(take(state, some)))["mastery"]
        return np.clip(known, 0.0, 1.0)


def _named(state: State) -> State:
    """A state under the names of the graphs' inputs."""
    return {STATE_PREFIX + name: array for name, array in state.items()}


def _pieces(count: int, size: int) -> Iterator[slice]:
    return (slice(first, min(first + size, count)) for first in range(0, count, size))
