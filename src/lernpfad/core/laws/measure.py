"""The figures and the round trips by which laws judge a model (core may not import `evaluate`)."""

import io
import json
from typing import Any, TypeVar

import numpy as np

from lernpfad.core.arrays import Array, BoolArray, FloatArray
from lernpfad.core.persist import learned, members, revived, settings

M = TypeVar("M")


def auc(score: FloatArray, positive: BoolArray) -> float:
    """Chance that a positive row scores above a negative one, ties counting half (Mann-Whitney)."""
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = (last - (count - 1) / 2)[place.reshape(-1)]
    wins = rank[positive].sum() - positive.sum() * (positive.sum() + 1) / 2
    return float(wins / (positive.sum() * (~positive).sum()))


def auc_error(positive: BoolArray) -> float:
    """Standard error of the AUC of a score that knows nothing: `sqrt((n + m + 1) / (12 n m))`."""
    n, m = float(positive.sum()), float((~positive).sum())
    return float(np.sqrt((n + m + 1) / (12 * n * m)))


def log_loss(predicted: FloatArray, positive: BoolArray) -> float:
    """Mean negative log likelihood, natural logarithm."""
    return float(-np.log(np.where(positive, predicted, 1 - predicted)).mean())


def reloaded(model: M) -> M:
    """The model after a round trip through JSON settings and pickle-free array files (see `core.persist`)."""
    arguments: dict[str, Any] = json.loads(json.dumps(settings(model)))
    return revived(type(model), arguments, _stored(model), made_of=_members(model))


def rebuilt(model: M) -> M:
    """The same for a model whose settings are objects (a network to be made): these are handed over as they are."""
    return revived(type(model), settings(model), _stored(model), made_of=_members(model))


def _members(model: object) -> dict[str, Any]:
    return {name: (rebuilt if hasattr(one, "export") else reloaded)(one) for name, one in members(model).items()}


def _stored(model: object) -> dict[str, Array]:
    return {name: _round_trip(array) for name, array in learned(model).items()}


def _round_trip(array: Array) -> Array:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    file.seek(0)
    back: Array = np.load(file, allow_pickle=False)
    return back
