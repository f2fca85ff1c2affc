"""Settings of the commands that put fitted models to use: export, demo, similar."""

from dataclasses import dataclass, field
from typing import Any

from lernpfad.run.schema.common import MISSING, Common, Models


@dataclass
class Export(Common):
    """`lernpfad export`."""

    policy: Any = None
    evaluation: str | None = None
    models: Models = field(default_factory=Models)
    folder: str = MISSING
    intended_use: str = ""
    limits: str = ""


@dataclass
class Demo(Common):
    """`lernpfad demo`."""

    force: bool = False
    k: int = 3


@dataclass
class Similar(Common):
    """`lernpfad similar`."""

    item: str = MISSING
    model: str = MISSING
    k: int = 10
