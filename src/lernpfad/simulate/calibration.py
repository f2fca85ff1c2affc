"""What a calibration finds: a world's log against the gates, and how much of its answers can be known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lernpfad.simulate.gates import GATES, HEADROOM, LADDER, inside
from lernpfad.simulate.publiclogs import PUBLIC_LOGS

ON_THE_DAY: Final = "true probability on the day"
USUALLY: Final = "true probability on a usual day"
OBSERVED: Final = "told the world, not the people"
TRUTHS: Final = (ON_THE_DAY, USUALLY, OBSERVED)
"""Predictors that no tracer can be: what they know is hidden from it."""


@dataclass(frozen=True)
class Column:
    """What one way of logging gave. name: of it. statistics, ladder: of each seed, ladder empty if none was asked."""

    name: str
    statistics: list[dict[str, float]] = field(default_factory=list)
    ladder: list[dict[str, float]] = field(default_factory=list)

    @property
    def passed(self) -> dict[str, bool]:
        """Gate to whether every seed passes it."""
        each = [inside(found) for found in self.statistics]
        return {name: all(one[name] for one in each) for name in GATES}

    @property
    def headroom(self) -> dict[str, list[float]]:
        """By how much each of the predictors that know something of the truth leads the best tracer, for each seed."""
        if not self.ladder:
            return {}
        best = [max(value for name, value in one.items() if name not in TRUTHS) for one in self.ladder]
        return {
            f"{name} minus best tracer": [one[name] - top for one, top in zip(self.ladder, best, strict=True)]
            for name in TRUTHS
            if name in self.ladder[0]
        }


def result(columns: Sequence[Column], beside: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """All that was found, as plain data."""
    return {
        "columns": [
            {
                "name": one.name,
                "statistics": one.statistics,
                "passed": one.passed,
                "ladder": one.ladder,
                "headroom": one.headroom,
            }
            for one in columns
        ],
        "gates": GATES,
        "ladder_gates": LADDER,
        "headroom_gate": HEADROOM,
        "public_logs": PUBLIC_LOGS,
        "beside": beside,
        "failed": [f"{name} ({one.name})" for one in columns for name, passed in one.passed.items() if not passed],
    }
