"""Milliseconds of what a model does for one answer in production, as medians."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any, Final

import numpy as np

from lernpfad.core import Interactions, Sequences

CANDIDATES: Final = 1_000
_TIMES, _WARM = 40, 4


def tracer(model: Any, histories: Sequences) -> dict[str, float]:
    """Of one `update` of one learner, and of one `predict` of up to `CANDIDATES` items."""
    state = model.start(1)
    items = np.arange(min(len(histories.catalog), CANDIDATES))[None, :]
    seen = Interactions(np.array([0]), np.array([1]), np.array([True]), np.array([5.0]), np.array([0.0]))
    at = np.array([60.0])
    return {
        "update": _median(lambda: model.update(state, seen)),
        "predict": _median(lambda: model.predict(state, items, at)),
    }


def recommender(model: Any, histories: Sequences) -> dict[str, float]:
    """Of one `score` of up to `CANDIDATES` items for the longest of the histories."""
    one = histories.select(np.array([int(np.argmax(histories.lengths))]))
    items = np.arange(min(len(histories.catalog), CANDIDATES))
    return {"score": _median(lambda: model.score(one, items))}


def _median(call: Callable[[], Any]) -> float:
    spent = []
    for _ in range(_WARM + _TIMES):
        begun = time.perf_counter()
        call()
        spent.append(1e3 * (time.perf_counter() - begun))
    return float(median(spent[_WARM:]))
