"""A benchmark runs what is missing, shares it among processes, survives a model that fails, and writes its tables."""

import csv
import subprocess
import sys

import numpy as np
import pytest

from lernpfad.run import compare, lines, locks
from lernpfad.run.predictions import Predictions

TINY = ("benchmark", "suite=tiny", "resamples=20")
QUIET = "tracking=none"


@pytest.fixture
def words(tiny_log, tmp_path):
    """A suite of one's own: two models, two folds, with published figures of which one is out of reach."""
    place = tmp_path / "mine" / "suite" / "tiny.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(
        f"""
name: tiny
lanes:
  own:
    place: {tiny_log}
    title: Our own log
    protocol: By learner.
    models:
      itemmean: [tracer=itemmean, data=logs, "data.folder={tiny_log}"]
      elo: [tracer=elo, data=logs, "data.folder={tiny_log}"]
    runs: {{ data.split.fold: [0, 1] }}
    best: {{ auc: 0.5, source: a coin }}
    reference: itemmean
    published:
      itemmean: {{ auc: .99, source: nobody, gate: .99 }}
      elo: {{ auc: .50, spread: .01, source: a coin, gate: .50 }}
"""
    )
    return lambda *more: [*TINY, *more, "--config-dir", str(tmp_path / "mine")]


def known(results):
    return [(line["model"], line["run"]) for line in lines.read(results / lines.RESULTS_FILE)]


def cells(markdown, model):
    """The row of a model in the first table that has one, by column."""
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in markdown.splitlines() if "|" in line]
    return dict(zip(rows[0], next(row for row in rows if row[0] == model), strict=True))


def recorded(folder):
    """What is in MLflow: the runs of benchmarks, and those nested in them."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/runs/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("lernpfad").experiment_id])
    nested = ["mlflow.parentRunId" in one.data.tags for one in runs]
    return [[one for one, inner in zip(runs, nested, strict=True) if inner == wanted] for wanted in (False, True)]


@pytest.mark.slow
def test_a_benchmark_goes_on_where_it_stopped_and_writes_its_tables(lernpfad, words, tmp_path, capfd):
    results = tmp_path / "runs" / "benchmark" / "tiny"
    assert lernpfad(*words(QUIET, "worker=0", "first=1")) == 0  # as one of its processes
    assert known(results) == [("itemmean", 0), ("elo", 0)]
    assert not (results / "README.md").exists()
    subprocess.run([sys.executable, "-m", "lernpfad", *words("workers=2")], check=True)
    assert sorted(known(results)) == [("elo", 0), ("elo", 1), ("itemmean", 0), ("itemmean", 1)]
    text = (results / "README.md").read_text()
    elo, floor = cells(text, "Elo"), cells(text, "item mean")
    assert (elo["runs"], elo["reached"], elo["published"]) == ("2", "yes", ".5000 ± .0100 (a coin)")
    assert (floor["reached"], floor["lead [95 %]"]) == ("**no**", "")
    with (results / "results.csv").open() as rows:
        table = list(csv.DictReader(rows))
    mine = [float(one["test_auc"]) for one in table if one["model"] == "elo"]
    assert elo["AUC"].startswith(f"{np.mean(mine):.4f}"[1:])
    assert {path.name for path in results.glob("*.png")} == {"cold-own.png", "cost-own.png"}
    compared = compare.read(results / compare.COMPARISONS_FILE)
    assert set(compared) == {("own", 0), ("own", 1)}
    value, low, high = compared["own", 0]["leads"]["elo"]
    assert low <= value <= high
    assert "Our own log" in capfd.readouterr().out
    parents, children = recorded(tmp_path)
    assert [one.info.run_name for one in parents] == ["benchmark tiny"]
    assert sorted(one.info.run_name for one in children) == ["elo on logs", "itemmean on logs"]
    assert {one.data.tags["mlflow.parentRunId"] for one in children} == {parents[0].info.run_id}
    assert parents[0].data.metrics["own/elo/auc"] == pytest.approx(mine[1], abs=1e-6)
    before = (results / lines.RESULTS_FILE).read_text()
    assert lernpfad(*words(QUIET, "worker=0")) == 0
    assert (results / lines.RESULTS_FILE).read_text() == before  # nothing to do


@pytest.mark.slow
def test_a_model_that_fails_costs_no_other_run(words, lernpfad, tmp_path):
    settings = "['tracer=irt','data=logs','data.folder=${suite.lanes.own.place}','tracer.points=0']"
    broken = f"+suite.lanes.own.models.broken={settings}"
    more = (broken, "first=1", "models=[broken,elo]")
    command = [sys.executable, "-m", "lernpfad", *words(QUIET, *more, "workers=1")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("lernpfad: 1 of 2 runs failed: own broken run 0 (")
    assert known(tmp_path / "runs" / "benchmark" / "tiny") == [("elo", 0)]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("lanes=[ow]", "no lane named 'ow'; did you mean 'own'?"),
        ("models=[ello]", "no model named 'ello'; did you mean 'elo'?"),
        ("suite.lanes.own.experiments=assist2016", "did you mean 'assist2015'?"),
        ("first=0", "first is 0, expected at least 1"),
    ],
)
def test_a_name_that_does_not_exist_is_one_line(lernpfad, words, capsys, word, said):
    plus = "+" if word.startswith("suite") else ""
    assert lernpfad(*words(QUIET, plus + word, "worker=0")) == 2
    assert said in capsys.readouterr().err


def test_data_that_are_not_there_are_said_before_anything_runs(lernpfad, capsys):
    assert lernpfad("benchmark", "lanes=[A]", "tracking=none", "worker=0") == 2
    assert "has no pykt_assist2015; see data/README.md" in capsys.readouterr().err


def test_the_published_suite_names_models_that_it_has():
    """A figure for a model that no experiment has would never be shown."""
    from omegaconf import OmegaConf

    from lernpfad.run import suite
    from lernpfad.run.places import config_folder

    config = OmegaConf.create({"suite": OmegaConf.load(config_folder() / "suite" / "tracing.yaml")})
    every = suite.cells(OmegaConf.merge(config, {"lanes": None, "models": None, "first": None, "set": []}))
    assert [cell.run for cell in every] == sorted(cell.run for cell in every)  # one run of everything comes first
    for name, lane in config.suite.lanes.items():
        models = {cell.model for cell in every if cell.lane == name}
        assert set(lane.get("published") or {}) <= models
        assert lane.reference in models


def test_a_claim_is_had_once(tmp_path):
    with locks.claimed(tmp_path / "one.lock") as mine, locks.claimed(tmp_path / "one.lock") as too:
        assert (mine, too) == (True, False)
    with locks.claimed(tmp_path / "one.lock") as mine:
        assert mine


def test_the_newest_line_of_a_run_counts(tmp_path):
    old, other = ({"lane": "A", "model": name, "run": 0, "key": name + "1"} for name in ("elo", "irt"))
    new, unknown = {**old, "key": "elo2"}, {**old, "lane": "Z", "key": "z"}
    for line in (old, other, unknown, new):
        lines.append(tmp_path, line, lock=tmp_path / "lock")
    assert sorted(one["key"] for one in lines.newest(tmp_path, ["A"])) == ["elo2", "irt1"]
    assert set(lines.finished(tmp_path)) == {"elo1", "irt1", "z", "elo2"}


def test_a_stack_of_two_halves_beats_both(tmp_path):
    """Each of two models knows one of two causes; what the stack finds on validation holds on the test answers."""
    rng = np.random.default_rng(0)
    causes = {side: rng.normal(0, 1.5, (2, 4000)) for side in ("valid", "test")}
    owner = np.repeat(np.arange(200), 20)

    def said(side, cause):
        outcome = np.random.default_rng(len(side)).random(4000) < 1 / (1 + np.exp(-causes[side].sum(axis=0)))
        p = 1 / (1 + np.exp(-causes[side][cause]))
        place = np.tile(np.arange(20), 200)
        return Predictions(p.astype(np.float32), outcome.astype(np.int8), owner, place + 1, place, np.ones(4000, bool))

    there = {}
    for cause, name in enumerate(("one", "other")):
        line = {"lane": "A", "model": name, "run": 0, "key": name, "valid": {"auc": 0.7 + 0.01 * cause}}
        lines.append(tmp_path, line, lock=tmp_path / "lock")
        there[name] = lines.folder(tmp_path / "runs", "A", name, 0, name)
        for side in ("valid", "test"):
            said(side, cause).write(there[name] / "predictions" / side)
    from omegaconf import OmegaConf

    config = OmegaConf.create({"suite": {"lanes": {"A": {"reference": "one"}}}, "resamples": 100})
    compare.write(config, tmp_path / "runs", tmp_path)
    found = compare.read(tmp_path / compare.COMPARISONS_FILE)["A", 0]
    assert found["best_member"] == "other"
    assert found["stack_over_best_member"][1] > 0.03
    assert all(0.8 < share < 1.3 for share in found["stack"]["members"].values())  # both causes count one to one
    assert found["leads"]["other"][1] < 0 < found["leads"]["other"][2]
