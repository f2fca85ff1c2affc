"""Tables of a benchmark of recommenders, from lines whose every number is known."""

from typing import Any

import pytest

from lernpfad.evaluate import benchmark_figures, ranking_standings


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
            "popularity_lift@10": 1.5,
        },
        "intervals": {"ndcg@10": [ndcg - 0.01, ndcg + 0.02], "ndcg@100": [0.1, 0.2]},
        "slices": {"history": history, "popularity": {"never taken": {"n": 5, "ndcg@10": 0.0}}},
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
    assert als.pop("model") == "ALS"
    assert als == {"history 0 (30)": ".1050", "history 10-19 (1,000)": ".4200", "never taken (5)": ".0000"}


def test_cost_is_that_of_a_fit_and_of_the_quickest_answer() -> None:
    als = ranking_standings.cost_rows(LINES, "ndcg@10")[0]
    assert (als["one learner, ms"], als["learners/s"], als["numbers learned"]) == ("1.00", "1,200", "1,234")


def test_figures_name_the_models() -> None:
    dots = benchmark_figures.accuracy_and_coverage(LINES, "ndcg@10")
    assert {text.get_text() for text in dots.axes[0].texts} == {"ALS", "popularity"}
    curves = benchmark_figures.by_history(LINES, "ndcg@10")
    assert [text.get_text() for text in curves.axes[0].texts] == ["ALS", "popularity"]
    assert [text.get_text() for text in curves.axes[0].get_xticklabels()] == ["0", "10-19"]
