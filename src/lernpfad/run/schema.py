"""Types of the settings at the root of each command's config; what a part takes is up to the part."""

from dataclasses import dataclass, field
from typing import Any

from lernpfad.core.errors import ConfigError, unknown_name

MISSING: Any = "???"
"""What the command line or the YAML must give."""

NONE = "none"
"""The choice in a config group that leaves the part out; `recommender=null` says the same."""

_OPTIONAL_PARTS = ("tracer", "recommender", "trainer", "experiment", "simulator", "data", "policy", "scenario")


@dataclass
class Common:
    """What every command has."""

    seed: int = 0
    runs: str = "runs"
    tracking: Any = None


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
class Models:
    """Folders of fitted models."""

    tracer: str | None = None
    recommender: str | None = None


@dataclass
class NeededModels:
    """The same where there is nothing to do without a tracer, and others to measure beside them."""

    tracer: str = MISSING
    recommender: str | None = None
    others: list[str] = field(default_factory=list)


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


@dataclass
class Evaluate(Common):
    """`lernpfad evaluate`."""

    simulator: Any = None
    data: Any = None
    past_policy: Any = None
    policies: Any = None
    models: NeededModels = field(default_factory=NeededModels)
    only: list[str] | None = None
    reference: str = "wateringcan"
    learners: int = 200
    past_weeks: int = 12
    weeks: int = 26
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
class ReportModels:
    """The models in use; there is nothing to do without a tracer."""

    tracer: str = MISSING
    recommender: str | None = None


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
class Export(Common):
    """`lernpfad export`."""

    policy: Any = None
    evaluation: str | None = None
    models: Models = field(default_factory=Models)
    folder: str = MISSING
    intended_use: str = ""
    limits: str = ""


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


SCHEMAS: dict[str, type[Common]] = {
    "train": Train,
    "tune": Tune,
    "simulate": Simulate,
    "world": World,
    "calibrate": Calibrate,
    "evaluate": Evaluate,
    "report": Report,
    "export": Export,
    "benchmark": Benchmark,
    "matrix": Matrix,
    "demo": Demo,
    "similar": Similar,
}


_LEAST = {
    "seed": 0,
    "first_seed": 0,
    "rest": 0,
    "resamples": 0,
    "repeats": 1,
    "trials": 1,
    "cohort": 1,
    "workers": 1,
    "worker": 0,
    "k": 1,
    "first": 1,
    "threads": 1,
    "members": 1,
    "offpolicy_rows": 1,
}
_AMONG = {"format": ("parquet", "csv"), "ranking_targets": ("all", "first", "last")}


def check(config: Any) -> None:
    """Refuse a value that has the right type and no meaning, before anything is computed."""
    for name, least in _LEAST.items():
        if config.get(name) is not None and config[name] < least:
            raise ConfigError(f"{name} is {config[name]}, expected at least {least}")
    for name, known in _AMONG.items():
        if name in config and config[name] not in known:
            raise ConfigError(unknown_name(name, config[name], known))
    if "ranking_ks" in config and (not config.ranking_ks or min(config.ranking_ks) < 1):
        raise ConfigError(f"ranking_ks is {list(config.ranking_ks)}, expected cut-offs of at least 1: [5, 10, 20]")
    if "ranking_history" in config and not 0 < config.ranking_history < 1:
        raise ConfigError(f"ranking_history is {config.ranking_history}, expected a share between 0 and 1")

    if "seeds" in config and (not config.seeds or min(config.seeds) < 0):
        raise ConfigError(f"seeds is {list(config.seeds)}, expected populations named by numbers from 0: [0, 1, 2]")


def register() -> None:
    """Make the schemas and the choice `none` known to Hydra; harmless when repeated."""
    from hydra.core.config_store import ConfigStore

    store = ConfigStore.instance()
    for command, schema in SCHEMAS.items():
        store.store(name=f"{command}_schema", node=schema)
    for group in _OPTIONAL_PARTS:
        store.store(group=group, name=NONE, node={})


def without_null(words: list[str]) -> list[str]:
    """`recommender=null` as `recommender=none`: Hydra itself takes no null for a choice in a group."""
    return [_without_null(word) for word in words]


def _without_null(word: str) -> str:
    key, sign, value = word.partition("=")
    if not sign or key not in _OPTIONAL_PARTS:
        return word
    return f"{key}={','.join(NONE if one == 'null' else one for one in value.split(','))}"
