"""What the settings of several commands have in common."""

from dataclasses import dataclass
from typing import Any

MISSING: Any = "???"
"""What the command line or the YAML must give."""


@dataclass
class Common:
    """What every command has."""

    seed: int = 0
    runs: str = "runs"
    tracking: Any = None


@dataclass
class Models:
    """Folders of fitted models."""

    tracer: str | None = None
    recommender: str | None = None
