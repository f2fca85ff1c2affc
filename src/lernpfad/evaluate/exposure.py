"""What lists of recommendations show, apart from being right: coverage, concentration, popularity, novelty."""

import numpy as np

from lernpfad.core import FloatArray, IntArray


def exposure(lists: IntArray, items: int) -> IntArray:
    """How many lists hold each item, `[items]`; lists: item indices `[learners, k]`, -1 where a list is short."""
    return np.bincount(lists[lists >= 0], minlength=items)


def coverage(shown: IntArray) -> float:
    """Share of the catalog that is in any list; shown: `[items]` as from `exposure`."""
    return float((shown > 0).mean()) if len(shown) else float("nan")


def gini(shown: IntArray) -> float:
    """Gini coefficient of the list counts `[items]`, items never shown included: 0 even, towards 1 concentrated."""
    ordered = np.sort(np.asarray(shown, dtype=np.float64))
    total, n = ordered.sum(), len(ordered)
    if not total:
        return float("nan")
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def miuf(lists: IntArray, takers: IntArray, learners: int) -> FloatArray:
    """Novelty of each list: mean inverse learner frequency, mean of `-log2(n_i / U)`, `[learners]`.

    takers: n_i, how many of the U `learners` took each item, `[items]`; 0 counts as 1. RecTools calls this MIUF.
    """
    rarity = -np.log2(np.maximum(takers, 1) / learners)
    return _mean_over_list(lists, rarity)


def surprisal(lists: IntArray, takers: IntArray, learners: int) -> FloatArray:
    """`miuf` divided by its largest value, `log2 U`: in [0, 1], `[learners]`; 0 where U is 1."""
    novelty = miuf(lists, takers, learners)
    return novelty / np.log2(learners) if learners > 1 else np.zeros_like(novelty)


def popularity(lists: IntArray, takers: IntArray) -> FloatArray:
    """Average recommendation popularity: mean n_i in each list, `[learners]`."""
    return _mean_over_list(lists, np.asarray(takers, dtype=np.float64))


def lift(lists: IntArray, takers: IntArray, profile: FloatArray) -> FloatArray:
    """Popularity lift: `popularity` of each list over that of what the learner took before, `[learners]`.

    profile: mean n_i of the items in each history, `[learners]`; NaN where that is 0 or there is no history.
    """
    shown = popularity(lists, takers)
    lifted: FloatArray = np.divide(shown, profile, out=np.full(len(shown), np.nan), where=profile > 0)
    return lifted


def fifths(takers: IntArray) -> IntArray:
    """Which fifth of all that was taken each item belongs to, `[items]`: 1 holds the most popular items, 5 the rarest.

    Items are laid out by falling n_i, ties by catalog; an item is in the fifth in which the middle of its takers lies.
    0 where nobody took it: cold.
    """
    order = np.argsort(-takers, kind="stable")
    falling = takers[order].astype(np.float64)
    middle = np.cumsum(falling) - falling / 2
    fifth = np.empty(len(takers), dtype=np.int64)
    fifth[order] = np.minimum(1 + np.floor(5 * middle / max(falling.sum(), 1)), 5)
    return np.where(takers > 0, fifth, 0)


def _mean_over_list(lists: IntArray, values: FloatArray) -> FloatArray:
    there = lists >= 0
    total = np.where(there, values[np.where(there, lists, 0)], 0.0).sum(axis=1)
    count = there.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
