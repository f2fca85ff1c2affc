"""The ranking formulas: from the ranks of one learner's held-out items to her hit rate, recall, MAP, NDCG.

`mid_ranks` and `at` are the definition, for one learner; `ranks_in` and `table` are the same for many at once.
"""

from typing import Final

import numpy as np

from lernpfad.core import FloatArray, IntArray

NAMES: Final = ("hr", "recall", "truncated_recall", "precision", "mrr", "map", "ndcg", "ndcg_over_k")


def mid_ranks(scores: FloatArray, targets: FloatArray) -> FloatArray:
    """Rank from 1 of each target among the candidates: `1 + #greater + (#equal - 1) / 2`, best first, `[targets]`.

    scores: of every candidate of one learner, the targets among them, `[candidates]`; targets: scores of the
    targets, `[targets]`. Ties go to the middle, never in the target's favour. -inf means "not offered": rank inf.
    """
    ordered = np.sort(scores)
    left = np.searchsorted(ordered, targets, side="left")
    right = np.searchsorted(ordered, targets, side="right")
    middle = 1 + (len(ordered) - right) + (right - left - 1) / 2
    ranks = np.sort(np.where(np.isneginf(targets), np.inf, middle))
    # tied targets share a middle rank, but the i-th best of them cannot stand above place i
    no_better_than: FloatArray = np.maximum(ranks, np.arange(1, len(ranks) + 1))
    return no_better_than


def at(k: int, ranks: FloatArray) -> tuple[float, ...]:
    """The metrics of `NAMES` at cut-off k for one learner, from the ascending ranks of all her held-out items `[R]`.

    The ideal list of `ndcg` has min(k, R) hits, as most libraries have it; that of `ndcg_over_k` has k, whatever R
    is (RecTools unless told otherwise). `map` divides by min(k, R) as well; trec_eval divides by R.
    """
    held_out = len(ranks)
    hit = ranks[ranks <= k]
    hits, reachable = len(hit), min(k, held_out)
    if not hits:
        return (0.0,) * len(NAMES)
    precision_at_hits = np.arange(1, hits + 1) / hit
    gain, ideal = (1 / np.log2(hit + 1)).sum(), np.cumsum(1 / np.log2(np.arange(2, k + 2)))
    return (
        1.0,
        hits / held_out,
        hits / reachable,
        hits / k,
        float(1 / hit[0]),
        float(precision_at_hits.sum() / reachable),
        float(gain / ideal[reachable - 1]),
        float(gain / ideal[k - 1]),
    )


def ranks_in(scores: FloatArray, lists: IntArray, row: IntArray, column: IntArray) -> FloatArray:
    """The mid-ranks of targets that can stand in the lists, in the order given, `[targets]`; inf beyond the lists.

    scores: `[learners, items]`. lists: their best columns as from `top`, `[learners, k]`. row, column: of each target.
    Whoever scores more than the last one listed has all its betters and equals in the list; only for those level with
    the last one the whole row has to be looked at.
    """
    listed = np.where(lists >= 0, np.take_along_axis(scores, np.maximum(lists, 0), axis=1), -np.inf)
    mine, last = scores[row, column][:, None], listed[row, -1]
    greater = np.count_nonzero(listed[row] > mine, axis=1)
    equal = np.count_nonzero(listed[row] == mine, axis=1)
    level = np.flatnonzero((mine[:, 0] == last) & (last > -np.inf))
    rows, which = np.unique(row[level], return_inverse=True)
    equal[level] = np.count_nonzero(scores[rows] == listed[rows, -1][:, None], axis=1)[which]
    outside = (mine[:, 0] < last) | np.isneginf(mine[:, 0])
    ranks: FloatArray = np.where(outside, np.inf, 1 + greater + (equal - 1) / 2)
    return ranks


def table(ranks: FloatArray, offsets: IntArray, ks: tuple[int, ...]) -> dict[str, FloatArray]:
    """Every metric at every cut-off for every learner: `{"ndcg@10": [learners], ...}`.

    ranks: mid-ranks of all targets, `[T]`; learner j owns `offsets[j]:offsets[j+1]`, in any order. Without any: NaN.
    """
    held_out = np.diff(offsets)
    owner = np.repeat(np.arange(len(held_out)), held_out)
    place = np.arange(1, len(ranks) + 1) - np.repeat(offsets[:-1], held_out)
    ranks = np.maximum(ranks[np.lexsort((ranks, owner))], place)  # as in `mid_ranks`
    columns: dict[str, FloatArray] = {}
    for k in ks:
        values = _at(k, ranks[ranks <= k], place[ranks <= k], owner[ranks <= k], held_out)
        columns |= {f"{name}@{k}": np.where(held_out > 0, value, np.nan) for name, value in values.items()}
    return columns


def _at(k: int, hit: FloatArray, place: IntArray, owner: IntArray, held_out: IntArray) -> dict[str, FloatArray]:
    """`at` for many learners; hit, place, owner: rank of every hit, the how-manieth of its learner, and who she is."""

    def total(values: FloatArray) -> FloatArray:
        return np.bincount(owner, weights=values, minlength=len(held_out)).astype(np.float64)

    hits, gain = total(np.ones(len(hit))), total(1 / np.log2(hit + 1))
    some, reachable = np.maximum(held_out, 1), np.clip(held_out, 1, k)
    ideal = np.cumsum(1 / np.log2(np.arange(2, k + 2)))
    values = (
        (hits > 0).astype(np.float64),
        hits / some,
        hits / reachable,
        hits / k,
        total(np.where(place == 1, 1 / hit, 0.0)),
        total(place / hit) / reachable,
        gain / ideal[reachable - 1],
        gain / ideal[k - 1],
    )
    return dict(zip(NAMES, values, strict=True))
