"""The import architecture of docs/architecture.md, kept by the machine; each rule is seen to catch what it is for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from architecture import MAY_IMPORT, RULES, sources

PACKAGE = Path(__file__).parents[1] / "src"
FILES = sources(PACKAGE)
HEAVY = "torch lightning pytorch_lightning mlflow optuna pandas pandera pyarrow scipy sklearn implicit numba matplotlib"
TOOLS = "hydra omegaconf"

PLANTED = {
    "layers": {
        "core/x.py": "def f():\n    from lernpfad.data import table",
        "data/x.py": "import lernpfad.training.loop",
        "policy/x.py": "from lernpfad import tracing",
        "tracing/x.py": "from ..collaborative import als",
        "serve/x.py": "from lernpfad.training.tracer import NeuralTracer",
        "evaluate/x.py": "from lernpfad.simulate.rollout import rollout",
        "utils/x.py": "import json",
    },
    "core_needs_numpy_alone": {"core/x.py": "def f():\n    import scipy.stats"},
    "serving_is_light": {"serve/x.py": "def f():\n    import pandas as pd", "serve/y.py": "import torch"},
    "tools_stay_in_run": {
        "training/x.py": "def f():\n    import mlflow",
        "tracing/x.py": "from hydra.utils import instantiate",
        "data/x.py": "import optuna",
    },
    "heavy_imports_are_local": {
        "evaluate/x.py": "from matplotlib import pyplot",
        "tracing/x.py": "import torch\nclass Plain:\n    pass",
        "data/x.py": "if True:\n    import pandas",
        "simulate/x.py": "class World:\n    import numba",
    },
    "classical_models_load_numpy_alone": {
        "tracing/model.py": "from lernpfad.tracing.fast import f\nclass Model:\n    def fit(self):\n        pass",
        "tracing/fast.py": "from numba import njit",
        "collaborative/model.py": "import scipy\nclass Model:\n    def fit(self):\n        pass",
    },
    "no_pickle": {
        "run/x.py": "import pickle",
        "data/x.py": "def f():\n    from joblib import load",
        "training/x.py": "import torch\ntorch.load('a')",
        "training/y.py": "import torch\ntorch.load('a', weights_only=False)",
        "serve/x.py": "import numpy as np\nnp.load('a', allow_pickle=True)",
        "evaluate/x.py": "def f(table):\n    table.to_pickle('a')",
    },
    "files_are_short": {"policy/x.py": "\n" * 301},
}
HARMLESS = {
    "tracing/__init__.py": "",
    "tracing/network.py": "import torch\nfrom torch import nn\nclass Network(nn.Module):\n    pass",
    "tracing/model.py": "import numpy\nclass Model:\n    def fit(self):\n        from lernpfad.tracing.fast import f",
    "tracing/fast.py": "from numba import njit",
    "evaluate/x.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from matplotlib.figure import Figure",
    "training/x.py": "import torch\nfrom lernpfad.data import dataset\ntorch.load('a', weights_only=True)",
    "run/x.py": "import mlflow\nimport lernpfad.serve.app",
    "serve/x.py": "import numpy as np\nfrom lernpfad.policy.spec import built\nnp.load('a', allow_pickle=False)",
}


def planted(folder, files):
    for name, text in files.items():
        path = folder / "lernpfad" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sources(folder)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    assert rule(FILES) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_catches_every_planted_violation(rule, tmp_path):
    faults = PLANTED[rule.__name__]
    caught = "\n".join(rule(planted(tmp_path, faults)))
    expected = set(faults) - {"tracing/fast.py"}  # it is the one that loads this file that is to blame
    assert {name for name in faults if f"lernpfad/{name}" in caught} == expected
    assert all(line.startswith("lernpfad/") for line in caught.splitlines())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_lets_the_rest_alone(rule, tmp_path):
    assert rule(planted(tmp_path, HARMLESS)) == []


def test_the_rules_speak_of_every_part():
    assert {one.package for one in FILES} - {""} == set(MAY_IMPORT)


def loaded_by(statement, names):
    """Which of the named modules a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*(name for name in {names.split()} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("part", sorted(set(MAY_IMPORT)))
def test_a_part_is_imported_in_no_time(part):
    assert loaded_by(f"import lernpfad.{part}", f"{HEAVY} {TOOLS} onnxruntime fastapi") == ""


def test_production_loads_nothing_of_research():
    modules = [one.module for one in FILES if one.package in ("serve", "policy")]
    assert loaded_by(f"import {', '.join(modules)}", f"{HEAVY} {TOOLS}") == ""


def test_help_answers_in_under_half_a_second():
    def seconds():
        """Processor time of the child alone: what else the machine has to do must not count."""
        before = os.times()
        words = [sys.executable, "-m", "lernpfad", "--help"]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert "usage: lernpfad <command>" in done.stdout
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert 0 < min(seconds() for _ in range(3)) < 0.5


def test_help_loads_nothing_heavy():
    assert (
        loaded_by("from lernpfad.run.cli import main; main(['--help'])", f"{HEAVY} {TOOLS} onnxruntime fastapi") == ""
    )
