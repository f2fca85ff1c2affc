"""Every experiment in configs/experiment runs, on a tiny log and for an epoch."""

import json

import pytest

from lernpfad.run.places import config_folder

EXPERIMENTS = sorted(path.stem for path in (config_folder() / "experiment").glob("*.yaml"))


def test_there_are_experiments():
    assert len(EXPERIMENTS) >= 4


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_runs(lernpfad, tiny_log, tmp_path, name):
    fast = ("trainer=fast", "trainer.max_epochs=1", "resamples=10", "tracking=none", "hydra.run.dir=runs/one")
    assert lernpfad("train", f"experiment={name}", "data=logs", f"data.folder={tiny_log}", *fast) == 0
    found = json.loads((tmp_path / "runs" / "one" / "metrics.json").read_text())
    assert any(key.startswith("test/") for key in found)
