"""Settings of the commands that put fitted models to use: export, promote, rollback, demo, similar."""

from dataclasses import dataclass, field
from typing import Any

from lernpfad.run.schema.common import MISSING, Common, Models


@dataclass
class Papers:
    """What only the operator knows, for the documents of a bundle."""

    controller: str | None = None
    contact: str | None = None
    legal_basis: str | None = None
    recipients: str | None = None
    retention_months: int | None = None
    works_agreement: str | None = None


@dataclass
class Export(Common):
    """`lernpfad export`."""

    policy: Any = None
    evaluation: str | None = None
    models: Models = field(default_factory=Models)
    folder: str = MISSING
    intended_use: str = ""
    limits: str = ""
    register: str | None = None
    precision: str = "float32"
    precision_may_lose: float = 0.005
    matrix: str | None = None
    matrix_policy: str | None = None
    papers: Papers = field(default_factory=Papers)


@dataclass
class Promote(Common):
    """`lernpfad promote`."""

    name: str = MISSING
    version: Any = "challenger"
    why: str = MISSING
    across_data: bool = False
    gates: Any = None


@dataclass
class Rollback(Common):
    """`lernpfad rollback`."""

    name: str = MISSING
    why: str = MISSING


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
