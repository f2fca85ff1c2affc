"""Tables of a benchmark, from lines whose every number is known."""

from typing import Any

import pytest

from lernpfad.evaluate import benchmark_figures, standings


def line(model: str, run: int, auc: float, **more: Any) -> dict[str, Any]:
    slices = {
        "1": None,
        "2-5": 0.5 + run / 100,
        "6-10": 0.61,
        "11-20": 0.62,
        "all": auc,
        "items never trained on": 0.55,
    }
    return {
        "model": model,
        "run": run,
        "test": {"auc": auc, "accuracy": 0.7, "log_loss": 0.5, "rmse": 0.4, "ece": 0.01},
        "auc_interval": [auc - 0.01, auc + 0.02],
        "slices": {name: {"n": 1200, "auc": value} for name, value in slices.items()},
        "cost": {"parameters": 1234.0, "fit_processor_s": 2.0, "step_ms": 1.0 + run, "state_bytes": 16.0},
        "epochs": 4,
        "train_rows": 1000,
        **more,
    }


LINES = [line("elo", 1, 0.72), line("bkt", 0, 0.71), line("elo", 0, 0.70), line("bkt", 1, 0.73)]
COMPARED = [
    {
        "run": 0,
        "stack": {key: line("stack", 0, 0.75)[key] for key in ("test", "auc_interval")} | {"members": ["bkt", "elo"]},
        "best_member": "bkt",
        "stack_over_best_member": [0.04, 0.03, 0.05],
        "reference": "elo",
        "leads": {"bkt": [0.01, -0.002, 0.022], "stack": [0.05, 0.04, 0.06]},
    }
]


def test_the_best_comes_first_with_mean_and_deviation_of_its_runs() -> None:
    rows = standings.accuracy_rows(LINES, {}, COMPARED, runs=2)
    assert [row["model"] for row in rows] == ["stack", "BKT", "Elo"]
    assert rows[1]["AUC"] == ".7200 ± .0141"  # of .71 and .73
    assert rows[1]["95 % by learner"] == ".7100 to .7400"
    assert rows[1]["lead [95 %]"] == "+.0100 [-.0020, +.0220]"
    assert rows[2]["lead [95 %]"] == ""
    assert [row["runs"] for row in rows] == [1, 2, 2]


@pytest.mark.parametrize(
    ("published", "reached"),
    [
        ({"auc": 0.7, "source": "x", "gate": 0.72}, "yes"),
        ({"auc": 0.7, "source": "x", "gate": 0.7201}, "**no**"),
        ({"auc": 0.7205, "source": "x", "within": 0.001}, "yes"),
        ({"auc": 0.7215, "source": "x", "within": 0.001}, "**no**"),
        ({"auc": 0.7185, "source": "x", "within": 0.001}, "**no**"),  # too good is as suspicious
        ({"auc": 0.9, "source": "x"}, ""),
        ({}, ""),
    ],
)
def test_a_gate_is_for_the_mean_of_the_runs(published: dict[str, Any], reached: str) -> None:
    rows = standings.accuracy_rows(LINES, {"bkt": published}, [], runs=2)
    assert [row["reached"] for row in rows] == [reached, ""]


def test_published_figures_are_written_as_the_field_does() -> None:
    figure = {"auc": 0.7053, "spread": 0.0002, "source": "somebody", "gate": 0.7}
    row = standings.accuracy_rows(LINES, {"bkt": figure}, [], runs=5)[0]
    assert (row["published"], row["gate"]) == (".7053 ± .0002 (somebody)", "≥ .700")
    assert row["reached"] == "yes (2 of 5)"


def test_a_stack_stands_beside_the_best_published_figure() -> None:
    (row,) = standings.stack_rows(COMPARED, {"auc": 0.7499})
    assert row["AUC"] == "**.7500** [.7400, .7700]"
    assert (row["above"], row["lead over it"]) == ("yes", "+.0400 [+.0300, +.0500]")
    (row,) = standings.stack_rows(COMPARED, {"auc": 0.75})
    assert row["above"] == "**no**"
    assert "above" not in standings.stack_rows(COMPARED, {})[0]


def test_cold_starts_say_how_many_answers_they_rest_on() -> None:
    rows = standings.cold_rows(LINES)
    assert rows[0]["2-5 (1,200)"] == ".5050"
    assert rows[0]["1 (1,200)"] == "–"  # nothing scored there


def test_models_that_met_other_items_in_training_share_a_column() -> None:
    other = line("bestlr-all", 0, 0.5)
    other["slices"]["items never trained on"]["n"] = 7
    rows = standings.cold_rows([*LINES, other])
    assert len({tuple(row) for row in rows}) == 1


def test_cost_is_that_of_a_fit_and_of_the_quickest_decision() -> None:
    row = standings.cost_rows(LINES)[0]
    assert row["answers/s"] == "2,000"  # 1,000 rows in 4 epochs in 2 seconds
    assert (row["decision, ms"], row["parameters"], row["state, bytes"]) == ("1.00", "1,234", "16")


def test_seconds_of_an_interrupted_fit_are_not_told() -> None:
    cut = {**line("bkt", 1, 0.73), "cost": {"parameters": 1.0, "step_ms": 1.0, "state_bytes": 1.0}}
    assert standings.cost_rows([line("bkt", 0, 0.71), cut])[0]["fit, processor s"] == "2.0"
    alone = standings.cost_rows([cut])[0]
    assert (alone["fit, processor s"], alone["answers/s"]) == ("–", "")
    assert not benchmark_figures.cost([cut]).axes[0].texts


def test_figures_name_the_best_and_what_is_worth_its_cost() -> None:
    slow = [line("akt", 0, 0.60, cost={**line("akt", 0, 0.6)["cost"], "fit_processor_s": 50.0})]
    from matplotlib.colors import to_hex

    cold = benchmark_figures.cold_start([*LINES, *slow])
    assert [text.get_text() for text in cold.axes[0].texts] == ["BKT", "Elo", "AKT"]
    cost = benchmark_figures.cost([*LINES, *slow])
    named = {text.get_text(): to_hex(text.get_color()) for text in cost.axes[0].texts}
    assert named["AKT"] != named["BKT"]  # dearer and worse than another
