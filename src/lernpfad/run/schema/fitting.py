"""Settings of the commands that fit models: train, tune, benchmark."""

from dataclasses import dataclass, field
from typing import Any

from lernpfad.run.schema.common import MISSING, Common


@dataclass
class Train(Common):
    """`lernpfad train`."""

    data: Any = None
    tracer: Any = None
    recommender: Any = None
    trainer: Any = None
    resume: str | None = None
    resamples: int = 1000
    ranking_history: float = 0.5
    ranking_targets: str = "all"
    ranking_mask_seen: bool = True
    ranking_ks: list[int] = field(default_factory=lambda: [5, 10, 20])


@dataclass
class Tune(Common):
    """`lernpfad tune`. worker: number of this process among those that one command started."""

    data: Any = None
    tracer: Any = None
    recommender: Any = None
    trainer: Any = None
    sweep: Any = None
    study: str = MISSING
    trials: int = 20
    workers: int = 1
    worker: int = 0
    ranking_history: float = 0.5
    ranking_targets: str = "all"
    ranking_mask_seen: bool = True
    ranking_ks: list[int] = field(default_factory=lambda: [5, 10, 20])


@dataclass
class Benchmark(Common):
    """`lernpfad benchmark`. worker: number of this process among those that one command started, null for the first."""

    suite: Any = None
    lanes: list[str] | None = None
    models: list[str] | None = None
    first: int | None = None
    set: list[str] = field(default_factory=list)
    workers: int | None = None
    worker: int | None = None
    threads: int = 1
    results: str = MISSING
    resamples: int = 1000
