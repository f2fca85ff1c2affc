"""Where a tracer is good and where not: cold start, subgroups, and success by opportunity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lernpfad.core import Array, BoolArray, FloatArray, IntArray, Sequences
from lernpfad.evaluate.metrics import tracing_metrics

COLD_START: Final = ((1, 1), (2, 5), (6, 10), (11, 20))
"""Ranges of a learner's answers, both ends included, in which she is still new."""


def answer_number(histories: Sequences) -> IntArray:
    """The how-manieth assessed answer of its learner each row is, from 1, `[N]`; 0 before the first one."""
    so_far = np.concatenate([[0], np.cumsum(histories.assessed)])
    number: IntArray = so_far[1:] - np.repeat(so_far[histories.offsets[:-1]], histories.lengths)
    return number


def cold_start(predicted: FloatArray, outcome: IntArray, number: IntArray) -> list[dict[str, Any]]:
    """Metrics of a learner's first answers, with n: one row per range, all answers, and all but the first.

    predicted, outcome: scored answers `[N]`. number: which answer of its learner each is, from 1, `[N]`.
    """
    ranges = {
        f"{low}-{high}" if high > low else f"{low}": (number >= low) & (number <= high) for low, high in COLD_START
    }
    ranges |= {"all but the first": number > 1, "all": np.ones(len(number), dtype=bool)}
    return [_row("answers", name, mask, predicted, outcome) for name, mask in ranges.items()]


def by_group(predicted: FloatArray, outcome: IntArray, group: Array, *, fewest: int = 1) -> list[dict[str, Any]]:
    """Metrics by subgroup, with n, in the order of the labels; groups of fewer than `fewest` answers are left out.

    group: a label per scored answer, `[N]` (role of the learner, "new item" / "known item", ...).
    """
    labels, n = np.unique(group, return_counts=True)
    return [_row("group", str(label), group == label, predicted, outcome) for label in labels[n >= fewest]]


def _row(key: str, name: str, mask: BoolArray, predicted: FloatArray, outcome: IntArray) -> dict[str, Any]:
    metrics: Mapping[str, float] = tracing_metrics(predicted[mask], outcome[mask])
    return {key: name, "n": int(mask.sum()), **metrics}


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """Success by opportunity: the n-th practice of a skill by the same learner, from 1.

    opportunity, n (answers), observed (share correct), predicted (mean prediction): all `[points]`.
    """

    opportunity: IntArray
    n: FloatArray
    observed: FloatArray
    predicted: FloatArray


def learning_curve(
    histories: Sequences, predicted: FloatArray, scored: BoolArray, *, last: int = 20, fewest: int = 30
) -> LearningCurve:
    """The learning curve of scored rows; predicted, scored: `[N]`, predictions of other rows are not looked at.

    One answer counts once: an item with m skills gives 1/m to the opportunity count of each. Points beyond `last`
    opportunities or with less than `fewest` answers are left out.
    """
    row, skill = _answer_skills(histories)
    opportunity = _opportunities(histories.owner[row], skill)
    share = 1.0 / np.bincount(row, minlength=len(histories))[row]
    kept = scored[row] & (opportunity <= last)
    row, opportunity, share = row[kept], opportunity[kept], share[kept]

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(opportunity, weights=values * share, minlength=last + 1)[1:].astype(np.float64)

    n = total(np.ones(len(row)))
    some = n >= max(fewest, 1e-9)
    observed, expected = total(histories.outcome[row].astype(np.float64)), total(predicted[row])
    return LearningCurve(np.arange(1, last + 1)[some], n[some], observed[some] / n[some], expected[some] / n[some])


def _answer_skills(histories: Sequences) -> tuple[IntArray, IntArray]:
    """Every (assessed row, skill of its item) pair; both `[P]`, in row order."""
    skills = histories.catalog.skills_of(histories.item)
    row, place = np.nonzero((skills >= 0) & histories.assessed[:, None])
    return row, skills[row, place]


def _opportunities(owner: IntArray, skill: IntArray) -> IntArray:
    """How often the learner had met the skill, this time included, `[P]`."""
    order = np.lexsort((np.arange(len(owner)), skill, owner))
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (np.diff(owner[order]) != 0) | (np.diff(skill[order]) != 0)
    rows = np.arange(len(owner))
    count = np.empty(len(owner), dtype=np.int64)
    count[order] = rows - np.maximum.accumulate(np.where(new, rows, 0)) + 1
    return count
