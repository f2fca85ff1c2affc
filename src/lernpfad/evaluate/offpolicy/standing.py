"""Several policies on one log: what each would have earned by each estimator, as a table, a figure and a verdict."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.evaluate import tables
from lernpfad.evaluate.intervals import Estimate
from lernpfad.evaluate.offpolicy.judge import Judgement
from lernpfad.evaluate.offpolicy.onestep import DM, DR, IPS, SNDR, SNIPS, Estimator
from lernpfad.evaluate.offpolicy.weights import Clipped, Shrunk, SubGaussian, Switched
from lernpfad.evaluate.style import BLUE, MUTED, PAPER, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ESTIMATORS: Final[Mapping[str, Estimator]] = {
    "DR": DR(),
    "SNDR": SNDR(),
    "pessimistic DR": DR(Clipped(10.0)),
    "DRos": DR(Shrunk(100.0)),
    "Switch-DR": DR(Switched(10.0)),
    "SNIPS": SNIPS(),
    "IPS": IPS(),
    "clipped IPS": IPS(Clipped(10.0)),
    "sub-Gaussian IPS": IPS(SubGaussian(0.05)),
    "DM": DM(),
}
"""One-step estimators as they are asked for, with the limits of docs/offpolicy.md."""

USUAL: Final = ("DR", "SNIPS", "DM")
"""What is asked unless told otherwise: the one to rely on, one without a model, and the model alone."""

_PLATE: Final[dict[str, Any]] = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.0}
"""Behind a word that stands on a line."""


@dataclass(frozen=True, eq=False)
class Standing:
    """What a log says of policies. reward: mean of the logged reward per offer.

    judgements: policy to estimator to judgement. left_out: policies that no log can judge, with the reason. offers,
    of: how many offers were judged, and how many there were. support: why the logging policy is not known, "" if it is.
    """

    reward: Estimate
    judgements: Mapping[str, Mapping[str, Judgement]]
    left_out: Mapping[str, str]
    offers: int
    of: int
    learners: int
    support: str

    def rows(self) -> list[dict[str, str]]:
        """For people: a row for each policy and estimator."""
        return [_row(policy, name, one) for policy, by in self.judgements.items() for name, one in by.items()]

    def remarks(self) -> list[str]:
        """Reasons of refusals and warnings, each once with those whom it is about."""
        about: dict[str, list[str]] = {}
        for policy, by in self.judgements.items():
            for name, one in by.items():
                lines = [f"refused: {one.refused}"] if one.refused else one.warnings
                for line in lines:
                    about.setdefault(line, []).append(f"{policy} by {name}")
        said = [f"{', '.join(who)}: {line}" for line, who in about.items()]
        said += [f"{policy}: left out: {reason}" for policy, reason in self.left_out.items()]
        return said + ([f"support is not known: {self.support}"] if self.support else [])

    def record(self) -> dict[str, Any]:
        """As plain data; None where there is no number."""
        return {
            "reward": self.reward._asdict(),
            "offers": self.offers,
            "of": self.of,
            "learners": self.learners,
            "policies": {
                policy: {name: asdict(one) for name, one in by.items()} for policy, by in self.judgements.items()
            },
            "left_out": dict(self.left_out),
            "support": self.support or "known",
        }

    def text(self) -> str:
        """For a terminal: what was logged, the table, and the remarks."""
        earned = f"{tables.number(self.reward.value, 4)} ({tables.interval(self.reward.low, self.reward.high, 4)})"
        head = f"off-policy: {self.offers:,} of {self.of:,} offers to {self.learners:,} learners earned {earned} each"
        return "\n".join([head, tables.text(self.rows()), *(f"* {line}" for line in self.remarks())])


def _row(policy: str, name: str, one: Judgement) -> dict[str, str]:
    found = one.diagnostics
    return {
        "policy": policy,
        "estimator": name,
        "value": tables.number(one.value, 4),
        "95 % interval": tables.interval(one.low, one.high, 4),
        "effective offers": f"{found.ess:,.0f} ({tables.percent(found.ess_share, 1)})",
        "mean weight": f"{found.mean_weight:.2f}",
        "largest": f"{found.max_weight:.1f}",
        "heaviest 1 %": tables.percent(found.top),
        "never offered": tables.percent(found.unsupported, 1),
        "": "refused" if one.refused else "warning" if one.warnings else "",
    }


def beside_the_log(found: Standing) -> "Figure":
    """A dot with its interval for each estimate, the log's own reward as a line; what was refused is said so."""
    from lernpfad.evaluate.figures import new

    rows = [(policy, name, one) for policy, by in found.judgements.items() for name, one in by.items()]
    places = np.arange(len(rows))[::-1]
    with styled():
        figure, (axes,) = new(1.1 + 0.3 * len(rows))
        axes.axvspan(found.reward.low, found.reward.high, color=MUTED, alpha=0.15, linewidth=0)
        axes.axvline(found.reward.value, color=MUTED, linewidth=1)
        for place, (_, _, one) in zip(places, rows, strict=True):
            if one.refused:
                axes.text(found.reward.value, place, "refused", ha="center", va="center", color=MUTED, bbox=_PLATE)
                continue
            axes.plot([one.low, one.high], [place, place], color=BLUE, linewidth=2.6, alpha=0.55)
            axes.plot([one.value], [place], "o", color=BLUE, markersize=6)
        axes.set_yticks(places, [f"{policy}, {name}" for policy, name, _ in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.grid(axis="x")
        axes.grid(visible=False, axis="y")
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.15)
        axes.set_xlabel("reward per offer; grey: what the log itself earned")
    return figure
