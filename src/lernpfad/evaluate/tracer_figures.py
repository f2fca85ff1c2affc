"""Figures about tracers: are the probabilities right, and do learners learn as predicted?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from lernpfad.evaluate.figures import new
from lernpfad.evaluate.intervals import wilson
from lernpfad.evaluate.metrics import Reliability
from lernpfad.evaluate.slices import LearningCurve
from lernpfad.evaluate.style import GRID, INK, MUTED, few_ticks, label_ends, styled, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def reliability_diagram(tables: Mapping[str, Reliability], colours: Mapping[str, str]) -> "Figure":
    """Predicted against observed success, one panel per tracer; on the diagonal the probabilities are right.

    Below, the share of answers in each bin of the prediction. tables: by tracer; colours: likewise.
    """
    with styled():
        figure, axes = new(
            3.7, rows=2, columns=len(tables), sharex=True, sharey="row", gridspec_kw={"height_ratios": [4, 1]}
        )
        for column, (name, table) in enumerate(tables.items()):
            _diagonal(axes[column], table, colours[name])
            axes[column].set_title(name)
            _histogram(axes[len(tables) + column], table, colours[name])
        axes[0].set_ylabel("correct, %")
        axes[len(tables)].set_ylabel("answers, %")
    return figure


_TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


def _diagonal(axes: "Axes", table: Reliability, colour: str) -> None:
    some = table.n > 0
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 2)))
    at, share = table.predicted[some], table.observed[some]
    low, high = wilson(share, table.n[some].astype(np.float64))
    axes.vlines(at, low, high, color=colour, linewidth=1.2)
    axes.plot(at, share, "o-", color=colour, markersize=4.5, linewidth=1.6)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_yticks(_TICKS, [f"{100 * tick:.0f}" for tick in _TICKS])
    axes.grid(visible=True, axis="both")


def _histogram(axes: "Axes", table: Reliability, colour: str) -> None:
    share = table.n / max(table.n.sum(), 1)
    width = np.diff(table.edges)
    axes.bar(table.edges[:-1] + width / 2, share, width=0.85 * width, color=colour, alpha=0.55)
    axes.set_xticks(_TICKS, [f"{100 * tick:.0f}" for tick in _TICKS])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}")
    few_ticks(axes)
    axes.set_xlabel("predicted success, %")


def success_by_opportunity(curves: Mapping[str, LearningCurve], colours: Mapping[str, str]) -> "Figure":
    """Share correct at the n-th practice of a skill, and what each tracer predicted; below, the number of answers.

    curves: by tracer, all over the same answers. The band is the 95 % interval of the observed share.
    """
    seen = next(iter(curves.values()))
    with styled():
        figure, (axes, strip) = new(4.2, rows=2, sharex=True, gridspec_kw={"height_ratios": [4, 1]})
        low, high = wilson(seen.observed, seen.n)
        axes.fill_between(seen.opportunity, 100 * low, 100 * high, color=INK, alpha=0.12, linewidth=0)
        axes.plot(seen.opportunity, 100 * seen.observed, "o-", color=INK, markersize=4, linewidth=1.4)
        ends, labels = [(float(seen.opportunity[-1]), float(100 * seen.observed[-1]))], ["observed"]
        for name, curve in curves.items():
            axes.plot(curve.opportunity, 100 * curve.predicted, color=colours[name])
            ends.append((float(curve.opportunity[-1]), float(100 * curve.predicted[-1])))
            labels.append(name)
        axes.set_ylabel("success, %")
        axes.set_ylim(*axes.get_ylim())
        label_ends(axes, ends, labels, [INK, *(colours[name] for name in curves)], bold=[True, *[False] * len(curves)])
        strip.bar(seen.opportunity, seen.n, color=GRID, edgecolor=MUTED, linewidth=0.5)
        strip.set_ylabel("answers")
        few_ticks(strip)
        strip.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        strip.set_xlabel("practice of the same skill by the same learner")
        whole_numbers(strip)
        strip.set_xlim(0.4, float(seen.opportunity[-1]) + 0.6)
    return figure
