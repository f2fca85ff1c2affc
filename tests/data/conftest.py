"""Made-up logs for the tests of `lernpfad.data`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import Catalog, Roles, Sequences
from lernpfad.data import Dataset


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes files, given as `name=text` with dots as double underscores, and returns their folder."""

    def write(**files: str) -> Path:
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture
def small(catalog: Catalog) -> Dataset:
    """Three learners, one of whom has done nothing; times, a declined offer, roles with two versions."""
    sequences = Sequences.of(
        catalog,
        ["ada", "bea", "cyd"],
        [3, 0, 2],
        np.array([0, 1, 3, 2, 0]),
        np.array([1, 0, -1, -1, 1]),
        accepted=np.array([True, True, True, False, True]),
        minutes=np.array([3.5, 4.1, 10.0, 0.1, 2.0]),
        time=np.array([100.0, 160.5, 900.0, 50.25, 300.0]),
        extra={"propensity": np.array([0.5, 0.25, 1.0, 0.1, 0.2]), "offered_by": np.array(["x", "y", "x", "", "y"])},
    )
    roles = Roles(
        names=np.array(["analyst", "builder"]),
        valid_from=np.array([0.0, 1000.0]),
        level=np.array([[[0.5, 0.0, 0.1], [0.2, 0.3, 0.4]], [[0.6, 0.1, 0.1], [0.2, 0.3, 0.9]]]),
        weight=np.array([[[1.0, 0.0, 2.0], [1.0, 1.0, 1.0]], [[1.0, 3.0, 2.0], [1.0, 1.0, 1.0]]]),
    )
    learner = {"role": np.array([0, -1, 1]), "target_role": np.array([1, 1, -1]), "team": np.array(["a", "b", "a"])}
    return Dataset("small", sequences, learner, roles)


@pytest.fixture
def ordered() -> Callable[[list[int]], Dataset]:
    """Learners l0, l1, ... with histories of the given lengths and no clock; item k is answered in place k."""

    def make(lengths: list[int]) -> Dataset:
        many = max([*lengths, 1])
        catalog = Catalog.of([f"i{k}" for k in range(many)], ["s"], [[0]] * many)
        item = np.concatenate([np.arange(n) for n in lengths]) if lengths else np.empty(0, dtype=np.int64)
        names = [f"l{j}" for j in range(len(lengths))]
        return Dataset("ordered", Sequences.of(catalog, names, lengths, item, item % 2))

    return make
