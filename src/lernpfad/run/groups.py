"""Metrics by subgroup and calibration of a tracer on its test learners: the bias audit. No small group is shown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import Array, IntArray, StrArray
from lernpfad.evaluate.metrics import reliability, tracing_metrics
from lernpfad.run.again import TrainedOn
from lernpfad.run.predictions import Predictions

FEWEST: Final = 5
"""Learners of the smallest group that is shown (works councils; a floor, not a safe harbour)."""

OTHERS: Final = "others"
FIRST: Final = 5
"""Answers by which a learner's starting level is told; they are not scored in that table."""

_SHOWN: Final = ("auc", "accuracy", "log_loss", "ece")
_LENGTHS: Final = ((0, 0), (1, 4), (5, 19), (20, 99))
_THRESHOLD: Final = 0.5


def tables(found: Predictions, tested: TrainedOn | None) -> dict[str, list[dict[str, Any]]]:
    """By dimension (history length, starting level, and roles where the data has them) a row for each group.

    Each row: group, learners, answers, AUC and the others, and true_positive_rate, the share of correct answers
    that were predicted as such at .5.
    """
    labels: dict[str, tuple[Array, Array]] = {
        "history length": (_by_length(found.before), np.ones(len(found.before), dtype=bool)),
        "starting level": _by_start(found),
    }
    if tested is not None:
        labels |= {name: (column, np.ones(len(column), dtype=bool)) for name, column in _columns(found, tested).items()}
    rows = {name: _rows(found, *of) for name, of in labels.items()}
    return {name: some for name, some in rows.items() if len(some) > 1}


def calibration(found: Predictions) -> list[dict[str, Any]]:
    """The reliability table, a row for each bin of the prediction that holds answers of `FEWEST` learners."""
    table = reliability(found.predicted, found.outcome)
    place = np.clip(np.searchsorted(table.edges, found.predicted, side="right") - 1, 0, len(table.n) - 1)
    learners = [len(np.unique(found.owner[place == one])) for one in range(len(table.n))]
    return [
        {
            "predicted from": float(table.edges[one]),
            "to": float(table.edges[one + 1]),
            "answers": int(table.n[one]),
            "predicted": float(table.predicted[one]),
            "correct": float(table.observed[one]),
        }
        for one in range(len(table.n))
        if learners[one] >= FEWEST
    ]


def spread(rows: list[dict[str, Any]], metric: str) -> dict[str, float] | None:
    """Least, most, and their ratio, of a metric over the groups of one table; None with fewer than two groups."""
    values = [row[metric] for row in rows if row[metric] == row[metric]]
    if len(values) < 2:
        return None
    least, most = min(values), max(values)
    return {"least": least, "most": most, "ratio": least / most if most else float("nan")}


def read(run_folder: Path) -> Predictions | None:
    """What the tracer of a run said of its test answers; None if the run kept nothing."""
    place = run_folder / "predictions" / "test"
    return Predictions.read(place) if place.is_dir() else None


def merged(group: StrArray, owner: IntArray) -> StrArray:
    """Labels `[N]` with every group of fewer than `FEWEST` learners put into `OTHERS`.

    If those are too few as well, the smallest of the other groups joins them: a group that is hidden alone could be
    told from the total. owner: learner of each answer, `[N]`.
    """
    size = _sizes(group, owner)
    small = {name for name, learners in size.items() if learners < FEWEST}
    left = [name for name in sorted(size, key=lambda one: (size[one], one)) if name not in small]
    while small and left and len(np.unique(owner[np.isin(group, list(small))])) < FEWEST:
        small.add(left.pop(0))
    return np.where(np.isin(group, list(small)), OTHERS, group) if small else group


def _sizes(group: StrArray, owner: IntArray) -> dict[str, int]:
    return {str(one): len(np.unique(owner[group == one])) for one in sorted(np.unique(group), key=_order)}


def _order(name: str) -> tuple[bool, int, str]:
    """Ranges by where they begin, texts by the alphabet, the others last."""
    begins = str(name).split(" ")[0]
    return name == OTHERS, int(begins) if begins.isdigit() else 0, str(name)


def _rows(found: Predictions, group: Array, scored: Array) -> list[dict[str, Any]]:
    named = merged(np.asarray(group, dtype=np.str_)[scored], found.owner[scored])
    answers = found.predicted[scored], found.outcome[scored], found.owner[scored]
    sizes = _sizes(named, answers[2])
    return [_row(name, *(column[named == name] for column in answers)) for name in sizes if sizes[name] >= FEWEST]


def _row(name: str, predicted: Array, outcome: Array, owner: Array) -> dict[str, Any]:
    metrics = tracing_metrics(predicted, outcome)
    right = outcome == 1
    rate = float((predicted[right] >= _THRESHOLD).mean()) if right.any() else float("nan")
    shown = {metric: metrics[metric] for metric in _SHOWN}
    return {"group": name, "learners": len(np.unique(owner)), "answers": len(outcome), **shown} | {
        "true_positive_rate": rate
    }


def _by_length(before: IntArray) -> StrArray:
    """How many rows the tracer had to go by, as a range."""
    labels = np.full(len(before), f"{_LENGTHS[-1][1] + 1} and more", dtype="<U32")
    for low, high in _LENGTHS:
        labels[(before >= low) & (before <= high)] = f"{low} to {high}" if high > low else f"{low}"
    return labels


def _by_start(found: Predictions) -> tuple[StrArray, Array]:
    """A learner's share of correct among her first `FIRST` answers, in three levels; and which answers come after."""
    first = found.number <= FIRST
    learners = int(found.owner.max(initial=-1)) + 1
    seen = np.bincount(found.owner[first], minlength=learners)
    right = np.bincount(found.owner[first], weights=found.outcome[first], minlength=learners)
    share = right / np.maximum(seen, 1)
    level = np.select([share < 0.4, share < 0.8], ["low", "middle"], "high")
    return level[found.owner], ~first & (seen >= FIRST)[found.owner]


def _columns(found: Predictions, tested: TrainedOn) -> Mapping[str, StrArray]:
    """Labels of each answer by what the data set says of its learners: roles by name, other texts as they are."""
    dataset, place = tested.dataset, _place(found, tested)
    roles = [] if dataset.roles is None else [str(one) for one in dataset.roles.names]
    labels: dict[str, StrArray] = {}
    for name, column in dataset.learner.items():
        if name in ("role", "target_role") and roles:
            named = np.asarray([*roles, "none"])
            labels[name.replace("_", " ")] = named[np.where(column >= 0, column, len(roles))][place]
        elif column.dtype.kind == "U":
            labels[name] = column[place]
    return labels


def _place(found: Predictions, tested: TrainedOn) -> IntArray:
    """The learner of each answer as an index into the data set; windows name it already."""
    test = tested.split.test
    if "learner" in test.extra:
        return found.owner
    index = {learner: j for j, learner in enumerate(tested.dataset.sequences.learners.tolist())}
    return np.asarray([index[learner] for learner in test.learners.tolist()], dtype=np.int64)[found.owner]
