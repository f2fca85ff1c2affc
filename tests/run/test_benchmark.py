"""A benchmark runs what is missing, shares it among processes, survives a model that fails, and writes its tables."""

import csv
import dataclasses
import shutil
import subprocess
import sys

import numpy as np
import pytest

from lernpfad.core import ConfigError, DataError
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
place: {tiny_log}
lanes:
  own:
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
    settings = "['tracer=irt','data=logs','data.folder=${suite.place}','tracer.points=0']"
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
        (
            "suite.lanes.own.experiments=assist2016",
            "suite.lanes.own: no folder of configs/experiment named 'assist2016'",
        ),
        ("first=0", "first is 0, expected at least 1"),
        ("suite.lanes.own.reference=elu", "suite.lanes.own: no model named 'elu'; did you mean 'elo'?"),
        ("+suite.lanes.own.published.ello.auc=1", "suite.lanes.own: no model named 'ello'; did you mean 'elo'?"),
        ("+suite.lanes.own.metric=auc", "suite.lanes.own: no setting named 'metric'"),
        ("suite.lanes.own.title=null", "suite.lanes.own has no title"),
        ("suite.lanes.own.models.elo='tracer=elo'", "models.elo is 'tracer=elo', expected a list of overrides"),
        ("+suite.lanes.own.models.stack=[]", "take another name"),
        ("+suite.lanes.own.runs.seed=3", "expected a list of values"),
        ("+suite.lanes.other=null", "suite.lanes.other is None, expected title, protocol"),
        ("suite.lanes=null", "suite 'tiny' has no lanes; see docs/benchmark.md"),
    ],
)
def test_a_name_that_does_not_exist_is_one_line(lernpfad, words, capsys, word, said):
    plus = "+" if word.startswith("suite.lanes.own.experiments") else ""
    assert lernpfad(*words(QUIET, plus + word, "worker=0")) == 2
    assert said in capsys.readouterr().err


def test_data_that_are_not_there_are_said_before_anything_runs(lernpfad, capsys):
    assert lernpfad("benchmark", "lanes=[A]", "tracking=none", "worker=0") == 2
    assert "has no pykt_assist2015; see data/README.md" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["tracing", "ranking"])
def test_the_published_suites_name_models_that_they_have(name):
    """A figure for a model that no experiment has would never be shown."""
    from omegaconf import OmegaConf

    from lernpfad.run import kinds, suite
    from lernpfad.run.places import config_folder

    config = OmegaConf.create({"suite": OmegaConf.load(config_folder() / "suite" / f"{name}.yaml")})
    kinds.of(config).require(suite.lanes(config))
    every = suite.cells(OmegaConf.merge(config, {"lanes": None, "models": None, "first": None, "set": []}))
    assert [cell.run for cell in every] == sorted(cell.run for cell in every)  # one run of everything comes first
    for name, lane in suite.lanes(config).items():  # refuses a figure for a model that is not there
        models = {cell.model for cell in every if cell.lane == name}
        assert set(lane.models) == models
        assert len([cell for cell in every if cell.lane == name]) == len(models) * len(lane.runs)
        assert len(lane.runs) >= 3


def test_the_key_of_a_cell_tells_what_its_result_depends_on(tmp_path):
    """Where the data root lies, and who watches, is not among that; which data folder it is, is."""
    from hydra import initialize_config_dir

    from lernpfad.run import resolvers, schema, suite
    from lernpfad.run.places import config_folder

    resolvers.register()
    schema.register()

    def key(*more):
        words = ("tracer=dkt", "data=logs", "data.root=data", "data.folder=data/mine", *more)
        with suite.composed(words, tmp_path) as config:
            return suite.Cell("A", "dkt", 0, words).key(config)

    with initialize_config_dir(version_base="1.3", config_dir=str(config_folder())):
        plain = key()
        for same in ("tracking=none", "runs=elsewhere", "resamples=7", "trainer.progress_bar=false"):
            assert key(same) == plain
        assert key("data.root=other", "data.folder=other/mine") == plain
        others = ("seed=1", "data.folder=data/theirs", "trainer.max_epochs=3", "data.split.fold=1")
        assert len({plain, *(key(other) for other in others)}) == 1 + len(others)


def test_what_was_half_written_is_no_line_and_costs_the_next_one_nothing(tmp_path):
    whole = {"lane": "A", "model": "elo", "run": 0, "key": "a"}
    lines.append(tmp_path, whole)
    with (tmp_path / lines.RESULTS_FILE).open("a") as out:
        out.write('{"lane": "A", "mo')
    assert lines.read(tmp_path / lines.RESULTS_FILE) == [whole]
    lines.append(tmp_path, {**whole, "key": "b"})
    with pytest.raises(ConfigError, match=r"results.jsonl', line 2, is not JSON"):
        lines.read(tmp_path / lines.RESULTS_FILE)


def test_a_claim_is_had_once(tmp_path):
    with locks.claimed(tmp_path / "one.lock") as mine, locks.claimed(tmp_path / "one.lock") as too:
        assert (mine, too) == (True, False)
    with locks.claimed(tmp_path / "one.lock") as mine:
        assert mine


def test_the_newest_line_of_a_run_counts(tmp_path):
    old, other = ({"lane": "A", "model": name, "run": 0, "key": name + "1"} for name in ("elo", "irt"))
    new, unknown = {**old, "key": "elo2"}, {**old, "lane": "Z", "key": "z"}
    for line in (old, other, unknown, new):
        lines.append(tmp_path, line)
    assert sorted(one["key"] for one in lines.newest(tmp_path, ["A"])) == ["elo2", "irt1"]
    assert set(lines.finished(tmp_path)) == {"elo1", "irt1", "z", "elo2"}


def said(side, cause):
    """Two causes make an answer right or wrong; the model predicts from one of them."""
    rng = np.random.default_rng([0, len(side)])
    causes = rng.normal(0, 1.5, (2, 4000))
    outcome = rng.random(4000) < 1 / (1 + np.exp(-causes.sum(axis=0)))
    p, place = 1 / (1 + np.exp(-causes[cause])), np.tile(np.arange(20), 200)
    owner = np.repeat(np.arange(200), 20)
    return Predictions(p.astype(np.float32), outcome.astype(np.int8), owner, place + 1, place, np.ones(4000, bool))


def halves(folder, *, models=("one", "other"), sides=("valid", "test")):
    """A line and predictions for each model, the first from the first cause, the others from the second."""
    for number, name in enumerate(models):
        line = {"lane": "A", "model": name, "run": 0, "key": name, "valid": {"auc": 0.7 + 0.01 * number}}
        lines.append(folder, line)
        for side in sides:
            place = lines.folder(folder / "runs", "A", name, 0, name) / "predictions" / side
            said(side, min(number, 1)).write(place)
    from omegaconf import OmegaConf

    every = {name: ["tracer=elo"] for name in models}
    lane = {"title": "A", "protocol": "p", "models": every, "reference": "one"}
    return OmegaConf.create({"suite": {"name": "s", "lanes": {"A": lane}}, "resamples": 100})


def compared(folder):
    return compare.read(folder / compare.COMPARISONS_FILE)["A", 0]


def test_a_stack_of_two_halves_beats_both(tmp_path):
    """Each of two models knows one of two causes; what the stack finds on validation holds on the test answers."""
    compare.write(halves(tmp_path), tmp_path / "runs", tmp_path)
    found = compared(tmp_path)
    assert found["best_member"] == "other"
    assert found["stack_over_best_member"][1] > 0.03
    assert found["stack"]["members"] == ["one", "other"]
    assert np.array(found["stack"]["weight"]).sum(axis=0) == pytest.approx([1, 1], abs=0.3)  # the causes count alike
    assert found["leads"]["other"][1] < 0 < found["leads"]["other"][2]


def test_a_comparison_follows_its_reference_and_outlives_predictions(tmp_path):
    config = halves(tmp_path, models=("one", "other", "third"))
    compare.write(config, tmp_path / "runs", tmp_path)
    assert set(compared(tmp_path)["leads"]) == {"other", "third", "stack"}
    config.suite.lanes.A.reference = "other"
    compare.write(config, tmp_path / "runs", tmp_path)
    assert set(compared(tmp_path)["leads"]) == {"one", "third", "stack"}
    before = compared(tmp_path)
    shutil.rmtree(tmp_path / "runs" / "A" / "third")
    config.resamples = 50
    compare.write(config, tmp_path / "runs", tmp_path)
    assert compared(tmp_path) == before  # two models are no reason to forget what three told


def test_a_model_that_validated_on_nobody_has_a_lead_and_is_no_member(tmp_path):
    config = halves(tmp_path, models=("one", "other", "all"))
    shutil.rmtree(tmp_path / "runs" / "A" / "all" / "0-all" / "predictions" / "valid")
    compare.write(config, tmp_path / "runs", tmp_path)
    assert "all" in compared(tmp_path)["leads"]
    assert compared(tmp_path)["stack"]["members"] == ["one", "other"]


def test_a_model_that_was_shown_more_has_a_lead_and_is_no_member(tmp_path):
    config = halves(tmp_path, models=("one", "other", "whole"))
    for side in ("valid", "test"):
        longer = dataclasses.replace(said(side, 1), before=said(side, 1).before + 200)
        longer.write(lines.folder(tmp_path / "runs", "A", "whole", 0, "whole") / "predictions" / side)
    compare.write(config, tmp_path / "runs", tmp_path)
    assert "whole" in compared(tmp_path)["leads"]
    assert compared(tmp_path)["stack"]["members"] == ["one", "other"]


def test_models_that_were_asked_other_answers_are_not_compared(tmp_path):
    config = halves(tmp_path)
    place = lines.folder(tmp_path / "runs", "A", "other", 0, "other") / "predictions" / "test"
    odd = said("test", 1)
    dataclasses.replace(odd, owner=odd.owner[::-1].copy()).write(place)
    with pytest.raises(DataError, match="lane A, run 0: one and other were tested on other answers"):
        compare.write(config, tmp_path / "runs", tmp_path)
