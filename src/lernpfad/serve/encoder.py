"""The twin of any neural recommender: one ONNX graph that reads a history, and the vectors of the items."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from lernpfad.core import BundleError, FloatArray, IntArray, Sequences
from lernpfad.core.events import Seen, inner_products, last_events
from lernpfad.serve.files import read_tensors
from lernpfad.serve.graph import Graph

ENCODE, VECTORS = "encode.onnx", "vectors.safetensors"
_TOGETHER: Final = 256
"""Learners whose histories go through the graph at once; bounds memory, not results."""


class OnnxRecommender:
    """A neural recommender as exported; it scores histories, the inner product of history and item.

    folder: holds `encode.onnx` (`item` int64 and `taken` bool, `[L, T]`, to `known` float32 `[L, D]`) and
    `vectors.safetensors` (`vectors` `[I, D]`, `window` and `declined` `[1]`, see `core.events.Seen`). threads: of the
    graph. described: the entry of the manifest, which says what the original was.
    """

    def __init__(self, folder: Path, *, threads: int = 1, described: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.threads = threads
        self.described = described
        tensors = read_tensors(folder / VECTORS)
        self._vectors = tensors["vectors"]
        self._seen = Seen(len(self._vectors), int(tensors["window"][0]), declined=bool(tensors["declined"][0]))
        self._graph = Graph(folder / ENCODE, takes={"item", "taken"}, threads=threads)

    def export(self, folder: Path) -> None:
        """Copy the files, so that a loaded bundle can be part of a new one."""
        for path in self.folder.iterdir():
            shutil.copyfile(path, folder / path.name)

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Refused: a twin is fitted where its original is."""
        raise BundleError("an exported recommender cannot be fitted; fit the original and export it again")

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Inner product of history and item, `[learners, items]`; an unknown item scores like the mean of all."""
        return inner_products(self._encoded(histories), self._vectors, items)

    def _encoded(self, histories: Sequences) -> FloatArray:
        by_length = np.argsort(histories.lengths, kind="stable")
        known = np.empty((len(by_length), self._vectors.shape[1]), dtype=np.float32)
        for first in range(0, len(by_length), _TOGETHER):
            learners = by_length[first : first + _TOGETHER]
            item, taken = last_events(histories, learners, self._seen)
            known[learners] = self._graph.run({"item": item, "taken": taken})["known"]
        return known
