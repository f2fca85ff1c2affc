"""A tracer small enough to be trained in a test, and histories to train it on."""

from functools import partial
from typing import Any

import numpy as np

from lernpfad.core import Catalog, Sequences
from lernpfad.tracing.dkt import DKT
from lernpfad.training import Fitting, NeuralTracer


def tiny(*, inputs: str = "both", network: dict[str, Any] | None = None, **fitting: Any) -> NeuralTracer:
    """DKT of width 12, trained for at most 4 epochs."""
    settings = {"max_epochs": 4, "learning_rate": 0.02, "batch_rows": 256, "progress_bar": False, **fitting}
    made = partial(DKT, inputs=inputs, width=12, item_width=4, **(network or {}))
    return NeuralTracer(made, Fitting(**settings))


def ragged(lengths: list[int], *, seed: int = 0, declined: float = 0.3) -> Sequences:
    """Random histories with declined offers, unassessed and unknown items."""
    rng, rows = np.random.default_rng(seed), sum(lengths)
    catalog = Catalog.of(list("abcde"), list("xyz"), [[0], [1], [2], [0, 1], []])
    accepted = rng.random(rows) >= declined
    outcome = np.where(accepted, rng.integers(-1, 2, rows), -1)
    names = [str(j) for j in range(len(lengths))]
    return Sequences.of(catalog, names, lengths, rng.integers(-1, 5, rows), outcome, accepted=accepted)
