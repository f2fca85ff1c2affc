"""A benchmark suite as cells: every lane's models, each with every run of the lane, and what marks a cell as done."""

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final, Self

from lernpfad.core import ConfigError, unknown_name
from lernpfad.evaluate.standings import STACK
from lernpfad.run import parts
from lernpfad.run.places import config_folder
from lernpfad.run.tracking import flattened
from lernpfad.serve.files import canonical, jsonable

_MARK = 16
_NOT_MEASURED: Final = ("tracking", "runs", "resume", "resamples", "data.root")
"""Settings, and sections of them, that a result does not depend on: where things lie, and who watches."""

_OF_RANKINGS: Final = ("ranking_targets", "ranking_mask_seen", "ranking_ks")
"""Likewise, where no recommender is trained."""

_OF_A_FIT: Final = ("progress_bar", "checkpoints")
"""Likewise, by the last part of their keys, wherever a trainer stands."""

_NEEDED, _OPTIONAL = ("title", "protocol"), ("experiments", "models", "runs", "published", "best", "reference", "shown")


@dataclass(frozen=True)
class Lane:
    """One protocol: a data set, how it is divided, and who is compared on it.

    models: overrides of `lernpfad train` by name. runs: those of each run. published: figures and gates by model.
    best: the best published figure. reference: the model that others' leads are over. shown: metrics of the table,
    the one that models are judged by first, where the kind of the suite leaves a choice.
    """

    name: str
    title: str
    protocol: str
    models: Mapping[str, tuple[str, ...]]
    runs: tuple[tuple[str, ...], ...]
    published: Mapping[str, Mapping[str, Any]]
    best: Mapping[str, Any]
    reference: str | None
    shown: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, given: Any) -> Self:
        """The lane that the suite's YAML describes; a ConfigError names what is wrong with it."""
        where, plain = f"suite.lanes.{name}", _plain(given)
        if not isinstance(plain, Mapping):
            raise ConfigError(f"{where} is {plain!r}, expected title, protocol, and experiments or models")
        for key in plain:
            if key not in (*_NEEDED, *_OPTIONAL):
                raise ConfigError(f"{where}: {unknown_name('setting', key, (*_NEEDED, *_OPTIONAL))}")
        for key in _NEEDED:
            if not plain.get(key):
                raise ConfigError(f"{where} has no {key}")
        models = _of_experiments(where, plain.get("experiments")) | _of_words(where, plain.get("models") or {})
        if not models:
            raise ConfigError(f"{where} has no models; give experiments=<folder of configs/experiment> or models")
        published, reference = plain.get("published") or {}, plain.get("reference")
        for model in (*published, *([reference] if reference else [])):
            if model not in (*models, STACK):
                raise ConfigError(f"{where}: {unknown_name('model', model, models)}")
        runs, best = _runs(where, plain.get("runs") or {}), plain.get("best") or {}
        shown = tuple(str(one) for one in plain.get("shown") or ())
        return cls(name, plain["title"], plain["protocol"], models, runs, published, best, reference, shown)


@dataclass(frozen=True)
class Cell:
    """One fit of one model. run: which of the lane's runs, from 0. words: its overrides of `lernpfad train`."""

    lane: str
    model: str
    run: int
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """For people and logs."""
        return f"{self.lane} {self.model} run {self.run}"

    @property
    def command(self) -> str:
        """What fits and measures the same model by itself."""
        return f"lernpfad train {shlex.join(self.words)}"

    def key(self, config: Any) -> str:
        """Hash of all settings that the result depends on; config: the cell's, composed."""
        root = str(config.data.root)
        ignored = _NOT_MEASURED + (() if parts.chosen(config, "recommender") else _OF_RANKINGS)
        settings = {
            key: value.removeprefix(root) if isinstance(value, str) and key.startswith("data.") else value
            for key, value in flattened(parts.resolved(config))
            if not any(key == one or key.startswith(f"{one}.") for one in ignored)
            and key.rpartition(".")[2] not in _OF_A_FIT
        }
        whole = [self.lane, self.model, self.run, jsonable(settings)]
        return hashlib.sha256(canonical(whole)).hexdigest()[:_MARK]


def lanes(config: Any) -> dict[str, Lane]:
    """All lanes of the suite by name; ConfigError for what a lane cannot be."""
    given = config.suite.get("lanes")
    if not given:
        raise ConfigError(f"suite '{config.suite.get('name')}' has no lanes; see docs/benchmark.md")
    return {name: Lane.of(name, given[name]) for name in given}


def cells(config: Any) -> list[Cell]:
    """All cells that were asked for: the first run of everything, then the second one, and so on.

    ConfigError for names that the suite does not have.
    """
    every = lanes(config)
    asked = chosen("lane", every, config.lanes)
    models = set(chosen("model", dict.fromkeys(one for lane in asked for one in every[lane].models), config.models))
    found = [
        Cell(lane, model, number, (*words, *run, *config.set))
        for lane in asked
        for model, words in every[lane].models.items()
        if model in models
        for number, run in enumerate(every[lane].runs)
        if config.first is None or number < config.first
    ]
    return sorted(found, key=lambda cell: cell.run)


def chosen(what: str, known: Mapping[str, Any], asked: Sequence[str] | None) -> list[str]:
    """Those of the known names that were asked for, all of them if none were; ConfigError for any other."""
    for name in asked or ():
        if name not in known:
            raise ConfigError(unknown_name(what, name, list(known)))
    return [name for name in known if asked is None or name in asked]


def _of_experiments(where: str, folder: Any) -> dict[str, tuple[str, ...]]:
    """A model for each file of a folder of configs/experiment."""
    if folder is None:
        return {}
    home = config_folder() / "experiment"
    if not (home / str(folder)).is_dir():
        there = [path.name for path in home.iterdir() if path.is_dir()]
        raise ConfigError(f"{where}: {unknown_name('folder of configs/experiment', str(folder), there)}")
    return {path.stem: (f"experiment={folder}/{path.stem}",) for path in sorted((home / str(folder)).glob("*.yaml"))}


def _of_words(where: str, models: Any) -> dict[str, tuple[str, ...]]:
    for name, words in models.items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ConfigError(f"{where}.models.{name} is {words!r}, expected a list of overrides: [tracer=bkt, ...]")
        if name == STACK:
            raise ConfigError(
                f"{where}.models.{name}: that is what the stack of all models is called; take another name"
            )
    return {name: tuple(words) for name, words in models.items()}


def _runs(where: str, varied: Any) -> tuple[tuple[str, ...], ...]:
    """The overrides of each run, the setting named last varying fastest."""
    for key, values in varied.items():
        if not isinstance(values, list) or not values:
            raise ConfigError(f"{where}.runs.{key} is {values!r}, expected a list of values: [0, 1, 2]")
    return tuple(
        tuple(f"{key}={value}" for key, value in zip(varied, one, strict=True)) for one in product(*varied.values())
    )


def _plain(given: Any) -> Any:
    from omegaconf import OmegaConf

    return OmegaConf.to_container(given, resolve=True) if OmegaConf.is_config(given) else given


@contextmanager
def composed(words: Sequence[str], folder: Path) -> Iterator[Any]:
    """The config of a `lernpfad train` with these overrides that runs in `folder`, while another command is running.

    Inside, Hydra's own settings are those of that training run, as they would be in a multirun.
    """
    from hydra import compose
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import open_dict

    from lernpfad.run import schema

    config = compose("train", overrides=schema.without_null(list(words)), return_hydra_config=True)
    with open_dict(config):
        config.hydra.runtime.output_dir = str(folder)
        config.hydra.mode = "RUN"
    settings = HydraConfig.instance()
    before = settings.cfg
    settings.set_config(config)
    with open_dict(config):
        del config["hydra"]
    try:
        yield config
    finally:
        settings.cfg = before
