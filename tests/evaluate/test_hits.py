"""The formulas against their definition for one learner, and against trec_eval."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.core import FloatArray, IntArray
from lernpfad.evaluate import hits
from lernpfad.evaluate.topk import top

RANKED = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=8, max_size=8), st.sets(st.integers(0, 7))), min_size=1
)
KS = (1, 3, 5, 8)


def flat(targets: list[set[int]]) -> tuple[IntArray, IntArray, IntArray]:
    """offsets, row and column of the targets."""
    counts = [len(one) for one in targets]
    columns = [item for one in targets for item in sorted(one)]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return offsets, np.repeat(np.arange(len(targets)), counts), np.asarray(columns, dtype=np.int64)


def by_table(scores: FloatArray, targets: list[set[int]], ks: tuple[int, ...]) -> dict[str, FloatArray]:
    offsets, row, column = flat(targets)
    return hits.table(hits.ranks_in(scores, top(scores, max(ks)), row, column), offsets, ks)


def test_the_hand_example() -> None:
    """List a b c d e, held out b, e, g. DCG 1.017783; the ideal list has three hits, or k."""
    scores, targets = np.asarray([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]]), [{1, 4, 6}]
    found = {name: float(value[0]) for name, value in by_table(scores, targets, (2, 5)).items()}
    expected = {
        "hr@5": 1.0,
        "precision@5": 0.4,
        "recall@5": 0.666667,
        "truncated_recall@5": 0.666667,
        "mrr@5": 0.5,
        "map@5": 0.3,
        "ndcg@5": 0.477624,
        "ndcg_over_k@5": 0.345191,
        "recall@2": 0.333333,
        "truncated_recall@2": 0.5,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert dict(zip(hits.NAMES, hits.at(5, np.asarray([2.0, 5.0, 7.0])), strict=True)) == pytest.approx(
        {name: found[f"{name}@5"] for name in hits.NAMES}
    )


@settings(deadline=None)
@given(RANKED, st.sampled_from(["float32", "float64"]), st.booleans())
def test_the_table_is_the_definition_learner_by_learner(
    rows: list[tuple[list[int], set[int]]], kind: str, never: bool
) -> None:
    """Many ties, zero scores standing for "never offered" where `never`."""
    scores = np.asarray([values for values, _ in rows], dtype=kind)
    scores[(scores == 0) & never] = -np.inf
    targets = [chosen for _, chosen in rows]
    found = by_table(scores, targets, KS)
    for j, mine in enumerate(targets):
        ranks = hits.mid_ranks(scores[j], scores[j, sorted(mine)])
        for k in KS:
            expected = hits.at(k, ranks) if mine else (np.nan,) * len(hits.NAMES)
            np.testing.assert_allclose([found[f"{name}@{k}"][j] for name in hits.NAMES], expected, rtol=1e-12)


@settings(deadline=None)
@given(st.lists(st.tuples(st.permutations(range(8)), st.sets(st.integers(0, 7), min_size=1)), min_size=1, max_size=6))
def test_trec_eval_says_the_same(rows: list[tuple[list[int], set[int]]]) -> None:
    """Through ir-measures, on scores without ties; its average precision divides by R instead of min(k, R)."""
    judge = pytest.importorskip("ir_measures", reason="the dev extra brings ir-measures")
    scores = np.asarray([values for values, _ in rows], dtype=np.float64)
    targets = [chosen for _, chosen in rows]
    qrels = {str(j): {str(item): 1 for item in mine} for j, mine in enumerate(targets)}
    run = {str(j): {str(item): float(score) for item, score in enumerate(row)} for j, row in enumerate(scores)}
    names = {"nDCG": "ndcg", "P": "precision", "R": "recall", "RR": "mrr", "Success": "hr", "AP": "map"}
    measures = [getattr(judge, name) @ k for name in names for k in KS]
    found = by_table(scores, targets, KS)
    told = list(judge.iter_calc(measures, qrels, run))
    assert len(told) == len(measures) * len(rows)
    for one in told:
        name, k = str(one.measure).split("@")
        j = int(one.query_id)
        many = len(targets[j])
        share = min(int(k), many) / many if name == "AP" else 1.0
        assert found[f"{names[name]}@{k}"][j] * share == pytest.approx(one.value, abs=1e-9), (name, k, j)


def test_a_hit_among_equals_stands_in_the_middle_and_two_hits_are_not_both_first() -> None:
    scores = np.asarray([[0.9, 0.5, 0.5, 0.5, 0.1]])
    assert hits.ranks_in(scores, top(scores, 3), np.zeros(2, int), np.asarray([2, 4])).tolist() == [3.0, np.inf]
    level = np.zeros((1, 3))
    offsets, row, column = flat([{0, 1}])
    ranks = hits.ranks_in(level, top(level, 3), row, column)
    assert ranks.tolist() == [2.0, 2.0]
    assert hits.table(ranks, offsets, (2,))["recall@2"].tolist() == [1.0]
    assert hits.table(ranks, offsets, (1,))["hr@1"].tolist() == [0.0]
