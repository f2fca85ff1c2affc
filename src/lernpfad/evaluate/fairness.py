"""Does everybody gain? The same figures by group, the worst group, and whom the tracer underrates."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from lernpfad.core import Array, FloatArray, IntArray, StrArray
from lernpfad.evaluate.disclosure import shown
from lernpfad.evaluate.intervals import ratio

THRESHOLD: Final = 0.5
"""Of predicted success, from which on an answer is expected to be right."""


def thirds(values: FloatArray, names: Sequence[str] = ("low", "middle", "high")) -> StrArray:
    """Which third each learner is in, `[L]`, ties by index; values: `[L]`, NaN belongs to none ("unknown")."""
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    label = np.full(len(values), "unknown", dtype=f"U{max(7, *(len(name) for name in names))}")
    label[order] = np.asarray(names)[(len(names) * np.arange(len(order))) // max(len(order), 1)]
    return label


def by_group(measures: Mapping[str, FloatArray], groups: Mapping[str, Array]) -> list[dict[str, Any]]:
    """Mean of each measure in each group that may be shown.

    measures: `[L]` each (debt closed, minutes, different items offered, ...), NaN left out. groups: labels by grouping.
    """
    rows = []
    for name, open_ in shown(groups).items():
        labels = np.asarray(groups[name]).astype(np.str_)
        for label in sorted(one for one, there in open_.items() if there):
            some = labels == label
            means = {what: _mean(values[some]) for what, values in measures.items()}
            rows.append({"grouping": name, "group": label, "people": int(some.sum()), **means})
    return rows


def worst(rows: Sequence[Mapping[str, Any]], measure: str) -> list[dict[str, Any]]:
    """By grouping: the group with the least of a measure, that least, and the ratio of the least to the most.

    rows: as of `by_group`. The ratio is NaN where the most is not above 0.
    """
    found = []
    for name in dict.fromkeys(row["grouping"] for row in rows):
        some = [row for row in rows if row["grouping"] == name and row[measure] == row[measure]]
        if some:
            least, most = (pick(some, key=lambda row: row[measure]) for pick in (min, max))
            share = ratio(least[measure], most[measure]) if most[measure] > 0 else float("nan")
            found.append({"grouping": name, "group": least["group"], "min": least[measure], "min/max": share})
    return found


def true_positive_gap(
    predicted: FloatArray, outcome: IntArray, owner: IntArray, labels: Array, *, threshold: float = THRESHOLD
) -> tuple[float, dict[str, float]]:
    """How much more often right answers are foreseen in one group than in another, and how often in each.

    Of the answers that came out right, the share that was predicted with at least `threshold`; the gap is the largest
    less the smallest (equal opportunity, Hardt, Price & Srebro 2016). predicted, outcome, owner: scored answers `[N]`,
    owner the learner's index. labels: of learners, `[L]`. Groups that may not be shown are left out; so are those
    without a right answer.
    """
    marks = np.asarray(labels).astype(np.str_)
    rates = {}
    for label, there in shown({"group": marks})["group"].items():
        right = (marks[owner] == label) & (outcome == 1)
        if there and right.any():
            rates[label] = float((predicted[right] >= threshold).mean())
    return (max(rates.values()) - min(rates.values()) if rates else float("nan")), rates


def _mean(values: FloatArray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
