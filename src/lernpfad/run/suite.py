"""A benchmark suite as cells: every lane's models, each with every run of the lane, and what marks a cell as done."""

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError, unknown_name
from lernpfad.run import parts
from lernpfad.run.places import config_folder
from lernpfad.run.tracking import flattened
from lernpfad.serve.files import canonical, jsonable

_MARK = 16
_NOT_MEASURED = ("tracking", "runs", "resume", "resamples", "data.root")
"""Settings, and sections of them, that a result does not depend on: where things lie, and who watches."""

_OF_A_FIT = ("progress_bar", "checkpoints")
"""Likewise, by the last part of their keys, wherever a trainer stands."""


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
        settings = {
            key: value.removeprefix(root) if isinstance(value, str) and key.startswith("data.") else value
            for key, value in flattened(parts.resolved(config))
            if not any(key == one or key.startswith(f"{one}.") for one in _NOT_MEASURED)
            and key.rpartition(".")[2] not in _OF_A_FIT
        }
        whole = [self.lane, self.model, self.run, jsonable(settings)]
        return hashlib.sha256(canonical(whole)).hexdigest()[:_MARK]


def cells(config: Any) -> list[Cell]:
    """All cells that were asked for: the first run of everything, then the second one, and so on.

    A lane takes its models from `experiments`, a folder of configs/experiment of which every file is one, and from
    `models`, overrides by name. Its runs are the combinations of the values in `runs`. ConfigError for names that the
    suite does not have.
    """
    lanes = chosen("lane", config.suite.lanes, config.lanes)
    every = {lane: _models(config.suite.lanes[lane]) for lane in lanes}
    known = dict.fromkeys(name for models in every.values() for name in models)
    wanted = set(chosen("model", known, config.models))
    found = [
        Cell(lane, model, number, (*words, *run, *config.set))
        for lane, models in every.items()
        for model, words in models.items()
        if model in wanted
        for number, run in enumerate(_runs(config.suite.lanes[lane]))
        if config.first is None or number < config.first
    ]
    return sorted(found, key=lambda cell: cell.run)


def chosen(what: str, known: Mapping[str, Any] | Sequence[str], asked: Sequence[str] | None) -> list[str]:
    """Those of the known names that were asked for, all of them if none were; ConfigError for any other."""
    for name in asked or ():
        if name not in known:
            raise ConfigError(unknown_name(what, name, list(known)))
    return [name for name in known if asked is None or name in asked]


def _models(lane: Any) -> dict[str, tuple[str, ...]]:
    folder = lane.get("experiments")
    found: dict[str, tuple[str, ...]] = {}
    if folder is not None:
        home = config_folder() / "experiment"
        if not (home / folder).is_dir():
            there = [path.name for path in home.iterdir() if path.is_dir()]
            raise ConfigError(unknown_name("folder of configs/experiment", folder, there))
        found = {path.stem: (f"experiment={folder}/{path.stem}",) for path in sorted((home / folder).glob("*.yaml"))}
    found |= {name: tuple(words) for name, words in (lane.get("models") or {}).items()}
    return found


def _runs(lane: Any) -> list[tuple[str, ...]]:
    """The overrides of each run, one setting after the other varying fastest."""
    varied = lane.get("runs") or {}
    return [
        tuple(f"{key}={value}" for key, value in zip(varied, one, strict=True)) for one in product(*varied.values())
    ]


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
