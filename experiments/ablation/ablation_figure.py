"""ablation.png: what is avoided by what is told, and by the accuracy of the recommender."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablation import RECOMMENDERS, with_recommender
from ablation_company import TRUTH

from lernpfad.evaluate.figures import new
from lernpfad.evaluate.style import BLUE, INK, MUTED, ORANGE, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("legal random", "affinity only", "neither", "affinity, no tracing", "tracing only", "both", "oracle")
AVOIDED = "debt-weeks avoided per 100 h"


def draw(found: Any, path: Path) -> None:
    with styled():
        figure, (left, right) = new(3.9, columns=2, width_ratios=[1, 1])
        _ways(left, found)
        _recommenders(right, found)
        figure.savefig(path, dpi=110)


def _ways(axes: "Axes", found: Any) -> None:
    for place, name in enumerate(SHOWN):
        value, low, high = found.loop.estimate(name)
        colour = BLUE if name == "both" else MUTED if name in ("legal random", "oracle") else INK
        axes.errorbar(value, -place, xerr=[[value - low], [high - value]], fmt="o", color=colour, elinewidth=1.5)
        axes.annotate(f"{value:.1f}", (high, -place), (5, -3), textcoords="offset points", fontsize=8, color=colour)
    axes.set_yticks([-place for place in range(len(SHOWN))], SHOWN)
    axes.margins(x=0.18)
    axes.grid(visible=True, axis="x")
    axes.grid(visible=False, axis="y")
    axes.set(title="What the policy is told", xlabel=AVOIDED)


def _recommenders(axes: "Axes", found: Any) -> None:
    for place, (colour, what) in enumerate(((ORANGE, "recommender alone"), (BLUE, "with tracing"))):
        for number, name in enumerate(RECOMMENDERS):
            said = found.ndcg.value(with_recommender(name)[0])
            value, low, high = found.loop.estimate(with_recommender(name)[place])
            filled = "none" if name == TRUTH else colour
            axes.errorbar(
                said, value, yerr=[[value - low], [high - value]], fmt="o", color=colour, mfc=filled, elinewidth=1
            )
            if place == 1:
                below = {"xytext": (2, -4), "ha": "right", "va": "top"} if number % 2 else {"xytext": (0, 4)}
                spot = (said, low if number % 2 else high)
                axes.annotate(name, spot, textcoords="offset points", fontsize=8, rotation=45, **below)
        axes.annotate(
            what, (0.03, 0.55 if place else 0.3), xycoords="axes fraction", color=colour, fontsize=9, fontweight="bold"
        )
    axes.margins(x=0.2, y=0.25)
    axes.set(title="Does a better ranking offer better?", xlabel="NDCG@10 of the recommender", ylabel=AVOIDED)
