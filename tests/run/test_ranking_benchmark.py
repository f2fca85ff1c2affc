"""A suite that is judged by ranking: the same command, with lines, comparisons and tables of recommenders."""

import json
import subprocess
import sys

import numpy as np
import pytest
from omegaconf import OmegaConf

from lernpfad.core import ConfigError, DataError
from lernpfad.evaluate.asked import Asked
from lernpfad.evaluate.ranking import RankingResult
from lernpfad.run import compare, kinds, lines
from lernpfad.run import rankings as kept_rankings

SETTINGS = 'tracer=null, data=logs, "ranking_ks=[5,10,20,50]"'
SUITE = """
name: tiny
judged: ranking
lanes:
  own:
    title: Our own log
    protocol: By learner.
    models:
      popularity: [recommender=popularity, {settings}, "data.folder={log}"]
      als: [recommender=als, recommender.factors=4, {settings}, "data.folder={log}"]
    runs: {{ seed: [0, 1] }}
    best: {{ ndcg@10: .99, source: nobody }}
    reference: popularity
    published:
      als: {{ ndcg@10: .01, hr@10: .02, source: a coin, gate: .01 }}
"""


@pytest.fixture
def words(tiny_log, tmp_path):
    place = tmp_path / "mine" / "suite" / "tiny.yaml"
    place.parent.mkdir(parents=True)
    place.write_text(SUITE.format(settings=SETTINGS, log=tiny_log))
    common = ("benchmark", "suite=tiny", "resamples=50", "tracking=none")
    return lambda *more: [*common, *more, "--config-dir", str(tmp_path / "mine")]


@pytest.mark.slow
def test_a_benchmark_of_recommenders_is_resumed_compared_and_shown(lernpfad, words, tmp_path, capfd):
    results = tmp_path / "runs" / "benchmark" / "tiny"
    assert lernpfad(*words("worker=0", "first=1")) == 0
    subprocess.run([sys.executable, "-m", "lernpfad", *words("workers=1")], check=True)
    found = lines.read(results / lines.RESULTS_FILE)
    assert [(line["model"], line["run"]) for line in found] == [
        ("popularity", 0),
        ("als", 0),
        ("popularity", 1),
        ("als", 1),
    ]
    (als,) = (line for line in found if line["model"] == "als" and line["run"] == 0)
    low, high = als["intervals"]["ndcg@10"]
    assert low <= als["test"]["ndcg@10"] <= high
    assert {"ndcg@10", "coverage@10", "truncated_recall@50", "miuf@20"} <= als["test"].keys() & als["valid"].keys()
    assert {"parameters", "fit_processor_s", "score_ms", "learners_per_s"} <= als["cost"].keys()
    assert sum(row["n"] for row in als["slices"]["history"].values()) == als["learners"]
    assert sum(row["targets"] for row in als["slices"]["popularity"].values()) == als["targets"]
    assert als["test"]["ndcg@10"] == pytest.approx(kept(tmp_path, als).per_learner["ndcg@10"].mean(), abs=1e-6)
    value, low, high = compare.read(results / compare.COMPARISONS_FILE)["own", 0]["leads"]["als"]
    assert low <= value <= high
    text = (results / "README.md").read_text()
    assert "| ALS | 2 |" in text
    assert ".0100 (a coin); HR@10 .0200 | ≥ .010 | yes |" in text
    assert {path.name for path in results.glob("*.png")} == {"coverage-own.png", "history-own.png"}
    assert "Our own log" in capfd.readouterr().out
    before = (results / lines.RESULTS_FILE).read_text()
    assert lernpfad(*words("worker=0")) == 0
    assert (results / lines.RESULTS_FILE).read_text() == before  # nothing to do


def kept(home, line):
    place = lines.folder(home / "runs" / "benchmark" / "tiny", line["lane"], line["model"], line["run"], line["key"])
    return kept_rankings.read(place / "ranking" / "test")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("suite.judged=rankin", "suite 'tiny': no way to be judged named 'rankin'; did you mean 'ranking'?"),
        ("+suite.lanes.own.shown=[ndgc@10]", "suite.lanes.own.shown: no ranking metric named 'ndgc@10'"),
        ("+suite.lanes.own.shown=[ndcg]", "after the @ stands a cut-off"),
    ],
)
def test_a_suite_that_means_nothing_is_one_line(lernpfad, words, capsys, word, said):
    assert lernpfad(*words(word, "worker=0")) == 2
    assert said in capsys.readouterr().err


def test_what_a_table_shows_is_no_choice_of_tracers(lernpfad, words, capsys):
    assert lernpfad(*words("suite.judged=tracing", "+suite.lanes.own.shown=[auc]", "worker=0")) == 2
    assert "suite.lanes.own: shown is for suites that are judged by ranking" in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_of_the_other_kind_says_so_in_its_folder(lernpfad, words, tmp_path):
    assert lernpfad(*words("suite.judged=tracing", "models=[popularity]", "first=1", "worker=0")) == 0
    (reason,) = tmp_path.glob("runs/benchmark/tiny/own/popularity/*/error.txt")
    assert reason.read_text() == (
        "ConfigError: it trains no tracer, and the suite is judged by tracing: choose tracer=..."
    )


def test_cut_offs_have_to_be_some(lernpfad, capsys):
    assert lernpfad("train", "recommender=popularity", "tracer=null", "ranking_ks=[]") == 2
    assert "ranking_ks is [], expected cut-offs of at least 1" in capsys.readouterr().err


def rankings(values, learners=None):
    """One target a learner, and this NDCG."""
    count, every = len(values), np.arange(len(values))
    names = np.array([f"learner-{j}" for j in every]) if learners is None else learners
    asked = Asked(names, every, np.arange(count + 1), every, np.ones(count), np.ones(count, dtype=int), every % 2 + 1)
    found = {"ndcg@10": np.asarray(values)}
    return RankingResult({"ndcg@10": float(np.mean(values))}, found, every, np.zeros((count, 10), dtype=int), asked)


def compared(folder, found, reference="one"):
    for name, one in found.items():
        lines.append(folder, {"lane": "A", "model": name, "run": 0, "key": name})
        kept_rankings.write(lines.folder(folder / "runs", "A", name, 0, name) / "ranking" / "test", one)
    every = {name: ["recommender=als"] for name in found}
    lane = {"title": "A", "protocol": "p", "models": every, "reference": reference}
    suite = {"name": "s", "judged": "ranking", "lanes": {"A": lane}}
    compare.write(OmegaConf.create({"suite": suite, "resamples": 200}), folder / "runs", folder)
    return compare.read(folder / compare.COMPARISONS_FILE)["A", 0]


def test_leads_are_over_the_reference_on_the_same_learners(tmp_path):
    values = np.random.default_rng(0).random(300)
    told = compared(tmp_path, {"one": rankings(values), "better": rankings(values + 0.02), "same": rankings(values)})
    assert told["leads"]["better"] == pytest.approx([0.02, 0.02, 0.02])
    assert told["leads"]["same"] == [0, 0, 0]
    assert (told["metric"], told["p"]["same"]) == ("ndcg@10", 1.0)
    assert told["p"]["better"] < 0.05
    assert "one" not in told["leads"]


def test_models_that_were_asked_about_others_are_not_compared(tmp_path):
    values = np.linspace(0, 1, 5)
    with pytest.raises(DataError, match="lane A, run 0: one and two were tested on other targets"):
        compared(tmp_path, {"one": rankings(values), "two": rankings(values, np.array(list("abcde")))})


def test_a_run_without_the_cut_off_of_the_headline_is_refused(tmp_path):
    kept_rankings.write(tmp_path / "ranking" / "test", rankings([0.5]))
    ran = kinds.Ran(OmegaConf.create({"ranking_ks": [5]}), {"test/ndcg_at_5": 0.5}, tmp_path)
    kind = kinds.of(OmegaConf.create({"suite": {"name": "s", "judged": "ranking"}}))
    with pytest.raises(ConfigError, match=r"its ranking_ks are \[5\]; a benchmark needs 10 among them"):
        kind.measured(ran, resamples=10)


def test_a_line_is_json_for_everybody(tmp_path):
    kept_rankings.write(tmp_path / "ranking" / "test", rankings([0.5, 0.0]))
    ran = kinds.Ran(OmegaConf.create({"ranking_ks": [10]}), {"test/ndcg_at_10": 0.25}, tmp_path)
    kind = kinds.of(OmegaConf.create({"suite": {"name": "s", "judged": "ranking"}}))
    line = kind.measured(ran, resamples=10)
    assert json.loads(json.dumps(line, allow_nan=False)) == line
    assert line["slices"]["history"]["0"] == {"n": 1, "targets": 1, "ndcg@10": 0.5}
    assert line["intervals"]["ndcg@10"] == [0.0, 0.5]
