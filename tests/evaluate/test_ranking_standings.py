"""Tables of a benchmark of recommenders, from lines whose every number is known; slices and leads behind them."""

from typing import Any

import numpy as np
import pytest

from lernpfad.evaluate import benchmark_figures, leads, ranking_slices, ranking_standings


def line(model: str, run: int, ndcg: float, **more: Any) -> dict[str, Any]:
    history = {"0": {"n": 30, "ndcg@10": ndcg / 2}, "10-19": {"n": 1000, "ndcg@10": 2 * ndcg}}
    return {
        "model": model,
        "run": run,
        "learners": 1030,
        "test": {
            "ndcg@10": ndcg,
            "hr@10": 2 * ndcg,
            "mrr@10": ndcg - 0.01,
            "ndcg@100": 1 - ndcg,
            "coverage@10": 0.5 - ndcg,
            "gini@10": 0.9,
            "miuf@10": 3.25,
        },
        "intervals": {"ndcg@10": [ndcg - 0.01, ndcg + 0.02], "ndcg@100": [0.1, 0.2]},
        "slices": {"history": history, "targets": {"never taken": {"n": 5, "ndcg@10": 0.0}}},
        "cost": {"parameters": 1234.0, "fit_processor_s": 2.0, "score_ms": 1.0 + run, "learners_per_s": 1234.0},
        "epochs": 4,
        **more,
    }


LINES = [line("popularity", 0, 0.1), line("als", 1, 0.22), line("als", 0, 0.20)]
COMPARED = [
    {
        "run": 0,
        "reference": "popularity",
        "leads": {"als": [0.1, 0.05, 0.15], "ease": [0.01, -0.01, 0.03]},
        "p": {"als": 0.004, "ease": 0.2},
    }
]


def test_the_best_comes_first_with_its_paired_lead() -> None:
    als, popularity = ranking_standings.accuracy_rows(LINES, {}, COMPARED, runs=2)
    assert (als["model"], als["runs"], popularity["model"]) == ("ALS", 2, "popularity")
    assert als["NDCG@10"] == ".2100 ± .0141"  # of .20 and .22
    assert als["95 % by learner"] == ".2000 to .2300"
    assert als["lead [95 %]"] == "+.1000 [+.0500, +.1500] *"  # p of .004 is below .05
    assert (als["HR@10"], als["coverage@10"], als["novelty, bits"]) == (".4200 ± .0283", ".290", "3.25")
    assert popularity["lead [95 %]"] == ""


def test_a_lead_that_may_be_luck_bears_no_mark() -> None:
    rows = ranking_standings.accuracy_rows([*LINES, line("ease", 0, 0.11)], {}, COMPARED, runs=1)
    assert {row["model"]: row["lead [95 %]"][-1:] for row in rows} == {"ALS": "*", "EASE": "]", "popularity": ""}


def test_a_lane_is_judged_by_the_metric_that_it_shows_first() -> None:
    rows = ranking_standings.accuracy_rows(LINES, {}, [], runs=1, metrics=["ndcg@100", "ndcg@10"])
    assert [row["model"] for row in rows] == ["popularity", "ALS"]
    assert list(rows[0])[2:6] == ["NDCG@100", "95 % by learner", "lead [95 %]", "NDCG@10"]


@pytest.mark.parametrize(
    ("published", "shown"),
    [
        ({"ndcg@10": 0.1005, "hr@10": 0.3, "source": "x", "within": 0.001}, (".1005 (x); HR@10 .3000", "yes (1 of 3)")),
        ({"ndcg@10": 0.1005, "source": "x", "within": 0.0004}, (".1005 (x)", "**no** (1 of 3)")),
        ({"ndcg@10": 0.3, "source": "x", "gate": 0.1}, (".3000 (x)", "yes (1 of 3)")),
        ({"gate": 0.11}, ("", "**no** (1 of 3)")),
        ({"hr@10": 0.3, "source": "x"}, ("", "")),
    ],
)
def test_published_figures_and_gates_are_of_the_lanes_metric(published: dict[str, Any], shown: tuple[str, str]) -> None:
    row = ranking_standings.accuracy_rows(LINES, {"popularity": published}, [], runs=3)[-1]
    assert (row["published"], row["reached"]) == shown


def test_slices_that_have_learners_are_columns() -> None:
    als, _ = ranking_standings.slice_rows(LINES, "ndcg@10")
    assert als == {"model": "ALS", "0 taken (30)": ".1050", "10-19 taken (1,000)": ".4200", "never taken (5)": ".0000"}


def test_cost_is_that_of_a_fit_and_of_the_quickest_answer() -> None:
    als = ranking_standings.cost_rows(LINES, "ndcg@10")[0]
    assert (als["one learner, ms"], als["learners/s"], als["numbers learned"]) == ("1.00", "1,200", "1,234")


def test_figures_name_the_models() -> None:
    dots = benchmark_figures.accuracy_and_coverage(LINES, "ndcg@10")
    assert {text.get_text() for text in dots.axes[0].texts} == {"ALS", "popularity"}
    curves = benchmark_figures.by_history(LINES, "ndcg@10")
    assert [text.get_text() for text in curves.axes[0].texts] == ["ALS", "popularity"]
    assert [text.get_text() for text in curves.axes[0].get_xticklabels()] == ["0", "10-19"]


def test_rarity_is_the_place_among_all_that_was_taken() -> None:
    """Of ten takings, six fell on the first item, two each on the next two, none on the last."""
    assert ranking_slices.rarity(np.array([6, 2, 2, 0])) == pytest.approx([0.3, 0.8, 0.8, 1.0])
    assert ranking_slices.rarity(np.array([0, 0])) == pytest.approx([1.0, 1.0])


def test_slices_are_means_of_whom_they_name() -> None:
    values = {"ndcg@10": np.array([0.0, 0.2, 0.4, 1.0])}
    by_history = ranking_slices.by_history(values, np.array([0, 4, 1, 100]), ["ndcg@10"])
    assert {name: row["n"] for name, row in by_history.items()} == {"0": 1, "1-4": 2, "100+": 1}
    assert by_history["1-4"]["ndcg@10"] == pytest.approx(0.3)
    by_popularity = ranking_slices.by_popularity(values, np.array([0.1, 0.34, 0.99, 1.0]), ["ndcg@10"])
    assert [row["ndcg@10"] for row in by_popularity.values()] == [0.0, 0.2, 0.4, 1.0]
    assert list(by_popularity) == list(ranking_slices.POPULARITY)


def test_a_lead_is_paired_and_corrected_for_the_number_of_models() -> None:
    """A model that is ahead of the reference at every learner has a sure lead however much learners differ."""
    rng = np.random.default_rng(0)
    reference = rng.random(400)
    noise = rng.normal(0, 0.3, 400)
    others = {"better": reference + 0.01, "alike": reference + noise - noise.mean(), "same": reference.copy()}
    found = leads.over(reference, others, resamples=500)
    assert found["better"].estimate == pytest.approx((0.01, 0.01, 0.01))
    assert found["better"].p == pytest.approx(3 * 2 / 501)  # the smallest of three: times three
    low, high = found["alike"].estimate.interval
    assert low < 0 < high
    assert found["alike"].p == found["same"].p == 1.0
    assert leads.over(reference, {}, resamples=10) == {}
