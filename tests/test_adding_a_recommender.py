"""docs/recommenders.md: its two examples are added, trained and held to the laws; it names every recommender."""

import importlib
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import yaml

from composing import names
from lernpfad.core.laws import check_recommender, planted_take_up, rebuilt
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.serve.models import read_model, write_model

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "recommenders.md"
PYTHON = dict(zip(("together", "mean"), re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL), strict=True))
YAML = dict(zip(PYTHON, re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL), strict=True))


@pytest.fixture
def added(tmp_path, monkeypatch):
    """A folder outside the repository with both examples in it, on the path."""
    (tmp_path / "recommender").mkdir()
    for name, source in PYTHON.items():
        (tmp_path / f"{name}.py").write_text(source)
        inside = f"lernpfad.collaborative.{name}"
        assert inside in YAML[name]
        (tmp_path / "recommender" / f"{name}.yaml").write_text(YAML[name].replace(inside, name))
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in PYTHON:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", PYTHON)
def test_it_is_trained_by_the_command(added, name, monkeypatch):
    from lernpfad.run.cli import main

    monkeypatch.chdir(added)
    table.write(Dataset("planted", planted_take_up(learners=60).train), added / "logs")
    words = ["train", "--config-dir", str(added), "tracer=null", f"recommender={name}", "data=logs"]
    quick = ["trainer=fast", "trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.progress_bar=false"]
    more = [f"data.folder={added / 'logs'}", "tracking=none", "resamples=50", "hydra.run.dir=run"]
    assert main([*words, *quick, *more]) == 0
    assert '"test/ndcg_at_10"' in (added / "run" / "metrics.json").read_text()


def test_the_classical_one_keeps_every_law(added):
    check_recommender(importlib.import_module("together").Together)


@pytest.mark.slow
def test_the_neural_one_keeps_every_law(added):
    from lernpfad.training import Fitting, NeuralRecommender

    network = partial(importlib.import_module("mean").Mean, width=16, window=20)
    quick = Fitting(
        max_epochs=12, patience=12, learning_rate=0.01, batch_rows=32, accelerator="cpu", progress_bar=False
    )

    def twin(model):
        return read_model(write_model(model, added / "exported"), added / "exported")

    check_recommender(lambda: NeuralRecommender(network, fitting=quick), reload=rebuilt, twin=twin)


@pytest.mark.parametrize("name", PYTHON)
def test_it_passes_the_linter_as_a_file_of_the_repository(name):
    place = f"src/lernpfad/collaborative/{name}.py"
    words = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", place, "-"]
    done = subprocess.run(words, cwd=ROOT, input=PYTHON[name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", names("recommender"))
def test_the_page_tells_of_every_recommender(name):
    assert f"`{name}`" in PAGE.read_text()


def test_its_yaml_gives_every_argument_of_the_classical_one():
    assert yaml.safe_load(YAML["together"]).keys() == {"_target_", "damping"}
