"""How a benchmark's tables write what was found: shares, spreads over runs, leads, published figures and gates."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, TypeAlias, TypeVar

from lernpfad.evaluate import tables

Line: TypeAlias = Mapping[str, Any]
"""One run of one model, as a benchmark keeps it."""

Part = TypeVar("Part")

Row: TypeAlias = dict[str, Any]


def by_model(lines: Sequence[Line], metric: str) -> dict[str, list[Line]]:
    """The lines of a lane by model, the best mean of a test metric first, each model's runs in order."""
    found: dict[str, list[Line]] = {}
    for line in sorted(lines, key=lambda one: one["run"]):
        found.setdefault(line["model"], []).append(line)
    return dict(sorted(found.items(), key=lambda one: -mean(one[1], lambda line: float(line["test"][metric]))))


def mean(some: Sequence[Part], of: Callable[[Part], float | None]) -> float:
    """Over the runs in which it is defined; NaN if in none."""
    values = [value for one in some if (value := of(one)) is not None]
    return fmean(values) if values else float("nan")


def points(value: float, digits: int = 4) -> str:
    """A share without its leading zero, as the field writes it."""
    return tables.number(value, digits).replace("0.", ".", 1) if value < 1 else tables.number(value, digits)


def spread(some: Sequence[Line], metric: str) -> str:
    """Mean of a test metric over the runs, and its sample deviation where there are several."""
    values = [float(line["test"][metric]) for line in some]
    return points(fmean(values)) + (f" ± {points(stdev(values))}" if len(values) > 1 else "")


def lead(found: Sequence[float]) -> str:
    """A difference and the ends of its interval, all signed."""
    value, low, high = found
    return f"{_signed(value)} [{_signed(low)}, {_signed(high)}]"


def published(one: Mapping[str, Any], metric: str) -> str:
    """The published figure of the metric with its source; nothing where there is none."""
    if metric not in one:
        return ""
    deviation = f" ± {points(one['spread'])}" if "spread" in one else ""
    return f"{points(one[metric])}{deviation} ({one['source']})"


def gate(one: Mapping[str, Any], metric: str) -> str:
    """What has to be reached: a floor, or a figure to reproduce."""
    if "gate" in one:
        return f"≥ {points(one['gate'], 3)}"
    return f"{points(one[metric])} ± {_tolerance(one['within'])}" if "within" in one else ""


def reached(value: float, one: Mapping[str, Any], metric: str) -> str:
    """A gate is a floor. A figure to reproduce is missed on either side: too good is as suspicious as too bad."""
    if "gate" in one:
        return "yes" if value >= one["gate"] else "**no**"
    if "within" in one:
        return "yes" if abs(value - one[metric]) <= one["within"] else "**no**"
    return ""


def of_all(some: int, runs: int, one: Mapping[str, Any]) -> str:
    """Said where the figure is not yet the mean that the gate is for."""
    return f" ({some} of {runs})" if some < runs and ("gate" in one or "within" in one) else ""


def two_digits(value: float) -> int:
    """A speed, of which more digits would say nothing."""
    digits = 10 ** max(len(str(int(value))) - 2, 0)
    return int(round(value / digits) * digits)


def _tolerance(value: float) -> str:
    return points(value, 3 if value >= 0.001 else 4)


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("0.", ".", 1)
