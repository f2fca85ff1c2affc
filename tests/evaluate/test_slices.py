import numpy as np
import pytest

from evaluate.handmade import catalog, log
from lernpfad.core import Catalog
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.evaluate.slices import answer_number, by_group, cold_start, learning_curve


def test_answer_number_counts_assessed_rows_only() -> None:
    histories = log([[(0, 1), (1, -1), (2, 0)], [(0, -1), (1, 1)]])
    assert answer_number(histories).tolist() == [1, 1, 2, 0, 1]


def test_cold_start_ranges_and_n() -> None:
    rng = np.random.default_rng(0)
    number = np.tile(np.arange(1, 31), 10)
    p, y = rng.random(300), rng.integers(0, 2, 300)
    rows = cold_start(p, y, number)
    assert [(row["answers"], row["n"]) for row in rows] == [
        ("1", 10),
        ("2-5", 40),
        ("6-10", 50),
        ("11-20", 100),
        ("all but the first", 290),
        ("all", 300),
    ]
    assert rows[-1] == {"answers": "all", "n": 300, **tracing_metrics(p, y)}
    within = (number >= 2) & (number <= 5)
    assert rows[1]["auc"] == pytest.approx(tracing_metrics(p[within], y[within])["auc"])


def test_by_group_leaves_small_groups_out() -> None:
    p, y = np.asarray([0.9, 0.1, 0.5]), np.asarray([1, 0, 1])
    rows = by_group(p, y, np.asarray(["b", "b", "a"]), fewest=2)
    assert [(row["group"], row["n"], row["accuracy"]) for row in rows] == [("b", 2, 1.0)]


def test_learning_curve_by_hand() -> None:
    # skills alternate: items 0 and 2 train skill 0, item 1 trains skill 1
    histories = log([[(0, 0), (1, 1), (2, 1)], [(0, 1)]])
    predicted = np.asarray([0.2, 0.4, 0.9, 0.6])
    curve = learning_curve(histories, predicted, histories.assessed, fewest=1)
    assert curve.opportunity.tolist() == [1, 2]
    assert curve.n.tolist() == [3, 1]
    assert curve.observed.tolist() == pytest.approx([2 / 3, 1.0])
    assert curve.predicted.tolist() == pytest.approx([0.4, 0.9])


def test_learning_curve_counts_an_answer_with_two_skills_once() -> None:
    both = Catalog.of(["a"], ["x", "y"], [[0, 1]])
    histories = log([[(0, 1), (0, 0)]], both)
    curve = learning_curve(histories, np.asarray([0.5, 0.5]), np.ones(2, dtype=bool), fewest=1)
    assert curve.n.tolist() == [1, 1]


def test_learning_curve_looks_at_scored_rows_only() -> None:
    histories = log([[(0, 0), (2, 1), (4, 1)]], catalog())
    scored = np.asarray([False, True, True])
    curve = learning_curve(histories, np.asarray([np.nan, 0.5, 0.7]), scored, last=2, fewest=1)
    assert curve.opportunity.tolist() == [2]
    assert curve.predicted.tolist() == [0.5]
