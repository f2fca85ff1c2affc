"""What will a learner take up? Ranking against the full catalog, one row per learner."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lernpfad.core import NOBODY, BoolArray, DataError, FloatArray, IntArray, Recommender, Sequences
from lernpfad.evaluate import exposure, hits, intervals
from lernpfad.evaluate.intervals import Estimate

RESAMPLES: Final = 2000
_SCORES_AT_ONCE: Final = 8_000_000


@dataclass(frozen=True, eq=False)
class RankingResult:
    """How a recommender ranked what the learners took up later.

    metrics: `{"ndcg@10": ..., "coverage@10": ...}`, means over the learners with something held out.
    per_learner: the values behind the means, each `[evaluated]`. learners: their indices, `[evaluated]`.
    lists: what would have been shown, best first, `[evaluated, max k]`, -1 where less was on offer.
    """

    metrics: dict[str, float]
    per_learner: dict[str, FloatArray]
    learners: IntArray
    lists: IntArray

    def interval(self, metric: str, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
        """The mean of one metric with its 95 % interval, by bootstrap over learners."""
        return intervals.mean(self.per_learner[metric], resamples=resamples, seed=seed)


def evaluate(
    recommender: Recommender,
    histories: Sequences,
    scored: BoolArray,
    *,
    ks: tuple[int, ...] = (5, 10, 20),
    mask_seen: bool = True,
    train: Sequences | None = None,
) -> RankingResult:
    """Rank the whole catalog for each learner and see where the items she took up later stand.

    scored: `[N]`, rows held out; of these the accepted ones are targets. What the recommender sees of a learner is
    what precedes her first scored row. mask_seen: items she had taken are not ranked, and are no targets.
    train: where popularity is counted for the novelty metrics; the visible histories if None. DataError if the
    recommender answers in the wrong shape or with NaN, or if nothing is held out.
    """
    visible = histories.where(~_from_first_scored(histories, scored))
    targets = _targets(histories, visible, scored, mask_seen=mask_seen)
    learners = np.flatnonzero([len(mine) > 0 for mine in targets])
    if not len(learners):
        raise DataError(
            "ranking: no learner has an accepted, scored row with a new item of the catalog; mend the split"
        )
    ranks: list[FloatArray] = []
    lists: list[IntArray] = []
    for some, scores in _score_in_chunks(recommender, visible, learners, mask_seen=mask_seen):
        ranks += [hits.mid_ranks(row, row[targets[j]]) for j, row in zip(some, scores, strict=True)]
        lists.append(top(scores, max(ks)))
    shown = np.concatenate(lists)
    per_learner = hits.table(ranks, ks)
    per_learner |= _novelty(shown, ks, train if train is not None else visible)
    metrics = {name: float(np.nanmean(column)) for name, column in per_learner.items() if not np.isnan(column).all()}
    return RankingResult(metrics | _spread(shown, ks, len(histories.catalog)), per_learner, learners, shown)


def difference(
    one: RankingResult, other: RankingResult, metric: str, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Mean per-learner difference `one - other` with its 95 % interval: paired bootstrap over learners.

    DataError if the two were not evaluated on the same learners.
    """
    if not np.array_equal(one.learners, other.learners):
        raise DataError(
            f"ranking: compared on different learners ({len(one.learners)} and {len(other.learners)}); "
            "evaluate both on the same split with the same mask_seen"
        )
    return intervals.mean(one.per_learner[metric] - other.per_learner[metric], resamples=resamples, seed=seed)


def top(scores: FloatArray, k: int) -> IntArray:
    """The k best columns of each row, best first, ties by column: `[learners, k]`, -1 where the rest is -inf."""
    learners, items = scores.shape
    k_here = min(k, items)
    bar = np.partition(scores, items - k_here, axis=1)[:, items - k_here, None]
    above, level = scores > bar, scores == bar
    room = k_here - above.sum(axis=1, keepdims=True)
    chosen = above | (level & (np.cumsum(level, axis=1) <= room))
    column = np.nonzero(chosen)[1].reshape(learners, k_here)
    value = np.take_along_axis(scores, column, axis=1)
    order = np.argsort(-value, axis=1, kind="stable")
    best = np.where(np.isneginf(value), NOBODY, column)
    padded = np.full((learners, k), NOBODY, dtype=np.int64)
    padded[:, :k_here] = np.take_along_axis(best, order, axis=1)
    return padded


def table(
    results: dict[str, RankingResult], metrics: tuple[str, ...] = ("ndcg@10", "recall@10")
) -> list[dict[str, Any]]:
    """Rows for tables and JSON: every recommender's metrics with intervals, and the number of learners."""
    rows: list[dict[str, Any]] = []
    for name, result in results.items():
        row: dict[str, Any] = {"recommender": name, "learners": len(result.learners)}
        for metric in metrics:
            value, low, high = result.interval(metric)
            row |= {metric: value, f"{metric} low": low, f"{metric} high": high}
        rows.append(row)
    return rows


def _from_first_scored(histories: Sequences, scored: BoolArray) -> BoolArray:
    """Rows from the learner's first scored one on: what a recommender must not see."""
    if len(scored) != len(histories):
        raise DataError(f"ranking: scored has {len(scored)} entries for {len(histories)} rows; pass one per row")
    so_far = np.concatenate([[0], np.cumsum(scored)])
    return so_far[1:] > np.repeat(so_far[histories.offsets[:-1]], histories.lengths)


def _targets(histories: Sequences, visible: Sequences, scored: BoolArray, *, mask_seen: bool) -> list[IntArray]:
    """The distinct items to be found, per learner, `[learners][R]`."""
    seen = _taken(visible) if mask_seen else [np.empty(0, dtype=np.int64)] * len(visible.learners)
    later = _taken(histories.where(scored))
    return [np.setdiff1d(mine, before) for mine, before in zip(later, seen, strict=True)]


def _taken(histories: Sequences) -> list[IntArray]:
    """The distinct known items that each learner accepted, `[learners][n]`."""
    took = histories.where(histories.accepted & (histories.item >= 0))
    return [np.unique(mine) for mine in np.split(took.item.astype(np.int64), took.offsets[1:-1])]


def _score_in_chunks(
    recommender: Recommender, visible: Sequences, learners: IntArray, *, mask_seen: bool
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Some learners and their scores `[some, I]`, so that memory stays bounded; seen items are -inf."""
    items = np.arange(len(visible.catalog))
    together = max(1, _SCORES_AT_ONCE // max(len(items), 1))
    for first in range(0, len(learners), together):
        some = learners[first : first + together]
        histories = visible.select(some)
        scores = np.array(recommender.score(histories, items), dtype=np.float64)
        name = type(recommender).__name__
        if scores.shape != (len(some), len(items)):
            raise DataError(f"ranking: {name}.score gave {scores.shape}, expected {(len(some), len(items))}")
        if np.isnan(scores).any():
            raise DataError(f"ranking: {name}.score gave NaN; -inf is how a recommender says 'never'")
        if mask_seen:
            took = histories.accepted & (histories.item >= 0)
            scores[histories.owner[took], histories.item[took]] = -np.inf
        yield some, scores


def _spread(shown: IntArray, ks: tuple[int, ...], items: int) -> dict[str, float]:
    counts = {k: exposure.exposure(shown[:, :k], items) for k in ks}
    return {f"coverage@{k}": exposure.coverage(n) for k, n in counts.items()} | {
        f"gini@{k}": exposure.gini(n) for k, n in counts.items()
    }


def _novelty(shown: IntArray, ks: tuple[int, ...], train: Sequences) -> dict[str, FloatArray]:
    items, learners = len(train.catalog), max(len(train.learners), 1)
    took = train.accepted & (train.item >= 0)
    pairs = np.unique(train.owner[took] * items + train.item[took])
    takers = np.bincount(pairs % items, minlength=items)
    return {f"miuf@{k}": exposure.miuf(shown[:, :k], takers, learners) for k in ks} | {
        f"popularity@{k}": exposure.popularity(shown[:, :k], takers) for k in ks
    }
