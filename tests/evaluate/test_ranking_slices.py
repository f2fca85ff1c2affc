"""Slices by hand: everybody is shown a b c d e f g in this order; what differs is the past and the target."""

import numpy as np
import pytest

from evaluate.handmade import log
from evaluate.test_ranking import Fixed
from lernpfad.core import ConfigError
from lernpfad.evaluate import exposure, ranking, ranking_slices
from lernpfad.evaluate.ranking import RankingResult

TRAIN = log([[(0, 1)]] * 6 + [[(1, 1)]] * 2 + [[(2, 1)], [(3, 1)]])
"""a is taken by 6 of 10, b by 2, c and d by 1 each; e, f and g are cold."""


def found(targets: list[list[int]], past: list[int], **settings: object) -> RankingResult:
    """past: how many rows of an unknown item each learner has behind her."""
    histories = log([[(-1, -1)] * n + [(i, 1) for i in mine] for n, mine in zip(past, targets, strict=True)])
    scored = histories.item >= 0
    return ranking.evaluate(Fixed(), histories, scored, train=TRAIN, ks=(1, 10), **settings)  # type: ignore[arg-type]


def test_fifths_of_the_training_interactions() -> None:
    """Of ten takings a has the first six (middle 3.0), b the next two (7.0), c one (8.5), d one (9.5)."""
    assert exposure.fifths(np.asarray([6, 2, 1, 1, 0, 0, 0])).tolist() == [2, 4, 5, 5, 0, 0, 0]
    assert exposure.fifths(np.ones(10, dtype=int)).tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert exposure.fifths(np.zeros(2, dtype=int)).tolist() == [0, 0]


def test_what_was_asked_is_kept() -> None:
    asked = found([[0, 4], [2]], [3, 0]).asked
    assert asked.names.tolist() == ["learner-0", "learner-1"]
    assert asked.history.tolist() == [3, 0]
    assert asked.count.tolist() == [2, 1]
    assert asked.rank.tolist() == [1, 5, 3]
    assert asked.takers.tolist() == [6, 0, 1]
    assert asked.cold.tolist() == [1, 0]
    assert asked.popularity.tolist() == [3.0, 1.0]


def test_by_history() -> None:
    result = found([[0], [1], [0], [6]], [0, 4, 4, 50])
    slices = ranking_slices.by_history(result, metrics=("hr@1",), resamples=50)
    assert {name: (row["n"], row["hr@1"]) for name, row in slices.items()} == {
        "0": (1, 1.0),
        "1-4": (2, 0.5),
        "50 and more": (1, 0.0),
    }
    assert slices["0"]["hr@1 low"] == slices["0"]["hr@1 high"] == 1.0
    assert slices["1-4"]["hr@1 low"] == 0.0
    assert slices["1-4"]["hr@1 high"] == 1.0


@pytest.mark.parametrize(
    ("past", "slice_"),
    [
        (1, "1-4"),
        (5, "5-9"),
        (9, "5-9"),
        (10, "10-19"),
        (19, "10-19"),
        (20, "20-49"),
        (49, "20-49"),
        (50, "50 and more"),
    ],
)
def test_the_ends_of_the_ranges(past: int, slice_: str) -> None:
    assert list(ranking_slices.by_history(found([[0]], [past]), resamples=0)) == [slice_]


def test_by_popularity_asks_for_the_targets_of_one_slice_alone() -> None:
    """The first learner is to find a (second fifth) and e (cold, rank 5); the second b (fourth fifth, rank 2)."""
    result = found([[0, 4], [1]], [1, 1])
    slices = ranking_slices.by_popularity(result, resamples=0)
    assert list(slices) == ["never taken", "second fifth", "fourth fifth"]
    assert slices["never taken"] == pytest.approx({"n": 1, "targets": 1, "ndcg@10": 1 / np.log2(6), "hr@10": 1.0})
    assert slices["second fifth"]["ndcg@10"] == 1.0
    assert slices["fourth fifth"]["ndcg@10"] == pytest.approx(1 / np.log2(3))
    cold = ranking_slices.by_cold(result, metrics=("hr@1",), resamples=0)
    assert cold["cold items"] == {"n": 1, "targets": 1, "hr@1": 0.0}
    assert cold["known items"] == {"n": 2, "targets": 2, "hr@1": 0.5}


def test_the_slices_of_single_targets_add_up_to_the_whole() -> None:
    result = found([[j % 7] for j in range(30)], [j % 12 for j in range(30)])
    for slices in ranking_slices.tables(result, resamples=0).values():
        n = sum(row["n"] for row in slices.values())
        assert n == 30
        total = sum(row["n"] * row["ndcg@10"] for row in slices.values())
        assert total / n == pytest.approx(result.metrics["ndcg@10"])


def test_rows_name_their_slice() -> None:
    rows = ranking_slices.rows(ranking_slices.tables(found([[0]], [2]), resamples=0))
    assert [(row["by"], row["slice"]) for row in rows] == [
        ("history", "1-4"),
        ("popularity", "second fifth"),
        ("cold", "known items"),
    ]


def test_lists_shorter_than_ten_are_sliced_at_the_shortest() -> None:
    histories = log([[(0, 1)]])
    result = ranking.evaluate(Fixed(), histories, np.ones(1, dtype=bool), ks=(3, 5))
    assert "ndcg@3" in ranking_slices.by_history(result, resamples=0)["0"]


def test_leads_over_a_reference_are_paired_and_adjusted() -> None:
    targets, past = [[j % 7 if j % 3 else 0] for j in range(70)], [1] * 70
    good = found(targets, past)
    histories = log([[(-1, -1), (mine[0], 1)] for mine in targets])
    bad, also = (
        ranking.evaluate(Fixed(scores), histories, histories.item >= 0, train=TRAIN, ks=(1, 10))
        for scores in (np.asarray([0.0, 0, 0, 0, 0, 0, 1.0]), np.asarray([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3]))
    )
    rows = {row["recommender"]: row for row in ranking.leads({"bad": bad, "good": good, "also": also}, "good")}
    assert list(rows) == ["bad", "also"]
    assert rows["also"]["difference"] == rows["also"]["low"] == rows["also"]["high"] == 0.0
    assert rows["also"]["holm"] == 1.0
    gap = ranking.difference(bad, good, "ndcg@10")
    assert (rows["bad"]["difference"], rows["bad"]["low"], rows["bad"]["high"]) == pytest.approx(gap)
    assert rows["bad"]["high"] < 0
    assert rows["bad"]["holm"] == pytest.approx(2 * rows["bad"]["p"])
    with pytest.raises(ConfigError, match="no recommender named 'goood'; did you mean 'good'"):
        ranking.leads({"good": good}, "goood")
    with pytest.raises(ConfigError, match=r"no ranking metric per learner named 'ndgc@10'; did you mean 'ndcg@10'"):
        ranking.leads({"good": good, "bad": bad}, "good", metric="ndgc@10")
