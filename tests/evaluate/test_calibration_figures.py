import numpy as np
import pytest

from lernpfad.evaluate import calibration_figures as figures
from lernpfad.evaluate.style import SERIES

INTERVALS = {"correct": (0.6, 0.8), "slope": (0.0, 0.4)}
REAL = {"pupils": {"correct": 0.7, "slope": 0.1}, "students": {"correct": 0.65, "slope": 0.3}}


def marks(axes, colour):
    """Where the marks of a colour stand, `x`, from the top strip down."""
    lines = [line for line in axes.lines if line.get_markeredgecolor() == colour and len(line.get_xdata())]
    return [line.get_xdata().tolist() for line in lines]


def test_a_value_stands_where_its_interval_says_and_one_far_out_at_the_edge():
    ours = {"as logged": [{"correct": 0.7, "slope": 0.2}, {"correct": 0.6, "slope": 9.0}]}
    (axes,) = figures.strips(INTERVALS, REAL, ours, {}).axes
    top, below = marks(axes, SERIES[0])
    assert top == pytest.approx([0.5, 0.0])
    assert below == pytest.approx([0.5, 1.3])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["correct", "slope"]
    assert {text.get_text() for text in axes.texts} == {"0.6", "0.8", "0", "0.4"}


def test_what_could_not_be_computed_leaves_no_mark():
    ours = {"as logged": [{"correct": float("nan"), "slope": 0.2}]}
    (axes,) = figures.strips(INTERVALS, REAL, ours, {}).axes
    assert np.isnan(marks(axes, SERIES[0])[0]).all()


def test_a_measured_log_has_marks_of_its_own():
    (axes,) = figures.strips(INTERVALS, REAL, {}, {"mine": {"correct": 0.8, "slope": 0.0}}).axes
    assert "mine" in [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_curve_is_the_mean_of_the_seeds():
    seeds = np.array([[0.4, 0.5], [0.6, 0.7]])
    (axes,) = figures.success_by_opportunity({"pupils": {1: 0.3, 2: 0.5}}, {"ours": seeds}).axes
    assert [line.get_ydata().tolist() for line in axes.lines] == [[30, 50], pytest.approx([50, 60])]


def test_the_best_predictor_is_at_the_top():
    found = {"a": {"item mean": [0.6, 0.62], "truth": [0.8, 0.81]}, "b": {"item mean": [0.5], "truth": [0.7]}}
    (axes,) = figures.ladder(found, {"truth": (0.74, 0.86)}).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["item mean", "truth"]
