"""The robustness matrix as tables and as a figure for people."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate import tables
from lernpfad.evaluate.closed_loop import PER_HOURS, Lead
from lernpfad.evaluate.figures import new
from lernpfad.evaluate.results import label
from lernpfad.evaluate.robustness import Robustness
from lernpfad.evaluate.style import INK, MUTED, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Rows = list[dict[str, str]]

_PALE: Final = "#f4f6f8"
_BRIGHT_FROM: Final = 0.62
"""Of the scale from 0 to 1: cells above it are bright, so that dark figures are read on them."""


def score_rows(found: Robustness) -> Rows:
    """Normalised scores by world, their mean, the worst and where that is; the best worst case first."""
    return [
        {"policy": label(one)}
        | {world: _score(value) for world, value in zip(found.worlds, found.score(one), strict=True)}
        | {
            "mean": _score(found.mean(one)),
            "worst": _score(found.worst(one)),
            "worst in": _worst_in(found, one),
            f"regret per {PER_HOURS} h": _regret(found, one),
        }
        for one in found.policies
    ]


def per_hour_rows(found: Robustness) -> Rows:
    """Debt-weeks avoided per hundred hours against the reference in each world, with 95 % intervals."""
    return [
        {"policy": label(one)} | {world: _per_hour(found, world, one) for world in found.worlds}
        for one in found.policies
        if one != found.reference
    ]


def lead_rows(found: Robustness, policy: str) -> Rows:
    """How far a policy is ahead of each baseline, world by world."""
    return [
        {"world": world}
        | {
            part: text
            for baseline, leads in found.leads[world].items()
            if baseline != policy
            for part, text in _lead(baseline, leads[policy]).items()
        }
        for world in found.worlds
    ]


def verdict(found: Robustness) -> str:
    """What the matrix says of the recommended policy, in plain sentences."""
    best, weak = found.recommended, found.not_beaten(found.recommended)
    text = (
        f"The policy with the best worst case is {label(best)}: {tables.percent(found.worst(best))} of the oracle in "
        f"its worst world ({_worst_in(found, best)}), {tables.percent(found.mean(best))} on average."
    )
    if weak:
        where = ", ".join(f"{label(baseline)} in {world}" for world, baseline in weak)
        text += f" It is not surely ahead of {where}, and so may not be recommended without that reservation."
    else:
        text += " In every world it is ahead of " + " and ".join(map(label, next(iter(found.leads.values()))))
        text += " with the whole 95 % interval."
    if found.agreement == found.agreement:
        text += f" The worlds agree on the order of the policies with W = {found.agreement:.2f} (1: one order for all)."
    return text


def flat(found: Robustness, facts: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Everything, a row for each world and policy, for CSV."""
    rows = []
    for world in found.worlds:
        for policy, result in found.results[world].items():
            leads = {
                f"{part}_over_{baseline}": value
                for baseline, of in found.leads[world].items()
                for part, value in _numbers(of.get(policy)).items()
            }
            rows.append({"world": world, **result.row(), **leads, **facts.get((world, policy), {})})
    return rows


def heat(found: Robustness) -> "Figure":
    """Normalised scores as a heat map, policies by worlds, best worst case on top."""
    names = found.policies
    table = np.stack([found.score(one) for one in names])
    whole = np.concatenate([table, [[found.worst(one)] for one in names]], axis=1)
    with styled():
        figure, (axes,) = new(1.3 + 0.34 * len(names))
        axes.imshow(np.clip(whole, 0.0, 1.0), aspect="auto", cmap="cividis", vmin=0, vmax=1, interpolation="none")
        axes.grid(visible=False)
        axes.set_xticks(range(whole.shape[1]), [*found.worlds, "worst"], rotation=30, ha="right")
        axes.set_yticks(range(len(names)), [label(one) for one in names])
        axes.axvline(len(found.worlds) - 0.5, color="white", linewidth=4)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for (row, column), value in np.ndenumerate(whole):
            axes.text(
                column,
                row,
                _score(float(value)),
                ha="center",
                va="center",
                fontsize=8,
                color=INK if value > _BRIGHT_FROM else MUTED if value != value else _PALE,
            )
    return figure


def _score(value: float) -> str:
    return tables.number(value, 2)


def _worst_in(found: Robustness, policy: str) -> str:
    scores: FloatArray = found.score(policy)
    return tables.UNDEFINED if np.isnan(scores).all() else found.worlds[int(np.nanargmin(scores))]


def _regret(found: Robustness, policy: str) -> str:
    return tables.number(PER_HOURS * float(np.nanmean(found.regret(policy))))


def _per_hour(found: Robustness, world: str, policy: str) -> str:
    one = found.results[world][policy]
    sure = tables.interval(PER_HOURS * one.low, PER_HOURS * one.high, 1)
    return f"{tables.number(PER_HOURS * one.per_hour, 1)} ({sure})"


def _lead(baseline: str, lead: Lead) -> dict[str, str]:
    value, low, high = (PER_HOURS * one for one in lead.ahead)
    return {
        f"ahead of {label(baseline)}": f"{tables.number(value)} ({tables.interval(low, high)})",
        f"p, {label(baseline)}": tables.UNDEFINED if lead.p != lead.p else f"{lead.p:.3f}",
    }


def _numbers(lead: Lead | None) -> dict[str, float | None]:
    if lead is None:
        return dict.fromkeys(("lead", "lead_low", "lead_high", "lead_p"))
    return {"lead": lead.ahead.value, "lead_low": lead.ahead.low, "lead_high": lead.ahead.high, "lead_p": lead.p}
