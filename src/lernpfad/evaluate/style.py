"""How every figure looks: one palette for light, dark and colour-blind readers, and labels at the lines."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.core import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK: Final = "#1c2430"
MUTED: Final = "#66707d"
GRID: Final = "#dde2e8"
PAPER: Final = "#ffffff"
BLUE: Final = "#0b62a8"
ORANGE: Final = "#c2500c"
GREEN: Final = "#00755b"
PURPLE: Final = "#8a489c"
OCHRE: Final = "#876400"

SERIES: Final = (BLUE, ORANGE, GREEN, PURPLE, OCHRE)
"""After Okabe & Ito (2008), darkened until text in these colours reads on white."""

DARK: Final[Mapping[str, str]] = {
    INK: "#e7eaef",
    MUTED: "#a0a9b6",
    GRID: "#38404c",
    PAPER: "#171b22",
    BLUE: "#74b9ff",
    ORANGE: "#ffa266",
    GREEN: "#54d3a9",
    PURPLE: "#d6a1ec",
    OCHRE: "#e2bc55",
}
"""What each colour becomes on a dark page."""

NAMES: Final[Mapping[str, str]] = {
    colour: name
    for name, colour in [
        ("ink", INK),
        ("muted", MUTED),
        ("grid", GRID),
        ("paper", PAPER),
        ("blue", BLUE),
        ("orange", ORANGE),
        ("green", GREEN),
        ("purple", PURPLE),
        ("ochre", OCHRE),
    ]
}

WIDTH: Final = 8.6
"""Inches across the page."""

LINE: Final = 0.165
"""Inches from one label to the next."""

_SETTINGS: Final[Mapping[str, Any]] = {
    "font.size": 10,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "svg.hashsalt": "lernpfad",
}


@contextmanager
def styled() -> Iterator[None]:
    """Within it, figures are drawn in the house style; matplotlib's own settings are as before afterwards."""
    from matplotlib import rc_context

    with rc_context(dict(_SETTINGS)):
        yield


def spread(wanted: FloatArray, gap: float, *, low: float = -np.inf, high: float = np.inf) -> FloatArray:
    """Places as near as possible to the wanted ones, `[n]`, but at least `gap` apart and within low and high.

    Neighbours that would overlap move apart by the same amount (pool adjacent violators, least squares).
    """
    order = np.argsort(wanted, kind="stable")
    steps = np.arange(len(order)) * gap
    blocks: list[list[float]] = []  # mean, size
    for value in np.asarray(wanted, dtype=np.float64)[order] - steps:
        blocks.append([float(value), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, n), (b, m) = blocks[-2:]
            blocks[-2:] = [[(a * n + b * m) / (n + m), n + m]]
    flat = np.concatenate([np.full(int(size), mean) for mean, size in blocks]) if blocks else np.empty(0)
    flat = np.clip(flat, low, max(low, high - (steps[-1] if len(steps) else 0.0)))
    placed = np.empty(len(order))
    placed[order] = flat + steps
    return placed


def label_ends(
    axes: "Axes",
    ends: Sequence[tuple[float, float]],
    labels: Sequence[str],
    colours: Sequence[str],
    *,
    bold: Sequence[bool],
) -> None:
    """Write each label beside the end (x, y) of its line, moved apart where lines end together.

    Call it when the limits of the axes are final. bold: which labels are set bold.
    """
    if not labels:
        return
    low, high = axes.get_ylim()
    gap = (high - low) * LINE / _height(axes)
    right = max(x for x, _ in ends)
    places = spread(np.asarray([y for _, y in ends]), gap, low=low, high=high)
    for (x, y), place, label, colour, strong in zip(ends, places, labels, colours, bold, strict=True):
        axes.annotate(
            label,
            xy=(x, y),
            xytext=(right, place),
            textcoords=_shifted(axes),
            color=colour,
            va="center",
            fontsize=9,
            fontweight="bold" if strong else "normal",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 1, "shrinkB": 1},
        )


def _height(axes: "Axes") -> float:
    """Inches that the axes are high, labels and titles around them included."""
    figure, place = axes.get_figure(root=True), axes.get_subplotspec()
    assert figure is not None, "axes are drawn in a figure"
    assert place is not None, "axes are made by Figure.subplots"
    return float(figure.get_size_inches()[1] * place.get_position(figure).height)


def _shifted(axes: "Axes") -> Any:
    from matplotlib.transforms import offset_copy

    return offset_copy(axes.transData, fig=axes.get_figure(root=True), x=10, y=0, units="points")


def whole_numbers(axes: "Axes") -> None:
    """No tick between two weeks, epochs or practices."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def few_ticks(axes: "Axes") -> None:
    """At most three ticks upwards, for a low strip."""
    from matplotlib.ticker import MaxNLocator

    axes.yaxis.set_major_locator(MaxNLocator(nbins=2))
