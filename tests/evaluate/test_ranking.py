from typing import Self

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluate.handmade import catalog, log
from lernpfad.core import DataError, FloatArray, IntArray, Sequences
from lernpfad.evaluate import exposure, hits, ranking

FALLING = np.asarray([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])  # items a b c d e f g


class Fixed:
    """Scores the items alike for everybody, and remembers whom it saw."""

    def __init__(self, scores: FloatArray = FALLING) -> None:
        self.scores = scores
        self.saw: list[list[int]] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        self.saw += [histories.select(np.asarray([j])).item.tolist() for j in range(len(histories.learners))]
        return np.tile(self.scores[items], (len(histories.learners), 1))


def held_out(targets: list[list[int]], seen: list[list[int]] | None = None) -> tuple[Sequences, np.ndarray]:
    seen = seen or [[] for _ in targets]
    histories = log([[(i, 1) for i in before + after] for before, after in zip(seen, targets, strict=True)])
    scored = np.concatenate([[False] * len(b) + [True] * len(a) for b, a in zip(seen, targets, strict=True)])
    return histories, scored.astype(bool)


def test_the_hand_example() -> None:
    """List a b c d e, held out b, e, g; k = 5 (MAP, NDCG over min(k, 3))."""
    found = ranking.evaluate(Fixed(), *held_out([[1, 4, 6]]), ks=(2, 5)).metrics
    expected = {"hr": 1, "precision": 0.4, "recall": 2 / 3, "mrr": 0.5, "map": 0.3, "ndcg": 0.477624}
    assert {name: found[f"{name}@5"] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert found["recall@2"] == pytest.approx(1 / 3)
    assert found["truncated_recall@2"] == pytest.approx(0.5)


def test_the_hand_example_of_lists() -> None:
    lists, takers = np.asarray([[0, 1, 2, 3, 4]]), np.asarray([50, 10, 1, 25, 0])
    assert exposure.miuf(lists, takers, 100)[0] == pytest.approx(3.921928, abs=1e-6)
    assert exposure.surprisal(lists, takers, 100)[0] == pytest.approx(0.590309, abs=1e-6)
    assert exposure.popularity(lists, takers)[0] == pytest.approx(17.2)
    assert exposure.gini(np.asarray([0, 0, 1, 1, 2, 6])) == pytest.approx(0.6)
    assert exposure.coverage(np.asarray([0, 0, 1, 1, 2, 6])) == pytest.approx(4 / 6)
    assert exposure.surprisal(lists, takers, 1)[0] == 0
    assert np.isnan(exposure.gini(np.zeros(3, dtype=int)))


def test_ties_go_to_the_middle() -> None:
    scores = np.asarray([0.9, 0.5, 0.5, 0.5, 0.1])
    assert hits.mid_ranks(scores, scores[[2]]).tolist() == [3.0]
    assert hits.mid_ranks(scores, np.asarray([-np.inf])).tolist() == [np.inf]


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=12),
    st.sets(st.integers(0, 11), min_size=1),
    st.integers(1, 12),
)
def test_metrics_stay_in_bounds_however_many_ties(scores: list[int], targets: set[int], k: int) -> None:
    values = np.asarray(scores, dtype=float)
    mine = sorted(t for t in targets if t < len(scores)) or [0]
    found = dict(zip(hits.NAMES, hits.at(k, hits.mid_ranks(values, values[mine])), strict=True))
    assert all(-1e-12 <= value <= 1 + 1e-12 for value in found.values()), found
    assert found["recall"] <= found["truncated_recall"] <= found["hr"]


def test_a_constant_recommender_earns_nothing_from_ties() -> None:
    found = ranking.evaluate(Fixed(np.zeros(7)), *held_out([[0], [6]]), ks=(3, 4)).metrics
    assert found["hr@3"] == 0.0  # everything stands at rank 4, the middle of seven
    assert found["hr@4"] == 1.0


def test_seen_items_are_masked_or_not() -> None:
    histories, scored = held_out([[1]], seen=[[0]])
    assert ranking.evaluate(Fixed(), histories, scored, ks=(1,)).metrics["hr@1"] == 1.0
    assert ranking.evaluate(Fixed(), histories, scored, ks=(1,), mask_seen=False).metrics["hr@1"] == 0.0


def test_a_seen_item_is_no_target_where_seen_items_are_masked() -> None:
    histories, scored = held_out([[0, 1]], seen=[[0]])
    assert ranking.evaluate(Fixed(), histories, scored, ks=(1,)).metrics["recall@1"] == 1.0


def test_the_recommender_sees_nothing_from_the_first_scored_row_on() -> None:
    histories = log([[(0, 1), (1, 1), (2, 1), (3, 1)]])
    model = Fixed()
    ranking.evaluate(model, histories, np.asarray([False, False, True, False]), ks=(1,))
    assert model.saw == [[0, 1]]


def test_only_accepted_rows_are_targets_and_learners_without_any_are_left_out() -> None:
    accepted = np.asarray([True, False, False])
    histories = log([[(0, 1), (1, -1)], [(2, -1)]], accepted=accepted)
    result = ranking.evaluate(Fixed(), histories, np.ones(3, dtype=bool), ks=(1,))
    assert result.learners.tolist() == [0]
    assert result.metrics["recall@1"] == 1.0


def test_per_learner_values_are_kept_in_order_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    histories, scored = held_out([[j % 7] for j in range(9)])
    whole = ranking.evaluate(Fixed(), histories, scored, ks=(2, 3))
    monkeypatch.setattr(ranking, "_SCORES_AT_ONCE", 14)
    chunked = ranking.evaluate(Fixed(), histories, scored, ks=(2, 3))
    assert whole.metrics == chunked.metrics
    assert whole.per_learner["hr@2"].tolist() == [1, 1, 0, 0, 0, 0, 0, 1, 1]
    assert (whole.lists == chunked.lists).all()


def test_what_is_never_offered_is_neither_listed_nor_hit() -> None:
    scores = np.asarray([-np.inf, 1.0, -np.inf, 0.5, -np.inf, -np.inf, -np.inf])
    result = ranking.evaluate(Fixed(scores), *held_out([[0, 3]]), ks=(5,))
    assert result.lists.tolist() == [[1, 3, -1, -1, -1]]
    assert result.metrics["recall@5"] == 0.5
    assert result.metrics["coverage@5"] == pytest.approx(2 / 7)


def test_top_prefers_the_earlier_of_equals_and_pads() -> None:
    assert ranking.top(np.asarray([[1.0, 3.0, 1.0, 3.0, 1.0]]), 4).tolist() == [[1, 3, 0, 2]]
    assert ranking.top(np.asarray([[1.0, 2.0]]), 3).tolist() == [[1, 0, -1]]


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=15), st.integers(1, 15))
def test_top_is_a_stable_sort(values: list[int], k: int) -> None:
    scores = np.asarray([values], dtype=float)
    expected = np.argsort(-scores[0], kind="stable")[:k].tolist()
    assert ranking.top(scores, k)[0, : len(expected)].tolist() == expected


def test_novelty_counts_learners_of_the_training_log() -> None:
    train = log([[(0, 1), (0, 1), (1, 1)], [(0, 1)], [(2, 0)], [(3, 1)]])
    found = ranking.evaluate(Fixed(), *held_out([[1]]), ks=(2,), train=train).metrics
    assert found["popularity@2"] == pytest.approx(1.5)  # two took a, one took b
    assert found["miuf@2"] == pytest.approx((1 + 2) / 2)


def test_difference_pairs_learners() -> None:
    histories, scored = held_out([[j % 7] for j in range(40)])
    good, bad = (ranking.evaluate(Fixed(s), histories, scored, ks=(3,)) for s in (FALLING, FALLING[::-1].copy()))
    gap = ranking.difference(good, bad, "hr@3", resamples=500)
    assert gap.value == pytest.approx(good.metrics["hr@3"] - bad.metrics["hr@3"])
    assert gap.low <= gap.value <= gap.high
    assert ranking.difference(good, good, "hr@3", resamples=10) == (0.0, 0.0, 0.0)
    other = ranking.evaluate(Fixed(), *held_out([[1]]), ks=(3,))
    with pytest.raises(DataError, match="different learners"):
        ranking.difference(good, other, "hr@3")


def test_rows_carry_intervals_and_n() -> None:
    result = ranking.evaluate(Fixed(), *held_out([[0], [6]]), ks=(10,))
    row = ranking.table({"fixed": result})[0]
    assert (row["recommender"], row["learners"]) == ("fixed", 2)
    assert row["ndcg@10 low"] <= row["ndcg@10"] <= row["ndcg@10 high"]


@pytest.mark.parametrize("kind", ["float32", "float64", "int32"])
def test_scores_of_any_kind_are_ranked_and_left_as_they_were(kind: str) -> None:
    histories, scored = held_out([[1], [2]], seen=[[0], [0]])
    own = np.tile(np.arange(7, 0, -1), (2, 1)).astype(kind)
    result = ranking.evaluate(Broken(own), histories, scored, ks=(2,))
    assert result.lists.tolist() == [[1, 2], [1, 2]]
    assert result.metrics["mrr@2"] == 0.75
    assert own.tolist() == [[7, 6, 5, 4, 3, 2, 1]] * 2


def test_the_last_target_is_asked_for_after_all_that_precedes_it() -> None:
    histories, scored = held_out([[1, 2, 3]], seen=[[0]])
    model = Fixed()
    assert ranking.evaluate(model, histories, scored, ks=(1,), targets="last").asked.item.tolist() == [3]
    assert model.saw == [[0, 1, 2]]


class Broken(Fixed):
    def __init__(self, answer: FloatArray) -> None:
        super().__init__()
        self.answer = answer

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        return self.answer


@pytest.mark.parametrize(
    ("answer", "said"), [(np.zeros((1, 3)), r"Broken\.score gave"), (np.full((1, 7), np.nan), "NaN")]
)
def test_names_the_recommender_that_answers_wrongly(answer: FloatArray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        ranking.evaluate(Broken(answer), *held_out([[1]]))


def test_refuses_an_empty_evaluation_and_a_mask_of_another_length() -> None:
    histories = log([[(0, 1)]], catalog())
    with pytest.raises(DataError, match="no learner"):
        ranking.evaluate(Fixed(), histories, np.zeros(1, dtype=bool))
    with pytest.raises(DataError, match="one per row"):
        ranking.evaluate(Fixed(), histories, np.zeros(2, dtype=bool))
