"""Settings of the commands that make worlds and let people live in them: simulate, world, calibrate."""

from dataclasses import dataclass, field
from typing import Any

from lernpfad.run.schema.common import MISSING, Common, Models


@dataclass
class Simulate(Common):
    """`lernpfad simulate`. worker: number of this process among those that one command started."""

    simulator: Any = None
    policy: Any = None
    learners: int = 1000
    weeks: int = 26
    cohort: int | None = None
    workers: int = 1
    worker: int = 0
    models: Models = field(default_factory=Models)
    folder: str = MISSING
    format: str = "parquet"
    progress: bool = True


@dataclass
class World(Common):
    """`lernpfad world`."""

    data: Any = None
    tracer: Any = None
    trainer: Any = None
    members: int = 2
    folder: str = MISSING


@dataclass
class Calibrate(Common):
    """`lernpfad calibrate`."""

    simulator: Any = None
    policy: Any = None
    data: Any = None
    trainer: Any = None
    tracers: Any = None
    learners: int = 600
    weeks: int = 52
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    blocks: list[float] | None = None
    ladder: bool = True
    sets: bool = True
    strict: bool = False
    progress: bool = True
