"""The ranking formulas: from the ranks of one learner's held-out items to her hit rate, recall, MAP, NDCG."""

import numpy as np

from lernpfad.core import FloatArray

NAMES = ("hr", "recall", "truncated_recall", "precision", "mrr", "map", "ndcg")


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

    Ideal lists have min(k, R) hits (reported so by most libraries; RecTools divides by k unless told otherwise).
    """
    held_out = len(ranks)
    hit = ranks[ranks <= k]
    hits, reachable = len(hit), min(k, held_out)
    if not hits:
        return (0.0,) * len(NAMES)
    precision_at_hits = np.arange(1, hits + 1) / hit
    ideal = (1 / np.log2(np.arange(2, reachable + 2))).sum()
    return (
        1.0,
        hits / held_out,
        hits / reachable,
        hits / k,
        float(1 / hit[0]),
        float(precision_at_hits.sum() / reachable),
        float((1 / np.log2(hit + 1)).sum() / ideal),
    )


def table(ranks: list[FloatArray], ks: tuple[int, ...]) -> dict[str, FloatArray]:
    """Every metric at every cut-off for every learner: `{"ndcg@10": [learners], ...}`."""
    columns: dict[str, FloatArray] = {}
    for k in ks:
        values = np.asarray([at(k, mine) for mine in ranks], dtype=np.float64).reshape(len(ranks), len(NAMES))
        columns |= {f"{name}@{k}": values[:, place] for place, name in enumerate(NAMES)}
    return columns
