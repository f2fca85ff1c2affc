"""CONTRIBUTING.md says that a tracer is one file and one YAML; here its own example is added and trained."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from lernpfad.core.laws import check_tracer, planted_answers
from lernpfad.data import table
from lernpfad.data.dataset import Dataset

GUIDE = Path(__file__).parents[1] / "CONTRIBUTING.md"
COMMAND = "import sys; from lernpfad.run.cli import main; sys.exit(main())"
INSIDE = "lernpfad.tracing.recentsuccess"


def block(language):
    """The first block of a language in the guide."""
    found = re.search(rf"^( *)```{language}\n(.*?)^\1```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found, f"CONTRIBUTING.md has no {language} block"
    return dedent(found[2])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder outside the repository with the example in it: one .py, one YAML, and a log to train on."""
    home = tmp_path_factory.mktemp("outside")
    (home / "recentsuccess.py").write_text(block("python"))
    (home / "configs" / "tracer").mkdir(parents=True)
    assert INSIDE in block("yaml")
    (home / "configs" / "tracer" / "recentsuccess.yaml").write_text(block("yaml").replace(INSIDE, "recentsuccess"))
    table.write(Dataset("planted", planted_answers(learners=60).train), home / "logs")
    return home


def lernpfad(folder, *words):
    """The command in a process of its own, which finds the file on PYTHONPATH."""
    paths = os.pathsep.join([str(folder), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def trained(folder):
    """What training it with the command says and leaves behind."""
    words = ["train", "--config-dir", str(folder / "configs"), "tracer=recentsuccess", "tracer.decay=0.8"]
    data = ["data=logs", f"data.folder={folder / 'logs'}", "tracking=none", "resamples=50", "hydra.run.dir=run"]
    done = lernpfad(folder, *words, *data)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def outside(folder, monkeypatch):
    """The folder on the path of this process."""
    monkeypatch.syspath_prepend(folder)
    yield
    sys.modules.pop("recentsuccess", None)


def test_it_is_trained_by_the_command(trained, folder):
    metrics = (folder / "run" / "metrics.json").read_text()
    assert '"test/auc"' in metrics


def test_it_is_saved_like_any_other(trained, folder, outside):
    from lernpfad.run.store import load

    tracer = load(folder / "run", part="tracer").model
    assert tracer.decay == 0.8
    assert 0.3 < tracer.mean_ < 0.9
    known = tracer.predict(tracer.start(2), np.zeros((2, 3), dtype=int), np.zeros(2))
    assert known == pytest.approx(np.full((2, 3), float(tracer.mean_)))


def test_it_keeps_every_law(outside):
    check_tracer(importlib.import_module("recentsuccess").RecentSuccess)


def test_it_passes_the_linter_as_a_file_of_the_repository():
    place = "src/lernpfad/tracing/recentsuccess.py"
    words = [sys.executable, "-m", "ruff", "check", "--no-cache", "--stdin-filename", place, "-"]
    done = subprocess.run(words, cwd=GUIDE.parent, input=block("python"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_name_is_one_line_with_the_nearest_one(folder):
    done = lernpfad(folder, "train", "--config-dir", str(folder / "configs"), "tracer=recentsucess", "data=logs")
    assert done.returncode == 2
    assert "recentsuccess" in done.stderr
    assert len(done.stderr.splitlines()) == 1
