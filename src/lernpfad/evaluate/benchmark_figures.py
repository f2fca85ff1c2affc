"""Figures of a benchmark: how models fare with newcomers, and what their accuracy costs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.core import BoolArray, FloatArray
from lernpfad.evaluate.figures import new
from lernpfad.evaluate.results import label
from lernpfad.evaluate.standings import FIT, SLICES, by_model
from lernpfad.evaluate.style import BLUE, INK, MUTED, SERIES, label_ends, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PLACES: Final = (*SLICES[:-1], "all")
_SHOWN: Final = len(SERIES)
_LETTER, _LINE = 7.0, 14.0
"""Pixels of a letter's width and of a line's height, in which names are laid out."""


def cold_start(lines: Sequence[Mapping[str, Any]]) -> "Figure":
    """AUC by the answer's number, one line a model; the best ones in colour."""
    models = by_model(lines)
    with styled():
        figure, (axes,) = new(4.2)
        ends, colours, names = [], [], []
        for rank, (name, some) in enumerate(models.items()):
            curve = _curve(some)
            there = np.flatnonzero(np.isfinite(curve))
            colour = SERIES[rank] if rank < _SHOWN else MUTED
            axes.plot(there, curve[there], "o-", color=colour, linewidth=2.0 if rank < _SHOWN else 0.8, markersize=4)
            if rank < _SHOWN:
                ends.append((float(there[-1]), float(curve[there[-1]])))
                colours.append(colour)
                names.append(label(name))
        axes.set_xticks(range(len(_PLACES)), [*_PLACES[:-1], "all answers"])
        axes.set_xlabel("which answer of the learner")
        axes.set_ylabel("AUC")
        label_ends(axes, ends, names, colours, bold=[rank == 0 for rank in range(len(ends))])
    return figure


def cost(lines: Sequence[Mapping[str, Any]]) -> "Figure":
    """Test AUC against processor seconds of a fit, one dot a model.

    What nothing quicker reaches is in colour and named; of the others, those whose names have room.
    """
    models = by_model([line for line in lines if FIT in line["cost"]])
    seconds = np.array([np.mean([one["cost"][FIT] for one in some]) for some in models.values()])
    auc = np.array([np.mean([one["test"]["auc"] for one in some]) for some in models.values()])
    best = np.array(
        [not bool(((seconds < x) & (auc >= y)).any()) for x, y in zip(seconds, auc, strict=True)], dtype=bool
    )
    names = [label(name) for name in models]
    with styled():
        figure, (axes,) = new(4.2)
        axes.scatter(seconds, auc, s=36, color=[BLUE if one else MUTED for one in best], zorder=3)
        axes.set_xscale("log")
        axes.margins(x=0.12, y=0.1)
        axes.set_xlabel("processor seconds to fit")
        axes.set_ylabel("test AUC")
        figure.canvas.draw()  # the places of names depend on the scales
        places = axes.transData.transform(np.stack([seconds, auc], axis=1)) if names else np.zeros((0, 2))
        for n in _with_room(names, places, first=best):
            axes.annotate(
                names[n],
                (seconds[n], auc[n]),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=8,
                color=INK if best[n] else MUTED,
            )
    return figure


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


def _curve(some: Sequence[Mapping[str, Any]]) -> FloatArray:
    """Mean AUC over the runs in which it is defined, by place."""
    table = np.array([[line["slices"][place]["auc"] for place in _PLACES] for line in some], dtype=np.float64)
    defined = np.isfinite(table)
    total = np.where(defined, table, 0.0).sum(axis=0)
    curve: FloatArray = np.divide(
        total, defined.sum(axis=0), out=np.full(len(_PLACES), np.nan), where=defined.any(axis=0)
    )
    return curve
