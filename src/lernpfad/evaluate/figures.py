"""The figures that people look at: each takes arrays and returns a matplotlib Figure, drawn without pyplot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.core import Array, FloatArray
from lernpfad.evaluate.intervals import LEVEL, resampled_sums
from lernpfad.evaluate.style import INK, MUTED, WIDTH, label_ends, styled, whole_numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RESAMPLES: Final = 400


@dataclass(frozen=True)
class Pen:
    """How a series is drawn. strong: thick, with its uncertainty; otherwise a thin line in the background."""

    label: str
    colour: str
    strong: bool = True
    dashed: bool = False


def new(height: float, *, columns: int = 1, rows: int = 1, **grid: Any) -> "tuple[Figure, list[Axes]]":
    """An empty figure of the page's width and its axes, row by row."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **grid)
    return figure, list(axes.ravel())


def scores(
    labels: Sequence[str],
    value: FloatArray,
    low: FloatArray,
    high: FloatArray,
    *,
    colours: Sequence[str],
    unit: str,
    zero: str,
) -> "Figure":
    """One dot with its 95 % interval per row, in the given order from the top; value, low, high: `[rows]`.

    unit: what the axis shows. zero: what 0 means, written at the line.
    """
    with styled():
        figure, (axes,) = new(0.9 + 0.36 * len(labels))
        places = np.arange(len(labels))[::-1]
        for place, v, lo, hi, colour in zip(places, value, low, high, colours, strict=True):
            axes.plot([lo, hi], [place, place], color=colour, linewidth=2.6, alpha=0.55)
            axes.plot([v], [place], "o", color=colour, markersize=7)
            if v == v:
                axes.annotate(
                    f"{v:z.2f}", (max(v, hi), place), xytext=(8, 0), textcoords="offset points", va="center", color=INK
                )
        axes.axvline(0, color=MUTED, linewidth=1)
        axes.annotate(
            zero,
            (0, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            color=MUTED,
            fontsize=9,
        )
        axes.set_yticks(places, labels, color=INK)
        axes.set_ylim(-0.6, len(labels) - 0.4)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.1)
        axes.set_xlabel(unit)
    return figure


def debt_over_time(
    debt: Mapping[str, FloatArray], pens: Mapping[str, Pen], *, reference: str, rest: int = 0
) -> "Figure":
    """Mean learning debt per week, in percent; debt: policy to `[weeks + 1, L]`. rest: weeks without offers at the end.

    The band of a strong line is the 95 % interval of its distance to the reference on the same learners: where it
    does not touch the reference, the policies differ. (How much learners differ from each other is not in it.)
    """
    with styled():
        figure, (axes,) = new(4.3)
        ends: list[tuple[float, float]] = []
        for name, values in debt.items():
            pen, weeks, mean = pens[name], np.arange(len(values)), 100 * values.mean(axis=1)
            if pen.strong:
                low, high = mean_band(100 * (debt[reference] - values))
                level = 100 * debt[reference].mean(axis=1)
                axes.fill_between(weeks, level - high, level - low, color=pen.colour, alpha=0.16, linewidth=0)
            _line(axes, weeks, mean, pen)
            ends.append((float(weeks[-1]), float(mean[-1])))
        if rest:
            axes.axvline(len(debt[reference]) - 1 - rest, color=MUTED, linewidth=1, linestyle=":", zorder=1)
        axes.set_ylabel("learning debt, % of what the roles require")
        axes.set_xlabel("week")
        whole_numbers(axes)
        _label(axes, ends, [pens[name] for name in debt])
    return figure


def _line(axes: "Axes", x: Array, y: FloatArray, pen: Pen) -> None:
    axes.plot(
        x,
        y,
        color=pen.colour,
        linewidth=2.2 if pen.strong else 1.1,
        linestyle=(0, (5, 2)) if pen.dashed else "-",
        zorder=3 if pen.strong else 2,
    )


def _label(axes: "Axes", ends: Sequence[tuple[float, float]], pens: Sequence[Pen]) -> None:
    axes.set_ylim(*axes.get_ylim())
    axes.margins(x=0.02)
    labels, colours, bold = [pen.label for pen in pens], [pen.colour for pen in pens], [pen.strong for pen in pens]
    label_ends(axes, ends, labels, colours, bold=bold)


def mean_band(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """95 % bootstrap interval of the mean over learners; values: `[points, L]`, both ends `[points]`."""
    drawn = resampled_sums(values.T, resamples=_RESAMPLES) / values.shape[1]
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high


def return_on_hours(
    hours: Mapping[str, FloatArray], avoided: Mapping[str, FloatArray], pens: Mapping[str, Pen]
) -> "Figure":
    """Debt-weeks avoided so far against hours learned so far, per learner: the steeper, the better used the hour.

    hours, avoided: policy to cumulated means, `[weeks + 1]`.
    """
    with styled():
        figure, (axes,) = new(3.9)
        ends = []
        for name, spent in hours.items():
            _line(axes, spent, avoided[name], pens[name])
            axes.plot(spent[-1], avoided[name][-1], "o", color=pens[name].colour, markersize=4)
            ends.append((float(spent[-1]), float(avoided[name][-1])))
        axes.axhline(0, color=MUTED, linewidth=1)
        axes.set_xlabel("learning hours per learner, cumulated")
        axes.set_ylabel("debt-weeks avoided per learner, cumulated")
        _label(axes, ends, [pens[name] for name in hours])
    return figure


def mastery_over_time(
    mastery: Mapping[str, FloatArray], level: FloatArray, skills: Sequence[str], *, person: str
) -> "Figure":
    """One learner's true mastery, skills x weeks, side by side under different policies.

    mastery: title to `[weeks + 1, K]`. level: what her role requires, `[weeks + 1, K]`. A dot marks every week in
    which the requirement is met; mastery of the first and last week stands in the cells, the level that is required
    in the last week at the right, all in percent, bold where it is met.
    """
    with styled():
        figure, panels = new(1.4 + 0.27 * len(skills), columns=len(mastery), sharey=True)
        for axes, (title, known) in zip(panels, mastery.items(), strict=True):
            image = axes.imshow(known.T, aspect="auto", cmap="cividis", vmin=0, vmax=1, interpolation="none")
            week, skill = np.nonzero(known >= level)
            room = 1 + len(known) * len(mastery) // 36  # columns that a figure at either end covers
            inner = (week >= room) & (week < len(known) - room)
            axes.plot(week[inner], skill[inner], "o", color=_LIGHT, markersize=4, mec=_DARK, mew=0.6)
            _ends(axes, known, level)
            axes.set_title(title)
            axes.set_xlabel("week")
            axes.grid(visible=False)
            axes.spines[:].set_visible(False)
            whole_numbers(axes)
        panels[0].set_yticks(np.arange(len(skills)), skills, color=INK, fontsize=9)
        _requirements(panels[-1], level[-1])
        bar = figure.colorbar(image, ax=panels, shrink=0.8, pad=0.01, aspect=30, format=lambda v, _: f"{100 * v:.0f} %")
        bar.set_label(f"mastery of {person}")
        bar.outline.set_visible(False)
    return figure


_LIGHT: Final = "#fffffe"
_DARK: Final = "#000001"
"""White and black on the heat map, which stays as it is on a dark page."""


def _ends(axes: "Axes", known: FloatArray, level: FloatArray) -> None:
    """Mastery in percent in the first and the last cell of each row, bold where the requirement is met."""
    for week, side in ((0, "left"), (len(known) - 1, "right")):
        for place, value in enumerate(known[week]):
            axes.text(
                week + (-0.4 if side == "left" else 0.4),
                place,
                f"{100 * value:.0f}",
                ha=side,
                va="center",
                fontsize=8,
                color=_DARK if value > 0.55 else _LIGHT,
                fontweight="bold" if value >= level[week, place] else "normal",
            )


def _requirements(axes: "Axes", level: FloatArray) -> None:
    for place, required in enumerate(level):
        axes.annotate(
            f"{100 * required:.0f} %",
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=MUTED,
        )
    axes.annotate(
        "required",
        (1, 1),
        xycoords="axes fraction",
        xytext=(4, 4),
        textcoords="offset points",
        fontsize=8.5,
        color=MUTED,
    )


def training_curves(history: Mapping[str, Sequence[Mapping[str, float]]], colours: Mapping[str, str]) -> "Figure":
    """What fitting looked like: one panel per metric, one line per model (validation drawn through, training dashed).

    history: model to its metrics of each epoch, `{"train/loss": .6, "valid/auc": .71}`. The best validation epoch
    is marked. colours: of the models.
    """
    keys = sorted(
        {key for epochs in history.values() for one in epochs for key in one}, key=lambda k: k.split("/")[::-1]
    )
    panels = sorted({key.split("/")[-1] for key in keys}, key=lambda name: (name != "auc", name))
    with styled():
        figure, all_axes = new(3.3, columns=len(panels))
        for axes, panel in zip(all_axes, panels, strict=True):
            ends, pens = [], []
            for name, epochs in history.items():
                for key in sorted(key for key in keys if key.split("/")[-1] == panel):
                    values = np.asarray([one.get(key, np.nan) for one in epochs], dtype=np.float64)
                    if np.isnan(values).all():
                        continue
                    part = key.split("/")[0] if "/" in key else ""
                    pen = Pen(f"{name} {part}".strip(), colours[name], strong=part != "train", dashed=part == "train")
                    ends.append(_training_line(axes, values, pen, best=part == "valid", largest=panel in RISING))
                    pens.append(pen)
            axes.set_title(LONG_NAMES.get(panel, panel.replace("_", " ")))
            axes.set_xlabel("epoch")
            whole_numbers(axes)
            _label(axes, ends, pens)
    return figure


RISING: Final = ("auc", "accuracy")
"""Metrics of which more is better."""

LONG_NAMES: Final[Mapping[str, str]] = {
    "auc": "AUC",
    "accuracy": "Accuracy",
    "log_loss": "Log loss",
    "loss": "Loss",
    "brier": "Brier score",
    "rmse": "RMSE",
    "ece": "Calibration error",
}


def _training_line(axes: "Axes", values: FloatArray, pen: Pen, *, best: bool, largest: bool) -> tuple[float, float]:
    epoch = np.arange(1, len(values) + 1)
    known = ~np.isnan(values)
    _line(axes, epoch[known], values[known], pen)
    if best:
        at = int(np.nanargmax(values) if largest else np.nanargmin(values))
        axes.plot(epoch[at], values[at], "o", color=pen.colour, markersize=6)
    last = int(np.flatnonzero(known)[-1])
    return float(epoch[last]), float(values[last])
