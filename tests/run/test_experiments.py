"""The experiments in configs/experiment run, on a tiny log and for an epoch: one of each data set and of each model."""

import json

import pytest
from omegaconf import OmegaConf

from lernpfad.run.places import config_folder

HOME = config_folder() / "experiment"


def elsewhere(path):
    """Whether it runs on a log like the tiny one: not if it divides its data in its own way, or knows their people."""
    given = OmegaConf.load(path)
    return "split" not in (given.get("data") or {}) and "people" not in (given.get("recommender") or {})


OF_OTHER_COMMANDS = ("matrix",)
EVERY = sorted(
    path.relative_to(HOME).with_suffix("")
    for path in HOME.rglob("*.yaml")
    if path.parent.name not in OF_OTHER_COMMANDS and elsewhere(path)
)
OF_MODELS = {path.name: path for path in EVERY}
OF_DATA = {path.parent: path for path in EVERY}
EXPERIMENTS = sorted({path.as_posix() for path in (*OF_MODELS.values(), *OF_DATA.values())})
"""That all the others compose, and name what is there, is said in test_configs."""


def test_there_are_experiments():
    assert len(OF_MODELS) >= 20
    assert len(OF_DATA) >= 5


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_runs(lernpfad, tiny_log, tmp_path, name):
    fast = ("trainer=fast", "trainer.max_epochs=1", "resamples=10", "tracking=none", "hydra.run.dir=runs/one")
    assert lernpfad("train", f"experiment={name}", "data=logs", f"data.folder={tiny_log}", *fast) == 0
    found = json.loads((tmp_path / "runs" / "one" / "metrics.json").read_text())
    assert any(key.startswith("test/") for key in found)
