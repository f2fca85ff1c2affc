"""Figures of a benchmark: how models fare with newcomers, what accuracy costs, and what they concentrate on."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.core import BoolArray, FloatArray
from lernpfad.evaluate import cells, standings
from lernpfad.evaluate.figures import new
from lernpfad.evaluate.ranking_slices import HISTORY
from lernpfad.evaluate.ranking_standings import written
from lernpfad.evaluate.results import label
from lernpfad.evaluate.standings import FIT, SLICES
from lernpfad.evaluate.style import BLUE, INK, MUTED, SERIES, label_ends, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLACES: Final = (*SLICES[:-1], "all")
_SHOWN: Final = len(SERIES)
_LETTER, _LINE = 7.0, 14.0
"""Pixels of a letter's width and of a line's height, in which names are laid out."""


def cold_start(lines: Sequence[Mapping[str, Any]]) -> "Figure":
    """AUC by the answer's number, one line a model; the best ones in colour."""
    curves = {
        label(name): _curve([[line["slices"][place]["auc"] for place in _PLACES] for line in some])
        for name, some in standings.by_model(lines).items()
    }
    with styled():
        figure, (axes,) = new(4.2)
        _draw_curves(axes, curves, [*_PLACES[:-1], "all answers"], x="which answer of the learner", y="AUC")
    return figure


def by_history(lines: Sequence[Mapping[str, Any]], metric: str) -> "Figure":
    """A ranking metric by the length of the history, one line a model; the best ones in colour."""
    there = [one for one in HISTORY if any(one in line["slices"]["history"] for line in lines)]
    curves = {
        label(name): _curve([[_value(line, one, metric) for one in there] for line in some])
        for name, some in cells.by_model(lines, metric).items()
    }
    with styled():
        figure, (axes,) = new(4.2)
        _draw_curves(axes, curves, there, x="rows of the learner's history", y=written(metric))
    return figure


def cost(lines: Sequence[Mapping[str, Any]]) -> "Figure":
    """Test AUC against processor seconds of a fit, one dot a model.

    What nothing quicker reaches is in colour and named; of the others, those whose names have room.
    """
    models = standings.by_model([line for line in lines if FIT in line["cost"]])
    seconds = np.array([np.mean([one["cost"][FIT] for one in some]) for some in models.values()])
    auc = np.array([np.mean([one["test"]["auc"] for one in some]) for some in models.values()])
    best = np.array(
        [not bool(((seconds < x) & (auc >= y)).any()) for x, y in zip(seconds, auc, strict=True)], dtype=bool
    )
    with styled():
        figure, (axes,) = new(4.2)
        axes.scatter(seconds, auc, s=36, color=_colours(best), zorder=3)
        axes.set_xscale("log")
        _name_dots(
            axes, [label(name) for name in models], seconds, auc, best=best, x="processor seconds to fit", y="test AUC"
        )
    return figure


def accuracy_and_coverage(lines: Sequence[Mapping[str, Any]], metric: str) -> "Figure":
    """A ranking metric against the share of the catalog that is in any list of ten, one dot a model.

    What nothing better covers as much of is in colour and named; of the others, those whose names have room.
    """
    models = cells.by_model(lines, metric)
    share = np.array([np.mean([one["test"]["coverage@10"] for one in some]) for some in models.values()])
    value = np.array([np.mean([one["test"][metric] for one in some]) for some in models.values()])
    best = np.array(
        [not bool(((value > y) & (share >= x)).any()) for x, y in zip(share, value, strict=True)], dtype=bool
    )
    with styled():
        figure, (axes,) = new(4.2)
        axes.scatter(share, value, s=36, color=_colours(best), zorder=3)
        of = "coverage@10, share of the catalog"
        _name_dots(axes, [label(name) for name in models], share, value, best=best, x=of, y=written(metric))
    return figure


def _draw_curves(axes: "Axes", curves: Mapping[str, FloatArray], places: Sequence[str], *, x: str, y: str) -> None:
    """The curves by name, best first; places where one is not defined are passed over. x, y: what the axes show."""
    ends, colours, names = [], [], []
    for rank, (name, curve) in enumerate(curves.items()):
        there = np.flatnonzero(np.isfinite(curve))
        colour = SERIES[rank] if rank < _SHOWN else MUTED
        axes.plot(there, curve[there], "o-", color=colour, linewidth=2.0 if rank < _SHOWN else 0.8, markersize=4)
        if rank < _SHOWN and len(there):
            ends.append((float(there[-1]), float(curve[there[-1]])))
            colours.append(colour)
            names.append(name)
    axes.set_xticks(range(len(places)), places)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    label_ends(axes, ends, names, colours, bold=[rank == 0 for rank in range(len(ends))])


def _colours(best: BoolArray) -> list[str]:
    return [BLUE if one else MUTED for one in best]


def _name_dots(
    axes: "Axes", names: Sequence[str], left: FloatArray, up: FloatArray, *, best: BoolArray, x: str, y: str
) -> None:
    """Names beside the dots at (left, up), the `best` ones first, on axes of these labels."""
    axes.margins(x=0.12, y=0.1)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.figure.canvas.draw()  # the places of names depend on the scales
    places = axes.transData.transform(np.stack([left, up], axis=1)) if names else np.zeros((0, 2))
    for n in _with_room(names, places, first=best):
        axes.annotate(
            names[n],
            (left[n], up[n]),
            xytext=(5, 4),
            textcoords="offset points",
            fontsize=8,
            color=INK if best[n] else MUTED,
        )


def _with_room(names: Sequence[str], places: FloatArray, *, first: BoolArray) -> list[int]:
    """Which names can stand beside their dots `[N, 2]`, in pixels, without touching one another; `first` come first."""
    taken: list[tuple[float, float, float]] = []
    shown = []
    for n in sorted(range(len(names)), key=lambda n: (not first[n], n)):
        (x, y), width = places[n], _LETTER * len(names[n])
        if all(x + width < left or right < x or abs(y - height) > _LINE for left, right, height in taken):
            taken.append((x, x + width, y))
            shown.append(n)
    return shown


def _value(line: Mapping[str, Any], place: str, metric: str) -> float | None:
    found: float | None = line["slices"]["history"].get(place, {}).get(metric)
    return found


def _curve(values: Sequence[Sequence[float | None]]) -> FloatArray:
    """Mean over the runs in which it is defined, by place; values: `[runs][places]`."""
    table = np.array(values, dtype=np.float64)
    defined = np.isfinite(table)
    total = np.where(defined, table, 0.0).sum(axis=0)
    curve: FloatArray = np.divide(
        total, defined.sum(axis=0), out=np.full(table.shape[1], np.nan), where=defined.any(axis=0)
    )
    return curve
