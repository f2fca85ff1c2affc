"""A stage of dvc.yaml runs again whenever something changed that its result depends on."""

from pathlib import Path

import pytest
import yaml

from architecture import closure, sources

ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
MODELS = {"training", "tracing", "collaborative"}
CHOSEN = {"simulate": {"simulate", "policy"}, "train": MODELS, "evaluate": {*MODELS, "policy", "simulate"}}
CHOSEN["export"] = {*MODELS, "policy"}
"""The parts whose classes a stage builds by their name in a YAML file or a run folder, where no import shows it."""


def missing(stage, files):
    """Source files on which the result of a stage may depend, and of which DVC does not know."""
    spec = STAGES[stage].get("do", STAGES[stage])
    known = [Path("lernpfad") / one.removeprefix("${sources}/") for one in spec["deps"] if "${sources}/" in one]
    (entry,) = [one for one in files if one.path == Path("lernpfad/run") / f"{stage}.py"]
    roots = [entry, *(one for one in files if one.package in CHOSEN[stage])]
    needed = {one.path for root in roots for one in closure(root, files, at_once=False) if len(one.path.parts) > 2}
    needed = {path for path in needed if path.name != "__init__.py"}
    return sorted(path.as_posix() for path in needed if not {path, *path.parents} & set(known))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_every_source_that_it_runs(stage):
    assert missing(stage, sources(ROOT / "src")) == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_knows_its_settings(stage):
    spec = STAGES[stage].get("do", STAGES[stage])
    assert {"${settings}/base.yaml", f"${{settings}}/{stage}.yaml"} <= set(spec["deps"])


def test_a_source_that_a_stage_does_not_know_is_found(monkeypatch):
    monkeypatch.setitem(STAGES, "simulate", {"deps": ["${sources}/run", "${sources}/core", "${sources}/simulate"]})
    found = missing("simulate", sources(ROOT / "src"))
    assert {"lernpfad/data/table.py", "lernpfad/policy/logging.py", "lernpfad/serve/files.py"} <= set(found)
