"""Figures about realism: where a simulated log stands among real ones, and how well anybody can predict it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.figures import new
from lernpfad.evaluate.style import GRID, INK, MUTED, SERIES, label_ends, styled, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDEST: Final = 0.3
"""How far beyond its interval a value is drawn, in widths of the interval; further out it sits at the edge."""


def strips(
    intervals: Mapping[str, tuple[float, float]],
    real: Mapping[str, Mapping[str, float]],
    simulated: Mapping[str, Sequence[Mapping[str, float]]],
    beside: Mapping[str, Mapping[str, float]],
) -> "Figure":
    """One strip for each statistic: its interval as a band, real logs as rings, simulated ones as marks.

    Every strip has a scale of its own, on which the band is as wide as all others; its ends are written at the band.
    real, beside: log to statistics. simulated: way of logging to the statistics of each seed.
    """
    with styled():
        figure, (axes,) = new(1.5 + 0.42 * len(intervals))
        places = np.arange(len(intervals))[::-1]
        for place, (name, interval) in zip(places, intervals.items(), strict=True):
            _band(axes, place, interval)
            _marks(axes, place, interval, [one[name] for one in real.values()], marker="o", colour=MUTED, hollow=True)
            _marks(axes, place, interval, [one[name] for one in beside.values()], marker="s", colour=INK, hollow=True)
            for step, (colour, seeds) in enumerate(zip(SERIES, simulated.values(), strict=False)):
                height = place + 0.2 - 0.4 * (step + 0.5) / len(simulated)
                _marks(axes, height, interval, [one[name] for one in seeds], marker="d", colour=colour)
        axes.set_yticks(places, list(intervals), color=INK)
        axes.set_ylim(-0.7, len(intervals) - 0.3)
        axes.set_xlim(-_WIDEST - 0.2, 1 + _WIDEST + 0.2)
        axes.set_xticks([])
        axes.grid(visible=False)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        _legend(axes, list(simulated), list(beside))
    return figure


def _band(axes: "Axes", place: float, interval: tuple[float, float]) -> None:
    axes.barh(place, 1.0, left=0.0, height=0.62, color=GRID, linewidth=0)
    for x, value, side in ((-_WIDEST - 0.05, interval[0], "right"), (1 + _WIDEST + 0.05, interval[1], "left")):
        axes.text(x, place, f"{value:g}", ha=side, va="center", color=MUTED, fontsize=8)


def _marks(
    axes: "Axes",
    place: float,
    interval: tuple[float, float],
    values: Sequence[float],
    *,
    marker: str,
    colour: str,
    hollow: bool = False,
) -> None:
    at = (np.asarray(values, dtype=np.float64) - interval[0]) / (interval[1] - interval[0])
    at = np.clip(at, -_WIDEST, 1 + _WIDEST)
    face = "none" if hollow else colour
    axes.plot(at, np.full(len(at), place), marker, markersize=6, markerfacecolor=face, markeredgecolor=colour)


def _legend(axes: "Axes", simulated: Sequence[str], beside: Sequence[str]) -> None:
    rings = [("public logs", "o", MUTED, True), *((name, "s", INK, True) for name in beside)]
    marks = [(f"simulated, {name}", "d", colour, False) for name, colour in zip(simulated, SERIES, strict=False)]
    for name, marker, colour, hollow in (*rings, *marks):
        face = "none" if hollow else colour
        axes.plot([], [], marker, label=name, markerfacecolor=face, markeredgecolor=colour)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=2, frameon=False, fontsize=9)


def success_by_opportunity(real: Mapping[str, Mapping[int, float]], simulated: Mapping[str, FloatArray]) -> "Figure":
    """Success at the n-th answer on a skill, of the learner-skill pairs with at least eight.

    real: log to opportunity (from 1) and success there. simulated: way of logging to `[seeds, 8]`, whose mean is drawn
    with the range of the seeds as a band.
    """
    with styled():
        figure, (axes,) = new(4.2)
        ends: list[tuple[float, float]] = []
        for curve in real.values():
            axes.plot(list(curve), [100 * y for y in curve.values()], "o-", color=MUTED, linewidth=1.1, markersize=4)
            ends.append((max(curve), 100 * curve[max(curve)]))
        for colour, curves in zip(SERIES, simulated.values(), strict=False):
            opportunity = np.arange(1, curves.shape[1] + 1)
            low, high = 100 * curves.min(axis=0), 100 * curves.max(axis=0)
            axes.fill_between(opportunity, low, high, color=colour, alpha=0.2, linewidth=0)
            axes.plot(opportunity, 100 * curves.mean(axis=0), color=colour)
            ends.append((float(opportunity[-1]), float(100 * curves[:, -1].mean())))
        axes.set_ylabel("success, %")
        axes.set_xlabel("opportunity: answers of the learner on the skill, this one included")
        whole_numbers(axes)
        axes.set_ylim(*axes.get_ylim())
        colours = [MUTED] * len(real) + list(SERIES[: len(simulated)])
        label_ends(axes, ends, [*real, *simulated], colours, bold=[False] * len(real) + [True] * len(simulated))
    return figure


def ladder(
    found: Mapping[str, Mapping[str, Sequence[float]]], intervals: Mapping[str, tuple[float, float]]
) -> "Figure":
    """AUC of each predictor, best at the top: a dot for each seed, and where it may lie as a band.

    found: way of logging to predictor to the AUC of each seed.
    """
    names = list(next(iter(found.values())))
    names.sort(key=lambda name: np.mean([np.mean(one[name]) for one in found.values()]))
    with styled():
        figure, (axes,) = new(1.2 + 0.42 * len(names))
        for place, name in enumerate(names):
            if name in intervals:
                low, high = intervals[name]
                axes.barh(place, high - low, left=low, height=0.6, color=GRID, linewidth=0)
            for step, (colour, one) in enumerate(zip(SERIES, found.values(), strict=False)):
                height = np.full(len(one[name]), place + 0.2 - 0.4 * (step + 0.5) / len(found))
                axes.plot(one[name], height, "d", color=colour, markersize=6)
        for colour, way in zip(SERIES, found, strict=False):
            axes.plot([], [], "d", color=colour, label=way)
        axes.set_yticks(np.arange(len(names)), names, color=INK)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("AUC on learners that nothing was fitted to")
        axes.legend(loc="lower right", frameon=False, fontsize=9)
    return figure
