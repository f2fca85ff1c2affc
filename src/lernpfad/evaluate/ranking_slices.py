"""Where a recommender is good: by how much is known of the learner, by how popular the target is, and cold items."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from lernpfad.core import BoolArray, FloatArray
from lernpfad.evaluate import hits, intervals
from lernpfad.evaluate.ranking import RESAMPLES, RankingResult

METRICS: Final = ("ndcg", "hr")
"""What the tables show, at 10 or, where nothing was measured there, at the shortest list."""

HISTORY: Final = ("0", "1-4", "5-9", "10-19", "20-49", "50 and more")
"""Rows of a learner that the recommender had to go by."""
_BEGIN: Final = (1, 5, 10, 20, 50)

POPULARITY: Final = (
    "never taken",
    "most taken fifth",
    "second fifth",
    "third fifth",
    "fourth fifth",
    "least taken fifth",
)
"""The fifth of all training interactions to which a target belongs, in the order of `Asked.fifth`."""

COLD: Final = ("known items", "cold items")
"""Targets that somebody took in training, and those that nobody took."""

Slices = dict[str, dict[str, Any]]
"""By slice: "n" (learners), "targets", every metric, and with intervals "<metric> low" and "<metric> high"."""


def tables(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Slices]:
    """All three kinds: `{"history": ..., "popularity": ..., "cold": ...}`; without intervals if `resamples` is 0.

    metrics: per learner, of `hits.NAMES` with a cut-off; those of `METRICS` if none are named.
    """
    kinds = {"history": by_history, "popularity": by_popularity, "cold": by_cold}
    return {name: one(result, metrics=metrics, resamples=resamples, seed=seed) for name, one in kinds.items()}


def rows(slices: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The tables one below the other, for JSON and the record: one row a slice."""
    return [{"by": kind, "slice": name} | dict(row) for kind, some in slices.items() for name, row in some.items()]


def by_history(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> Slices:
    """Learners by the length of the history that was seen of them; only ranges that have learners."""
    group = np.searchsorted(_BEGIN, result.asked.history, side="right")
    found: Slices = {}
    for number, name in enumerate(HISTORY):
        mine = group == number
        if mine.any():
            columns = {metric: result.per_learner[metric][mine] for metric in metrics or _headlines(result)}
            found[name] = _row(columns, int(result.asked.count[mine].sum()), resamples=resamples, seed=seed)
    return found


def by_popularity(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> Slices:
    """Targets by popularity: the metrics as if only those of one slice had been asked for, in the very same lists.

    n is the number of learners who have such a target; see `exposure.fifths`.
    """
    slices = {name: result.asked.fifth == number for number, name in enumerate(POPULARITY)}
    return _by_target(result, slices, metrics, resamples=resamples, seed=seed)


def by_cold(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> Slices:
    """Targets that are cold and those that are not, as in `by_popularity`."""
    slices = dict(zip(COLD, (result.asked.takers > 0, result.asked.takers == 0), strict=True))
    return _by_target(result, slices, metrics, resamples=resamples, seed=seed)


def _headlines(result: RankingResult) -> tuple[str, ...]:
    there = {int(name.rpartition("@")[2]) for name in result.per_learner}
    return tuple(f"{name}@{10 if 10 in there else min(there)}" for name in METRICS)


def _by_target(
    result: RankingResult, slices: Mapping[str, BoolArray], metrics: tuple[str, ...], *, resamples: int, seed: int
) -> Slices:
    asked, metrics = result.asked, metrics or _headlines(result)
    ks = tuple(sorted({int(metric.rpartition("@")[2]) for metric in metrics}))
    found: Slices = {}
    for name, mine in slices.items():
        if mine.any():
            count = np.bincount(asked.owner[mine], minlength=len(asked.names))
            offsets = np.concatenate([[0], np.cumsum(count[count > 0])])
            whole = hits.table(asked.rank[mine], offsets, ks)
            columns = {metric: whole[metric] for metric in metrics}
            found[name] = _row(columns, int(mine.sum()), resamples=resamples, seed=seed)
    return found


def _row(columns: Mapping[str, FloatArray], targets: int, *, resamples: int, seed: int) -> dict[str, Any]:
    """Means over the learners of one slice, with intervals from one set of resamples."""
    values = np.stack(list(columns.values()), axis=1)
    row: dict[str, Any] = {"n": len(values), "targets": targets}
    row |= {metric: float(mean) for metric, mean in zip(columns, values.mean(axis=0), strict=True)}
    if resamples:
        drawn = intervals.resampled_sums(values, resamples=resamples, seed=seed) / len(values)
        for metric, column in zip(columns, drawn.T, strict=True):
            row[f"{metric} low"], row[f"{metric} high"] = intervals.percentiles(column)
    return row
