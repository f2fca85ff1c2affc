"""Figures of a benchmark: how models fare with newcomers, and what their accuracy costs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.figures import new
from lernpfad.evaluate.results import label
from lernpfad.evaluate.standings import FIT, SLICES, by_model
from lernpfad.evaluate.style import BLUE, INK, MUTED, SERIES, label_ends, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PLACES: Final = (*SLICES[:-1], "all")
_SHOWN: Final = len(SERIES)


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
    """Test AUC against processor seconds of a fit, one dot a model; what is best for its cost is named in colour."""
    models = by_model([line for line in lines if FIT in line["cost"]])
    seconds = np.array([np.mean([one["cost"][FIT] for one in some]) for some in models.values()])
    auc = np.array([np.mean([one["test"]["auc"] for one in some]) for some in models.values()])
    with styled():
        figure, (axes,) = new(4.2)
        for name, x, y in zip(models, seconds, auc, strict=True):
            frontier = not bool(((seconds < x) & (auc >= y)).any())
            axes.plot([x], [y], "o", color=BLUE if frontier else MUTED, markersize=6)
            axes.annotate(
                label(name),
                (x, y),
                xytext=(5, 4),
                textcoords="offset points",
                fontsize=8,
                color=INK if frontier else MUTED,
            )
        axes.set_xscale("log")
        axes.margins(x=0.12, y=0.1)
        axes.set_xlabel("processor seconds to fit")
        axes.set_ylabel("test AUC")
    return figure


def _curve(some: Sequence[Mapping[str, Any]]) -> FloatArray:
    """Mean AUC over the runs in which it is defined, by place."""
    table = np.array([[line["slices"][place]["auc"] for place in _PLACES] for line in some], dtype=np.float64)
    defined = np.isfinite(table)
    total = np.where(defined, table, 0.0).sum(axis=0)
    curve: FloatArray = np.divide(
        total, defined.sum(axis=0), out=np.full(len(_PLACES), np.nan), where=defined.any(axis=0)
    )
    return curve
