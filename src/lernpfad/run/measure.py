"""Fitted models on held-out histories: numbers with intervals, as rows for tables, JSON and MLflow."""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from lernpfad.core import BoolArray, Sequences, trace
from lernpfad.evaluate import ranking as ranks
from lernpfad.evaluate import tables
from lernpfad.evaluate.intervals import tracing_intervals
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.evaluate.ranking import RankingResult, Targets
from lernpfad.evaluate.results import TracerScores

HEADLINES: Final = ("ndcg@10", "recall@10", "hr@10", "mrr@10", "coverage@10")
"""The ranking metrics that are printed; all of them are recorded."""

Rows = list[dict[str, Any]]
"""One row a metric: "metric", "value", and where there is an interval "low" and "high" (95 %, by learner)."""


def tracing(tracer: Any, histories: Sequences, scored: BoolArray) -> TracerScores:
    """What a tracer predicts for the scored answers from the rows before them."""
    return TracerScores.of(histories, trace(tracer, histories), scored)


def tracing_rows(found: TracerScores, *, resamples: int, seed: int) -> Rows:
    """The tracing metrics, all with intervals; without any if `resamples` is 0."""
    answers = (found.predicted, found.outcome)
    sure = tracing_intervals(*answers, found.owner, resamples=resamples, seed=seed) if resamples else {}
    return [
        {"metric": name, "value": value} | (dict(zip(("low", "high"), sure[name], strict=True)) if sure else {})
        for name, value in tracing_metrics(*answers).items()
    ]


def protocol(config: Any) -> dict[str, Any]:
    """What a command's config says of how recommenders are judged, as arguments of `ranking`."""
    return {
        "history": config.ranking_history,
        "targets": config.ranking_targets,
        "mask_seen": config.ranking_mask_seen,
        "ks": [int(k) for k in config.ranking_ks],
    }


def ranking(
    recommender: Any,
    histories: Sequences,
    scored: BoolArray,
    *,
    history: float,
    ks: Iterable[int] = (5, 10, 20),
    train: Sequences | None = None,
    targets: Targets = "all",
    mask_seen: bool = True,
) -> RankingResult:
    """The full catalog ranked for each learner with something held out; history: see `held_out`, others: `evaluate`."""
    rows, cut_offs = held_out(histories, scored, history=history), tuple(sorted(set(ks)))
    return ranks.evaluate(recommender, histories, rows, ks=cut_offs, train=train, targets=targets, mask_seen=mask_seen)


def ranking_rows(found: RankingResult, *, resamples: int, seed: int) -> Rows:
    """The ranking metrics; those per learner among `HEADLINES` with intervals."""
    rows: Rows = []
    for name, value in found.metrics.items():
        row: dict[str, Any] = {"metric": name, "value": value}
        if name in HEADLINES and name in found.per_learner and resamples:
            _, row["low"], row["high"] = found.interval(name, resamples=resamples, seed=seed)
        rows.append(row)
    return rows


def held_out(histories: Sequences, scored: BoolArray, *, history: float) -> BoolArray:
    """The rows to rank for: the scored ones, less the first `history` of a learner who has nothing else to show.

    A split by learner scores whole histories, of which a recommender would have seen nothing.
    """
    length = histories.lengths[histories.owner]
    first = np.zeros(len(histories.learners), dtype=bool)
    some = histories.lengths > 0
    first[some] = scored[histories.offsets[:-1][some]]
    later: BoolArray = scored & (~first[histories.owner] | (histories.position >= np.floor(history * length)))
    return later


def flat(rows: Rows, prefix: str) -> dict[str, float]:
    """Rows as metrics by name: `{"test/auc": .71, "test/auc_low": ...}`; undefined numbers are left out."""
    numbers = {
        f"{prefix}/{row['metric'].replace('@', '_at_')}{end}": row[key]
        for row in rows
        for key, end in (("value", ""), ("low", "_low"), ("high", "_high"))
        if key in row
    }
    return {name: float(value) for name, value in numbers.items() if np.isfinite(value)}


def text(rows: Rows) -> str:
    """The rows as aligned text; of ranking metrics the headlines only."""
    shown = [
        {
            "metric": row["metric"],
            "value": tables.number(row["value"], 4),
            "95 %": tables.interval(row["low"], row["high"], 4) if "low" in row else "",
        }
        for row in rows
        if "@" not in row["metric"] or row["metric"] in HEADLINES
    ]
    return tables.text(shown)
