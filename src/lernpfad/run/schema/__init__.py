"""Types of the settings at the root of each command's config; what a part takes is up to the part."""

from typing import Any

from lernpfad.core.errors import ConfigError, unknown_name
from lernpfad.run.schema.common import Common
from lernpfad.run.schema.fitting import Benchmark, Train, Tune
from lernpfad.run.schema.judging import Evaluate, Matrix, Report
from lernpfad.run.schema.shipping import Demo, Export, Promote, Rollback, Similar
from lernpfad.run.schema.worlds import Calibrate, Simulate, World

NONE = "none"
"""The choice in a config group that leaves the part out; `recommender=null` says the same."""

_OPTIONAL_PARTS = ("tracer", "recommender", "trainer", "experiment", "simulator", "data", "policy", "scenario")

SCHEMAS: dict[str, type[Common]] = {
    "train": Train,
    "tune": Tune,
    "simulate": Simulate,
    "world": World,
    "calibrate": Calibrate,
    "evaluate": Evaluate,
    "report": Report,
    "export": Export,
    "promote": Promote,
    "rollback": Rollback,
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
