"""Tables of a benchmark of recommenders: one lane's models side by side, with the published figures beside ours."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from lernpfad.evaluate import cells, tables
from lernpfad.evaluate.cells import Line, Row
from lernpfad.evaluate.ranking_slices import HISTORY, POPULARITY
from lernpfad.evaluate.results import label
from lernpfad.evaluate.standings import FIT

HEADLINE: Final = "ndcg@10"
"""The metric that models are judged by where a lane names no other."""

SURE: Final = 0.05
"""Adjusted p value below which a lead is marked."""

_SHOWN: Final = (HEADLINE, "hr@10", "mrr@10")
_COVERAGE, _CONCENTRATION, _NOVELTY, _LIFT = "coverage@10", "gini@10", "miuf@10", "popularity_lift@10"


def shown(asked: Sequence[str]) -> tuple[str, ...]:
    """The metrics of a lane's table, the one that it is judged by first."""
    return tuple(asked) or _SHOWN


def written(metric: str) -> str:
    """A metric as the heads of columns have it: NDCG@10, recall@20."""
    name, _, k = metric.partition("@")
    return f"{_NAMES.get(name, name.replace('_', ' '))}@{k}"


_NAMES: Final = {
    "ndcg": "NDCG",
    "hr": "HR",
    "mrr": "MRR",
    "map": "MAP",
    "gini": "Gini",
    "truncated_recall": "TruncRecall",
}


def accuracy_rows(
    lines: Sequence[Line],
    published: Mapping[str, Any],
    comparisons: Sequence[Line],
    *,
    runs: int,
    metrics: Sequence[str] = (),
) -> list[Row]:
    """Metrics over the runs of each model, the paired lead, published figures, gates and whether they are reached.

    comparisons: the lane's, one for each run that was compared; the first one's leads are shown, with an asterisk where
    p, adjusted for the number of models, is below `SURE`. runs: how many the lane has; a gate is for the mean of all.
    """
    first = comparisons[0] if comparisons else {"leads": {}, "p": {}}
    told = shown(metrics)
    return [
        _accuracy(name, some, told, lead=_lead(first["leads"].get(name), first["p"].get(name)))
        | _judged(some, published.get(name) or {}, told, runs=runs)
        for name, some in cells.by_model(lines, told[0]).items()
    ]


def slice_rows(lines: Sequence[Line], metric: str) -> list[Row]:
    """One metric by the length of a learner's history and by how popular the targets are, mean over the runs.

    The columns tell n of the first model's first run; only slices that have learners are columns.
    """
    models = cells.by_model(lines, metric)
    first = next(iter(models.values()))[0]["slices"] if models else {}
    there = [(side, one) for side, names in _SLICES for one in names if one in first.get(side, {})]
    return [
        {"model": label(name)} | {_column(side, one, first): _sliced(some, side, one, metric) for side, one in there}
        for name, some in models.items()
    ]


_SLICES: Final = (("history", HISTORY), ("popularity", (*POPULARITY[1:], POPULARITY[0])))


def cost_rows(lines: Sequence[Line], metric: str) -> list[Row]:
    """What each model costs; seconds are means of the runs that were fitted in one go."""
    rows = []
    for name, some in cells.by_model(lines, metric).items():
        first, whole = some[0], [line for line in some if FIT in line["cost"]]
        speed = max(line["cost"]["learners_per_s"] for line in some)
        rows.append(
            {
                "model": label(name),
                "numbers learned": f"{first['cost']['parameters']:,.0f}",
                "epochs": tables.number(cells.mean(some, lambda line: line["epochs"]), 0) if first["epochs"] else "",
                "fit, processor s": tables.number(cells.mean(whole, lambda line: line["cost"][FIT]), 1),
                "one learner, ms": tables.number(min(line["cost"]["score_ms"] for line in some), 2),
                "learners/s": f"{cells.two_digits(speed):,}",
            }
        )
    return rows


def _accuracy(name: str, some: Sequence[Line], told: Sequence[str], *, lead: str) -> Row:
    head, *others = told
    ends = [line["intervals"][head] for line in some]
    low, high = (cells.mean(ends, itemgetter(end)) for end in (0, 1))
    return {
        "model": label(name),
        "runs": len(some),
        written(head): cells.spread(some, head),
        "95 % by learner": f"{cells.points(low)} to {cells.points(high)}",
        "lead [95 %]": lead,
        **{written(metric): cells.spread(some, metric) for metric in others},
        written(_COVERAGE): cells.points(cells.mean(some, lambda line: line["test"][_COVERAGE]), 3),
        written(_CONCENTRATION): cells.points(cells.mean(some, lambda line: line["test"][_CONCENTRATION]), 3),
        "popularity lift": tables.number(cells.mean(some, lambda line: line["test"].get(_LIFT)), 2),
        "novelty, bits": tables.number(cells.mean(some, lambda line: line["test"].get(_NOVELTY)), 2),
    }


def _judged(some: Sequence[Line], published: Mapping[str, Any], told: Sequence[str], *, runs: int) -> Row:
    head, *others = told
    value = cells.mean(some, lambda line: line["test"][head])
    return {
        "published": _published(published, head, others),
        "gate": cells.gate(published, head),
        "reached": cells.reached(value, published, head) + cells.of_all(len(some), runs, published),
    }


def _published(one: Mapping[str, Any], head: str, others: Sequence[str]) -> str:
    """The figure of the lane's metric and its source, then others of the table that the source gives."""
    more = [f"{written(metric)} {cells.points(one[metric])}" for metric in others if metric in one]
    return "; ".join([cells.published(one, head), *more]) if head in one else ""


def _lead(found: Sequence[float] | None, p: float | None) -> str:
    if not found:
        return ""
    return cells.lead(found) + (" *" if p is not None and p < SURE else "")


def _column(side: str, name: str, first: Mapping[str, Any]) -> str:
    what = f"history {name}" if side == "history" else name
    return f"{what} ({first[side][name]['n']:,})"


def _sliced(some: Sequence[Line], side: str, name: str, metric: str) -> str:
    there = [line["slices"][side][name] for line in some if name in line["slices"][side]]
    return cells.points(cells.mean(there, lambda part: part.get(metric)))
