"""The space that a sweep searches: names, the settings they stand for, and where each may lie."""

from collections.abc import Collection
from typing import Any

from lernpfad.core import ConfigError, unknown_name
from lernpfad.run.tracking import flattened


def check(config: Any) -> None:
    """Refuse a space that names a setting which does not exist, or does not say where it may lie."""
    from omegaconf import OmegaConf

    plain: Any = OmegaConf.to_container(config, resolve=False)
    known = {key for key, _ in flattened(plain)}
    for name, one in config.sweep.space.items():
        if one.setting not in known:
            raise ConfigError(f"sweep.space.{name}: {unknown_name('setting', one.setting, known)}")
        if "choices" not in one and not {"low", "high"} <= set(one):
            raise ConfigError(f"sweep.space.{name}: give low and high, or choices")
        if "choices" not in one and not one.low <= one.high:
            raise ConfigError(f"sweep.space.{name}: low {one.low} is above high {one.high}")


def suggested(config: Any, trial: Any) -> Any:
    """The config with the trial's values in their places."""
    from omegaconf import OmegaConf

    values = {name: _value(trial, name, one) for name, one in config.sweep.space.items()}
    for setting, value in settings(config, values).items():
        OmegaConf.update(config, setting, value)
    return config


def settings(config: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Values by the setting that they belong to."""
    return {config.sweep.space[name].setting: value for name, value in values.items()}


def unknown_metric(metric: str, known: Collection[str]) -> str:
    """The line for a metric that was not measured."""
    return unknown_name("metric", metric, known)


def _value(trial: Any, name: str, one: Any) -> Any:
    if "choices" in one:
        return trial.suggest_categorical(name, list(one.choices))
    whole = isinstance(one.low, int) and isinstance(one.high, int)
    suggest = trial.suggest_int if whole else trial.suggest_float
    return suggest(name, one.low, one.high, log=bool(one.get("log", False)))
