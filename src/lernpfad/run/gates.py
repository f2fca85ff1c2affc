"""What a challenger must not be worse at than the champion. Pure: metrics of two manifests in, refusals out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lernpfad.core import ConfigError, unknown_name

HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True)
class Gate:
    """metric: its place in the manifest's metrics, "tracer/auc". better: "higher" or "lower".

    tolerance: how much worse than the champion a challenger may be, in units of the metric; not below 0.
    """

    metric: str
    better: str
    tolerance: float = 0.0

    def __post_init__(self) -> None:
        if self.better not in (HIGHER, LOWER):
            raise ConfigError(unknown_name(f"value of better (gate {self.metric})", self.better, (HIGHER, LOWER)))
        if not self.tolerance >= 0:
            raise ConfigError(f"gate {self.metric}: tolerance is {self.tolerance}, expected 0 or more")

    def refusal(self, champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> str | None:
        """Why a challenger does not pass, or None. A metric that the champion lacks is no gate."""
        before, now = number(champion, self.metric), number(challenger, self.metric)
        if before is None:
            return None
        if now is None:
            return f"it has no {self.metric} (the champion has {before:.4g})"
        worse = before - now if self.better == HIGHER else now - before
        if worse <= self.tolerance:
            return None
        return f"{self.metric} is {now:.4g}, the champion's {before:.4g}, allowed is {self.tolerance:g} worse"


def refusals(gates: list[Gate], champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> list[str]:
    """Why the gates do not let a challenger through, one clause each; nothing if they do."""
    found = [gate.refusal(champion, challenger) for gate in gates]
    return [one for one in found if one is not None]


def number(metrics: Mapping[str, Any], place: str) -> float | None:
    """The number at "tracer/auc" in nested metrics; None where there is none."""
    value: Any = metrics
    for key in place.split("/"):
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None
