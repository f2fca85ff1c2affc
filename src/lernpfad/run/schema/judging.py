"""Settings of the commands that judge models and policies: evaluate, report, matrix."""

from dataclasses import dataclass, field
from typing import Any

from lernpfad.run.schema.common import MISSING, Common


@dataclass
class NeededModels:
    """Folders of fitted models: there is nothing to do without a tracer; others are measured beside it."""

    tracer: str = MISSING
    recommender: str | None = None
    others: list[str] = field(default_factory=list)


@dataclass
class ReportModels:
    """The models in use; there is nothing to do without a tracer."""

    tracer: str = MISSING
    recommender: str | None = None


@dataclass
class EvaluateLog:
    """The people of whose offers under the past policy the policies learn that learn."""

    learners: int = 300
    weeks: int = 26


@dataclass
class Evaluate(Common):
    """`lernpfad evaluate`."""

    simulator: Any = None
    data: Any = None
    past_policy: Any = None
    policies: Any = None
    models: NeededModels = field(default_factory=NeededModels)
    log: EvaluateLog = field(default_factory=EvaluateLog)
    only: list[str] | None = None
    reference: str = "wateringcan"
    learners: int = 200
    past_weeks: int = 12
    weeks: int = 26
    rest: int = 4
    repeats: int = 1
    resamples: int = 2000
    offpolicy: Any = None
    offpolicy_rows: int = 5000
    ranking_history: float = 0.5
    ranking_targets: str = "all"
    ranking_mask_seen: bool = True
    ranking_ks: list[int] = field(default_factory=lambda: [5, 10, 20])
    progress: bool = True


@dataclass
class Report(Common):
    """`lernpfad report`. money, ends, worlds: see `lernpfad.evaluate.money`."""

    simulator: Any = None
    data: Any = None
    past_policy: Any = None
    policy: Any = None
    reference: Any = None
    models: ReportModels = field(default_factory=ReportModels)
    learners: int = 200
    past_weeks: int = 12
    weeks: int | None = 26
    repeats: int = 1
    units: int | None = None
    band: list[float] = field(default_factory=lambda: [0.1, 0.2, 0.4])
    money: dict[str, float] = field(default_factory=dict)
    ends: dict[str, list[float]] = field(default_factory=dict)
    worlds: dict[str, list[float]] = field(default_factory=dict)
    progress: bool = True


@dataclass
class MatrixLog:
    """The log on which a matrix fits its learned parts."""

    learners: int = 1000
    weeks: int = 26
    seed: int = 77


@dataclass
class Uses:
    """What a policy of a matrix is told through, by name."""

    tracer: str | None = None
    recommender: str | None = None


@dataclass
class Matrix(Common):
    """`lernpfad matrix`. worker: number of this process among those that one command started, null for the first."""

    worlds: Any = None
    policies: Any = None
    logging: Any = None
    tracers: Any = None
    recommenders: Any = None
    trainer: Any = None
    fitted_in: str = "main"
    log: MatrixLog = field(default_factory=MatrixLog)
    uses: Uses = field(default_factory=Uses)
    own: Any = None
    world: Any = None
    first_seed: int = 2000
    repeats: int = 20
    learners: int = 25
    past_weeks: int = 12
    weeks: int = 26
    rest: int = 4
    reference: str = "wateringcan"
    only_worlds: list[str] | None = None
    only_policies: list[str] | None = None
    workers: int | None = None
    worker: int | None = None
    resamples: int = 2000
    results: str = MISSING
    progress: bool = True
