"""Figures about the return on learning: what moves the debt, for whom, and what hangs on which assumption."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.figures import new
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.money import Swing
from lernpfad.evaluate.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    OCHRE,
    ORANGE,
    PAPER,
    PURPLE,
    label_ends,
    styled,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ADDS: Final[Mapping[str, str]] = {"forgetting": ORANGE, "drift": OCHRE, "roles": PURPLE}
"""What adds debt, from the axis upwards, and its colour."""

NAMES: Final[Mapping[str, str]] = {
    "roles": "role moves",
    "drift": "rising requirements",
    "forgetting": "forgetting",
    "learning": "learning",
}


def why_debt_moves(weeks: Sequence[Mapping[str, Any]], *, title: str = "") -> "Figure":
    """What added debt in each week above the axis, what learning paid off below it, and the change as a line.

    weeks: as of `returns.by_week`.
    """
    at = np.asarray([row["week"] for row in weeks])
    parts = {name: 100 * np.asarray([row[name] for row in weeks]) for name in (*ADDS, "learning", "net")}
    with styled():
        figure, (axes,) = new(4.3)
        high, low = np.zeros(len(at)), np.zeros(len(at))
        for name, colour in ADDS.items():  # drift may be negative: requirements that fall are below the axis
            up, down = np.maximum(parts[name], 0), np.minimum(parts[name], 0)
            axes.bar(at, up, 0.8, bottom=high, color=colour, label=NAMES[name])
            axes.bar(at, down, 0.8, bottom=low, color=colour)
            high, low = high + up, low + down
        axes.bar(at, -parts["learning"], 0.8, bottom=low, color=BLUE, label=NAMES["learning"])
        axes.plot(at, parts["net"], color=INK, linewidth=1.8, label="change of the debt")
        axes.axhline(0, color=MUTED, linewidth=1)
        axes.set_ylabel("percentage points of debt in the week")
        axes.set_xlabel("week")
        axes.set_xlim(0.3, at[-1] + 0.7)
        whole_numbers(axes)
        figure.legend(
            loc="outside upper left", ncols=5, frameon=False, fontsize=9, title=title or None, alignment="left"
        )
    return figure


def groups(rows: Sequence[Mapping[str, Any]]) -> "Figure":
    """Debt of each group from the start (hollow) to the end (full), in percent; beside it its people and service ratio.

    rows: as of `returns.by_group`.
    """
    with styled():
        figure, (axes,) = new(1.0 + 0.3 * len(rows))
        places = np.arange(len(rows))[::-1]
        for place, row in zip(places, rows, strict=True):
            first, last = 100 * row["debt_start"], 100 * row["debt_end"]
            colour = INK if not row["grouping"] else BLUE if last <= first else ORANGE
            axes.plot([first, last], [place, place], color=colour, linewidth=2.4, alpha=0.5)
            axes.plot([first], [place], "o", color=colour, markerfacecolor=PAPER, markersize=6)
            axes.plot([last], [place], "o", color=colour, markersize=7)
            _beside(axes, place, row)
        axes.annotate("people", (1, 1), **_column(10), va="bottom", color=MUTED)
        axes.annotate("service ratio", (1, 1), **_column(60), va="bottom", color=MUTED)
        axes.set_yticks(places, [row["group"] for row in rows], color=INK)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlim(left=0)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("learning debt, % of what the roles require")
    return figure


def _column(points: float) -> dict[str, Any]:
    return {
        "xycoords": ("axes fraction", "axes fraction"),
        "xytext": (points, 4),
        "textcoords": "offset points",
        "fontsize": 9,
    }


def _beside(axes: "Axes", place: int, row: Mapping[str, Any]) -> None:
    paid = row["service_ratio"]
    words = (f"{row['people']:,}", "–" if paid != paid else f"{paid:.2f}")
    for points, word in zip((10, 60), words, strict=True):
        axes.annotate(
            word,
            (1, place),
            xycoords=("axes fraction", "data"),
            xytext=(points, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
        )


def return_by_share(per_share: Estimate, band: Sequence[float]) -> "Figure":
    """Benefit over cost against the share of a salary that full debt costs: from 1 on, the hours pay.

    per_share: benefit over cost at a share of 1. band: shares that are marked.
    """
    share = np.linspace(0.0, max(band) * 1.15, 100)
    with styled():
        figure, (axes,) = new(3.9)
        axes.fill_between(share, per_share.low * share, per_share.high * share, color=BLUE, alpha=0.16, linewidth=0)
        axes.plot(share, per_share.value * share, color=BLUE)
        for one in band:
            axes.plot([one], [per_share.value * one], "o", color=BLUE, markersize=7)
            axes.annotate(
                f"{per_share.value * one:.2f}",
                (one, per_share.value * one),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                color=INK,
            )
        axes.axhline(1, color=MUTED, linewidth=1, linestyle=(0, (4, 2)))
        even = 1 / per_share.value if per_share.value > 0 else float("inf")
        if even <= share[-1]:
            axes.axvline(even, color=GREEN, linewidth=1.4)
            axes.annotate(
                f"break-even {100 * even:.1f} %",
                (even, 0),
                xytext=(5, 6),
                textcoords="offset points",
                color=GREEN,
                fontsize=9,
            )
        axes.margins(y=0.12)
        axes.set_xlim(0, share[-1])
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        axes.set_xticks([0.0, *band], [f"{100 * one:g} %" for one in (0.0, *band)])
        axes.set_xlabel("share of a salary that is lost at full debt (nobody knows it)")
        axes.set_ylabel("benefit over cost")
        label_ends(axes, [(float(share[-1]), 1.0)], ["cost = benefit"], [MUTED], bold=[False])
    return figure


def tornado(swings: Sequence[Swing], *, middle: float) -> "Figure":
    """Benefit over cost when one assumption moves alone, what matters most on top; middle: with none moved."""
    with styled():
        figure, (axes,) = new(1.1 + 0.42 * len(swings))
        places = np.arange(len(swings))[::-1]
        for place, one in zip(places, swings, strict=True):
            wider_first = sorted(((one.low, ORANGE), (one.high, BLUE)), key=lambda end: -abs(end[0] - middle))
            for value, colour in wider_first:
                axes.barh(place, value - middle, 0.62, left=middle, color=colour)
            _ends(axes, place, one, middle)
        axes.axvline(middle, color=INK, linewidth=1)
        axes.axvline(1, color=MUTED, linewidth=1, linestyle=(0, (4, 2)))
        axes.annotate(
            "cost = benefit",
            (1, 1),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=9,
            color=MUTED,
        )
        axes.set_yticks(places, [one.what for one in swings], color=INK)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.12)
        axes.set_xlabel("benefit over cost; first value orange, second value blue")
    return figure


def _ends(axes: "Axes", place: int, one: Swing, middle: float) -> None:
    """The values beside the ends of a bar; where both lie on one side, the nearer one is inside and is not written."""
    both: tuple[FloatArray, ...] = (np.asarray(one.low), np.asarray(one.high))
    sides = {bool(value >= middle): float(value) for value in sorted(both, key=lambda value: abs(value - middle))}
    for right, value in sides.items():
        axes.annotate(
            f"{value:.2f}",
            (value, place),
            xytext=(4 if right else -4, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=9,
            color=INK,
        )
