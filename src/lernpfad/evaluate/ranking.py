"""What will a learner take up? Ranking against the full catalog, one row per learner."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lernpfad.core import ConfigError, DataError, FloatArray, IntArray, Recommender, Sequences, unknown_name
from lernpfad.core.arrays import BoolArray
from lernpfad.core.events import taken_pairs
from lernpfad.evaluate import diversity, exposure, hits, intervals
from lernpfad.evaluate.asked import Asked, Question, Targets, question, took
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.topk import top

__all__ = ["RESAMPLES", "TIES", "RankingResult", "Targets", "difference", "evaluate", "leads", "table", "top"]

RESAMPLES: Final = 2000
TIES: Final = "equal scores take the middle of their ranks, and are listed in the order of the catalog"
"""The tie rule of every ranking."""

_SCORES_AT_ONCE: Final = 2_000_000


@dataclass(frozen=True, eq=False)
class RankingResult:
    """How a recommender ranked what the learners took up later.

    metrics: `{"ndcg@10": ..., "coverage@10": ...}`, means over the learners with something held out.
    per_learner: the values behind the means, each `[evaluated]`; NaN where one is undefined, and left out of the mean.
    learners: their indices, `[evaluated]`. lists: what would have been shown, best first, `[evaluated, max k]`, -1
    where less was on offer. asked: what each of them was asked for, and where it stood.
    """

    metrics: dict[str, float]
    per_learner: dict[str, FloatArray]
    learners: IntArray
    lists: IntArray
    asked: Asked

    def interval(self, metric: str, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
        """The mean of one metric with its 95 % interval, by bootstrap over learners."""
        values = _column(self, metric)
        return intervals.mean(values[~np.isnan(values)], resamples=resamples, seed=seed)


def evaluate(
    recommender: Recommender,
    histories: Sequences,
    scored: BoolArray,
    *,
    ks: tuple[int, ...] = (5, 10, 20),
    mask_seen: bool = True,
    targets: Targets = "all",
    train: Sequences | None = None,
) -> RankingResult:
    """Rank the whole catalog for each learner and see where the items she took up later stand.

    scored: `[N]`, rows held out; of these the accepted ones are targets, all of them or as `targets` says. What the
    recommender sees of a learner is what precedes her first scored row (the target itself, if that is her last one).
    mask_seen: items she had taken are not ranked, and are no targets. train: where popularity is counted; the visible
    histories if None. Equal scores take the middle of their ranks, and are listed in the order of the catalog.
    DataError if the recommender answers in the wrong shape or with NaN, or if nothing is held out.
    """
    asks = question(histories, scored, targets=targets, mask_seen=mask_seen)
    learners, count = np.unique(asks.owner, return_counts=True)
    if not len(learners):
        raise DataError(
            "ranking: no learner has an accepted, scored row with a new item of the catalog; mend the split"
        )
    offsets = np.concatenate([[0], np.cumsum(count)])
    ranks: list[FloatArray] = []
    lists: list[IntArray] = []
    for first, scores in _score_in_chunks(recommender, asks.visible, learners, mask_seen=mask_seen):
        lists.append(top(scores, max(ks)))
        mine = slice(offsets[first], offsets[first + len(scores)])
        row = np.repeat(np.arange(len(scores)), count[first : first + len(scores)])
        ranks.append(hits.ranks_in(scores, lists[-1], row, asks.item[mine]))
    shown, rank = np.concatenate(lists), np.concatenate(ranks)
    takers, people = _takers(asks.visible if train is None else train)
    per_learner = hits.table(rank, offsets, ks) | _of_lists(shown, ks, asks, learners, takers, people)
    asked = Asked(
        names=histories.learners[learners],
        history=asks.visible.lengths[learners],
        offsets=offsets,
        item=asks.item,
        rank=rank,
        takers=takers[asks.item],
        fifth=exposure.fifths(takers)[asks.item],
    )
    metrics = {name: float(np.nanmean(column)) for name, column in per_learner.items() if not np.isnan(column).all()}
    return RankingResult(metrics | _spread(shown, ks, len(takers)), per_learner, learners, shown, asked)


def difference(
    one: RankingResult, other: RankingResult, metric: str, *, resamples: int = RESAMPLES, seed: int = 0
) -> Estimate:
    """Mean per-learner difference `one - other` with its 95 % interval: paired bootstrap over learners.

    DataError if the two were not evaluated on the same learners.
    """
    return intervals.mean(_apart(one, other, metric), resamples=resamples, seed=seed)


def leads(
    results: Mapping[str, RankingResult],
    reference: str,
    *,
    metric: str = "ndcg@10",
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[dict[str, Any]]:
    """Every recommender against the reference: paired difference, its 95 % interval, and p by Holm over all of them.

    All are drawn alike. Rows: recommender, difference, low, high, p, holm. ConfigError if there is no such reference.
    """
    if reference not in results:
        raise ConfigError(f"{unknown_name('recommender', reference, results)}; it is what the others are compared with")
    others = [name for name in results if name != reference]
    if not others:
        return []
    apart = np.stack([_apart(results[name], results[reference], metric) for name in others], axis=1)
    drawn = intervals.resampled_sums(apart, resamples=resamples, seed=seed) / max(len(apart), 1)
    p = np.asarray([intervals.p_value(column) for column in drawn.T])
    rows: list[dict[str, Any]] = []
    for place, (name, adjusted) in enumerate(zip(others, intervals.holm(p), strict=True)):
        low, high = intervals.percentiles(drawn[:, place])
        lead = {"recommender": name, "difference": float(apart[:, place].mean()), "low": low, "high": high}
        rows.append(lead | {"p": float(p[place]), "holm": float(adjusted)})
    return rows


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


def _column(result: RankingResult, metric: str) -> FloatArray:
    if metric not in result.per_learner:
        raise ConfigError(unknown_name("ranking metric per learner", metric, result.per_learner))
    return result.per_learner[metric]


def _apart(one: RankingResult, other: RankingResult, metric: str) -> FloatArray:
    """Per-learner difference of a metric, without the learners for whom it is undefined in either."""
    if not np.array_equal(one.learners, other.learners) or not np.array_equal(one.asked.names, other.asked.names):
        raise DataError(
            f"ranking: compared on different learners ({len(one.learners)} and {len(other.learners)}); "
            "evaluate both on the same split with the same mask_seen and targets"
        )
    apart = _column(one, metric) - _column(other, metric)
    return apart[~np.isnan(apart)]


def _score_in_chunks(
    recommender: Recommender, visible: Sequences, learners: IntArray, *, mask_seen: bool
) -> Iterator[tuple[int, FloatArray]]:
    """The place of the first of some learners and their scores `[some, I]`, so that memory stays bounded."""
    items = np.arange(len(visible.catalog))
    together = max(1, _SCORES_AT_ONCE // max(len(items), 1))
    for first in range(0, len(learners), together):
        histories = visible.select(learners[first : first + together])
        scores = np.asarray(recommender.score(histories, items))
        if scores.dtype not in (np.float32, np.float64):
            scores = scores.astype(np.float64)
        _check(type(recommender).__name__, scores, (len(histories.learners), len(items)))
        if mask_seen:
            seen = took(histories)
            scores = scores.copy()  # it may be the recommender's own
            scores[histories.owner[seen], histories.item[seen]] = -np.inf
        yield first, scores


def _check(name: str, scores: FloatArray, shape: tuple[int, int]) -> None:
    if scores.shape != shape:
        raise DataError(f"ranking: {name}.score gave {scores.shape}, expected {shape}")
    if np.isnan(scores.max(initial=-np.inf)):
        raise DataError(f"ranking: {name}.score gave NaN; -inf is how a recommender says 'never'")


def _spread(shown: IntArray, ks: tuple[int, ...], items: int) -> dict[str, float]:
    counts = {k: exposure.exposure(shown[:, :k], items) for k in ks}
    return {f"coverage@{k}": exposure.coverage(n) for k, n in counts.items()} | {
        f"gini@{k}": exposure.gini(n) for k, n in counts.items()
    }


def _takers(train: Sequences) -> tuple[IntArray, int]:
    """How many learners took each item, `[I]`, and how many learners there are."""
    return np.bincount(taken_pairs(train, len(train.catalog))[1], minlength=len(train.catalog)), max(
        len(train.learners), 1
    )


def _of_lists(
    shown: IntArray, ks: tuple[int, ...], asks: Question, learners: IntArray, takers: IntArray, people: int
) -> dict[str, FloatArray]:
    """What the lists show apart from being right, per learner; her past is what the recommender saw of her."""
    past = asks.visible.select(learners)
    owner, item = taken_pairs(past, len(past.catalog))
    known = np.bincount(owner, minlength=len(learners))
    profile = np.bincount(owner, weights=takers[item], minlength=len(learners)) / np.maximum(known, 1)
    columns: dict[str, FloatArray] = {}
    for k in ks:
        columns[f"miuf@{k}"] = exposure.miuf(shown[:, :k], takers, people)
        columns[f"surprisal@{k}"] = exposure.surprisal(shown[:, :k], takers, people)
        columns[f"popularity@{k}"] = exposure.popularity(shown[:, :k], takers)
        columns[f"popularity_lift@{k}"] = exposure.lift(shown[:, :k], takers, profile)
    columns |= {f"diversity@{k}": v for k, v in diversity.intra_list(shown, past.catalog, ks).items()}
    calibrated = diversity.category_calibration(shown, (owner, item), past.catalog, ks)
    return columns | {f"category_calibration@{k}": v for k, v in calibrated.items()}
