"""How a log looks from outside, and the intervals in which the public logs of learners lie.

An interval is the range of the five logs of `publiclogs`, widened by a quarter on each side and rounded; two lower ends
are drawn in: success rises over opportunities, and some learners answer more than others. All logs are of pupils,
students or hobby learners; no corporate log is public. So realism is gated here, not proved.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from lernpfad.core import Array, FloatArray, IntArray, Sequences

GATES: Final[Mapping[str, tuple[float, float]]] = {
    "correct": (0.63, 0.79),
    "correct at first opportunity": (0.26, 0.82),
    "upper minus lower half of learners at first opportunity": (0.14, 0.43),
    "answers per learner, q90 / q50": (1.3, 7.8),
    "Gini of items": (0.16, 0.66),
    "Gini of skills": (0.24, 0.93),
    "lag-1 autocorrelation of residuals": (0.04, 0.31),
    "lag-1 autocorrelation within learners": (0.03, 0.25),
    "opportunities per learner and skill, mean": (2.6, 20.0),
    "learner-skill pairs with at least 7 opportunities": (0.14, 0.73),
    "logit slope over opportunities 1-8": (0.01, 0.32),
    "sd of item means": (0.06, 0.29),
    "sd of learner means": (0.07, 0.23),
}
"""Statistic to its (lowest, highest) plausible value."""

LADDER: Final[Mapping[str, tuple[float, float]]] = {
    "true probability on the day": (0.74, 0.86),
    "item mean": (0.60, 0.70),
}
"""AUC of a predictor of the answers to its plausible values: a log on which a tracer reaches .95 is a toy."""

HEADROOM: Final = (0.02, 0.06)
"""Plausible lead in AUC of who knows the truth over the best tracer."""

_MANY: Final = 20
_CURVE: Final = 8


def of_log(log: Sequences, *, sets: bool = False) -> dict[str, float]:
    """The statistics of a log's assessed rows; an item counts for its main skill, the first one.

    sets: it counts for its set of skills instead, as in the statistics of `publiclogs`.
    """
    rows = log.assessed
    item = log.item[rows]
    table = log.catalog.item_skills
    skill = np.unique(np.sort(table, axis=1), axis=0, return_inverse=True)[1].ravel() if sets else table[:, 0]
    return statistics(log.owner[rows], item, skill=skill[item], correct=log.outcome[rows])


def inside(found: Mapping[str, float]) -> dict[str, bool]:
    """Which gates a log's statistics pass; one that could not be computed fails."""
    return {name: bool(low <= found[name] <= high) for name, (low, high) in GATES.items()}


def statistics(learner: IntArray, item: IntArray, *, skill: IntArray, correct: IntArray) -> dict[str, float]:
    """The statistics of answers in the order in which each learner gave them, each argument `[N]`.

    Those of `GATES`, and the parts that they were made from. An opportunity is the count of a learner's earlier
    answers on the same skill; a residual is the answer minus the mean of its item; means are over at least 20 answers.
    """
    order = np.argsort(learner, kind="stable")
    learner, item, skill = (np.unique(ids[order], return_inverse=True)[1] for ids in (learner, item, skill))
    answer = correct[order].astype(np.float64)
    pair = learner.astype(np.int64) * (int(skill.max()) + 1) + skill
    chance = _rank_within(pair)
    return (
        {"answers": float(len(answer)), "correct": float(answer.mean())}
        | _at_first(learner, answer, first=chance == 0)
        | _lengths(learner)
        | {"Gini of items": gini(np.bincount(item)), "Gini of skills": gini(np.bincount(skill))}
        | _autocorrelation(learner, item, answer)
        | _opportunities(pair, chance, answer)
        | {"sd of item means": _spread(item, answer), "sd of learner means": _spread(learner, answer)}
    )


def gini(counts: IntArray) -> float:
    """Gini coefficient of counts: 0 if all are alike, towards 1 if one has everything."""
    ranked = np.sort(counts).astype(np.float64)
    place = np.arange(1, len(ranked) + 1)
    return float((2 * place - len(ranked) - 1) @ ranked / (len(ranked) * ranked.sum()))


def _rank_within(group: IntArray) -> IntArray:
    """How often the same group occurred before, `[N]`."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered, side="left")
    return rank


def _at_first(learner: IntArray, answer: FloatArray, *, first: Array) -> dict[str, float]:
    """Halves of the learners with at least five skills, by their accuracy at first opportunities."""
    count = np.bincount(learner[first])
    right = np.bincount(learner[first], weights=answer[first])
    enough = count >= 5
    mean = np.sort(right[enough] / count[enough])
    middle = len(mean) // 2
    lower, upper = (float(half.mean()) if len(half) else float("nan") for half in (mean[:middle], mean[middle:]))
    return {
        "correct at first opportunity": float(answer[first].mean()),
        "lower half of learners at first opportunity": lower,
        "upper half of learners at first opportunity": upper,
        "upper minus lower half of learners at first opportunity": upper - lower,
    }


def _lengths(learner: IntArray) -> dict[str, float]:
    half, most, longest = (float(q) for q in np.quantile(np.bincount(learner), [0.5, 0.9, 0.99]))
    return {
        "answers per learner, q50": half,
        "answers per learner, q90": most,
        "answers per learner, q99": longest,
        "answers per learner, q90 / q50": most / half,
    }


def _autocorrelation(learner: IntArray, item: IntArray, answer: FloatArray) -> dict[str, float]:
    residual = answer - _means(item, answer)[item]
    within = residual - _means(learner, residual)[learner]
    follows = learner[1:] == learner[:-1]

    def lagged(values: FloatArray) -> float:
        now, before = values[1:][follows], values[:-1][follows]
        moves = len(now) > 1 and now.std() > 0 and before.std() > 0
        return float(np.corrcoef(now, before)[0, 1]) if moves else float("nan")

    return {
        "lag-1 autocorrelation of residuals": lagged(residual),
        "lag-1 autocorrelation within learners": lagged(within),
    }


def _opportunities(pair: IntArray, chance: IntArray, answer: FloatArray) -> dict[str, float]:
    count = np.unique(pair, return_counts=True)[1]
    times = np.zeros(len(pair), dtype=np.int64)
    ordered = np.argsort(pair, kind="stable")
    times[ordered] = np.repeat(count, count)
    long = times >= _CURVE
    curve = [float(answer[long & (chance == k)].mean()) if long.any() else float("nan") for k in range(_CURVE)]
    logits = np.log(np.clip(curve, 1e-6, None)) - np.log(np.clip(1.0 - np.asarray(curve), 1e-6, None))
    slope = float(np.polyfit(np.arange(_CURVE), logits, 1)[0])
    return {
        "opportunities per learner and skill, median": float(np.median(count)),
        "opportunities per learner and skill, mean": float(count.mean()),
        "learner-skill pairs with at least 7 opportunities": float((count >= 7).mean()),
        **{f"correct at opportunity {k}": curve[k - 1] for k in range(1, _CURVE + 1)},
        "logit slope over opportunities 1-8": slope,
    }


def _means(group: IntArray, values: FloatArray) -> FloatArray:
    mean: FloatArray = np.bincount(group, weights=values) / np.maximum(np.bincount(group), 1)
    return mean


def _spread(group: IntArray, answer: FloatArray) -> float:
    many = np.bincount(group) >= _MANY
    return float(_means(group, answer)[many].std()) if many.any() else float("nan")
