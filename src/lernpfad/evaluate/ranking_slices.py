"""Where a recommender is good: by how much is known of the learner, by how popular the target is, and cold items."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

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

Key = TypeVar("Key")

Slices = dict[str, dict[str, Any]]
"""By slice: "n" (learners), "targets", every metric, and with intervals "<metric> low" and "<metric> high"."""


@dataclass(frozen=True, eq=False)
class _Slice:
    """Who belongs to a slice, `[evaluated]`, her metrics there, each `[evaluated]`, and how many targets there are."""

    there: BoolArray
    values: Mapping[str, FloatArray]
    targets: int


def tables(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Slices]:
    """All three kinds: `{"history": ..., "popularity": ..., "cold": ...}`; without intervals if `resamples` is 0.

    metrics: per learner, of `hits.NAMES` with a cut-off; those of `METRICS` if none are named.
    """
    kinds = {"history": _history, "popularity": _popularity, "cold": _cold}
    slices = {(kind, name): one for kind, of in kinds.items() for name, one in of(result, metrics).items()}
    found = _measured(slices, resamples=resamples, seed=seed)
    return {kind: {name: row for (of, name), row in found.items() if of == kind} for kind in kinds}


def rows(slices: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """The tables one below the other, for JSON and the record: one row a slice."""
    return [{"by": kind, "slice": name} | dict(row) for kind, some in slices.items() for name, row in some.items()]


def by_history(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> Slices:
    """Learners by the length of the history that was seen of them; only ranges that have learners."""
    return _measured(_history(result, metrics), resamples=resamples, seed=seed)


def by_popularity(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> Slices:
    """Targets by popularity: the metrics as if only those of one slice had been asked for, in the very same lists.

    n is the number of learners who have such a target; see `exposure.fifths`.
    """
    return _measured(_popularity(result, metrics), resamples=resamples, seed=seed)


def by_cold(
    result: RankingResult, *, metrics: tuple[str, ...] = (), resamples: int = RESAMPLES, seed: int = 0
) -> Slices:
    """Targets that are cold and those that are not, as in `by_popularity`."""
    return _measured(_cold(result, metrics), resamples=resamples, seed=seed)


def _history(result: RankingResult, metrics: tuple[str, ...]) -> dict[str, _Slice]:
    group = np.searchsorted(_BEGIN, result.asked.history, side="right")
    values = {metric: result.per_learner[metric] for metric in metrics or _headlines(result)}
    return {
        name: _Slice(group == number, values, int(result.asked.count[group == number].sum()))
        for number, name in enumerate(HISTORY)
        if (group == number).any()
    }


def _popularity(result: RankingResult, metrics: tuple[str, ...]) -> dict[str, _Slice]:
    return _by_target(result, {name: result.asked.fifth == number for number, name in enumerate(POPULARITY)}, metrics)


def _cold(result: RankingResult, metrics: tuple[str, ...]) -> dict[str, _Slice]:
    known = result.asked.takers > 0
    return _by_target(result, dict(zip(COLD, (known, ~known), strict=True)), metrics)


def _by_target(result: RankingResult, masks: Mapping[str, BoolArray], metrics: tuple[str, ...]) -> dict[str, _Slice]:
    """masks: which targets belong to each slice, `[T]`."""
    asked, metrics = result.asked, metrics or _headlines(result)
    ks = tuple(sorted({int(metric.rpartition("@")[2]) for metric in metrics}))
    found: dict[str, _Slice] = {}
    for name, mine in masks.items():
        if mine.any():
            count = np.bincount(asked.owner[mine], minlength=len(asked.names))
            whole = hits.table(asked.rank[mine], np.concatenate([[0], np.cumsum(count)]), ks)
            found[name] = _Slice(count > 0, {metric: whole[metric] for metric in metrics}, int(mine.sum()))
    return found


def _headlines(result: RankingResult) -> tuple[str, ...]:
    there = {int(name.rpartition("@")[2]) for name in result.per_learner}
    return tuple(f"{name}@{10 if 10 in there else min(there)}" for name in METRICS)


def _measured(slices: Mapping[Key, _Slice], *, resamples: int, seed: int) -> dict[Key, dict[str, Any]]:
    """Means over the learners of each slice, with intervals from one set of resamples of all learners."""
    found: dict[Key, dict[str, Any]] = {}
    columns = [
        np.stack([one.there, *(np.where(one.there, v, 0.0) for v in one.values.values())]) for one in slices.values()
    ]
    drawn = intervals.resampled_sums(np.concatenate(columns).T, resamples=resamples, seed=seed) if resamples else None
    place = 0
    for key, one in slices.items():
        n = int(one.there.sum())
        found[key] = {"n": n, "targets": one.targets}
        for number, (metric, values) in enumerate(one.values.items(), start=1):
            found[key][metric] = float(values[one.there].mean())
            if drawn is not None:
                ends = intervals.percentiles(intervals.ratios(drawn[:, place + number], drawn[:, place]))
                found[key] |= {f"{metric} low": ends.low, f"{metric} high": ends.high}
        place += 1 + len(one.values)
    return found
