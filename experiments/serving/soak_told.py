"""What `soak.py` saw: figures a minute, the slope of memory with its interval, a table, a picture."""

import statistics
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from lernpfad.evaluate.figures import new
from lernpfad.evaluate.png import png
from lernpfad.evaluate.style import BLUE, ORANGE, styled

SETTLED: Final = 120.0
"""Seconds from which on memory has to be flat."""
BLOCK: Final = 30.0
"""Seconds whose samples count as one point: neighbours are not independent."""

Answers = Sequence[tuple[float, str, float, int]]


def judged(answers: Answers, seen: Sequence[dict[str, float]], *, planned: int) -> dict[str, Any]:
    """All that is kept of a soak. answers: seconds, kind, ms, status. seen: samples of the server."""
    kinds = sorted({kind for _, kind, _, _ in answers})
    return {
        "requests": len(answers),
        "unsent": max(0, planned - len(answers)),
        "statuses": {str(status): count for status, count in Counter(one[3] for one in answers).items()},
        "kinds": {kind: percentiles([ms for _, named, ms, _ in answers if named == kind]) for kind in kinds},
        "minutes": minutes(answers, seen),
        "slope": slope(seen),
        "samples": [{name: one[name] for name in ("seconds", "rss", "wal", "files", "threads")} for one in seen],
    }


def percentiles(ms: Sequence[float]) -> dict[str, float]:
    ranked = sorted(ms)
    figures = {"p50": statistics.median(ranked), "p99": ranked[int(0.99 * (len(ranked) - 1))], "max": ranked[-1]}
    return {name: round(value, 2) for name, value in figures.items()} | {"requests": len(ranked)}


def minutes(answers: Answers, seen: Sequence[dict[str, float]]) -> list[dict[str, Any]]:
    """A row a minute: latency of what was answered in it, and the server as it stood at its end."""
    found = []
    for n in range(round(max(one["seconds"] for one in seen) / 60)):
        ms = [took for at, _, took, _ in answers if 60 * n <= at < 60 * (n + 1)]
        here = [one for one in seen if 60 * n <= one["seconds"] < 60 * (n + 1)]
        wal = max(one["wal"] for one in here)
        found.append({"minute": n + 1, **percentiles(ms), **here[-1], "wal": wal})
    return found


def slope(seen: Sequence[dict[str, float]]) -> dict[str, float]:
    """MB resident a minute once it has settled, least squares over means of half minutes, with a 95 % t interval."""
    from scipy import stats

    at = np.array([one["seconds"] for one in seen])
    rss = np.array([one["rss"] for one in seen])
    edges = np.arange(SETTLED, at[-1] + 1.0, BLOCK)
    inside = [(at >= low) & (at < high) for low, high in pairwise(edges)]
    x = np.array([at[one].mean() / 60 for one in inside if one.any()])
    y = np.array([rss[one].mean() for one in inside if one.any()])
    if len(x) < 3:
        return {}
    fit = stats.linregress(x, y)
    half = float(stats.t.ppf(0.975, len(x) - 2)) * fit.stderr
    figures = {"mb_a_minute": fit.slope, "low": fit.slope - half, "high": fit.slope + half, "points": len(x)}
    return {name: round(float(value), 4) for name, value in figures.items()}


def table(found: dict[str, Any]) -> str:
    """Markdown: a row a minute, and a line that judges."""
    lines = [
        "| minute | requests | p50 | p99 | max | MB | files | threads | store MB | log MB, at most | load |",
        "|" + "---|" * 11,
    ]
    for one in found["minutes"]:
        cells = [one[name] for name in ("minute", "requests", "p50", "p99", "max", "rss")]
        cells += [int(one["files"]), int(one["threads"]), one["store"], one["wal"], one["load"]]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    told = found["slope"]
    if told:
        lines.append(f"\n{told['mb_a_minute']} MB a minute ({told['low']} to {told['high']}); {found['statuses']}")
    return "\n".join(lines)


def drawn(found: dict[str, Any]) -> bytes:
    """Memory and latency over time, as PNG."""
    with styled():
        figure, (left, right) = new(3.2, columns=2, width_ratios=[1, 1])
        at = [one["seconds"] / 60 for one in found["samples"]]
        left.plot(at, [one["rss"] for one in found["samples"]], color=BLUE)
        left.set(title="Resident memory", xlabel="minutes", ylabel="MB")
        left.set_ylim(0, 1.25 * max(one["rss"] for one in found["samples"]))
        for name, colour in (("p50", BLUE), ("p99", ORANGE)):
            values = [one[name] for one in found["minutes"]]
            right.plot([one["minute"] for one in found["minutes"]], values, color=colour)
            right.annotate(
                name, (len(values), values[-1]), (4, -3), textcoords="offset points", color=colour, fontsize=9
            )
        right.set(
            title="Latency of each minute",
            xlabel="minute",
            ylabel="ms",
            ylim=(0, None),
            xlim=(1, len(found["minutes"]) + 0.7),
        )
    return png(figure)
