"""What each command leaves behind, on a tiny world: files, numbers, and an MLflow run that a person can read."""

import json
import re

import numpy as np
import pytest

from lernpfad.core import recommend
from lernpfad.data import table
from lernpfad.run import store
from lernpfad.serve import bundle


@pytest.fixture(scope="module")
def client(company):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=company.uri)


@pytest.fixture(scope="module")
def runs(company, client):
    """Every recorded run by its folder's name."""
    experiment = client.get_experiment_by_name("lernpfad")
    found = client.search_runs([experiment.experiment_id])
    return {run.data.tags["run_folder"].rsplit("/", 1)[-1]: run for run in found}


def test_a_simulated_log_reads_back_with_propensities_and_roles(company):
    data = table.read(company.at("data", "synthetic"))
    log = data.sequences
    assert len(log.learners) == 60
    assert ((log.extra["propensity"] > 0) & (log.extra["propensity"] <= 1)).all()
    assert data.roles is not None
    assert set(data.learner["role"]) <= set(range(len(data.roles.names)))
    summary = json.loads(company.at("runs", "simulate", "summary.json").read_text())
    assert summary["offers"] == len(log)
    assert summary["accepted"] == pytest.approx(log.accepted.mean())
    assert 0 < summary["debt_end"] < 1


def test_a_fitted_model_comes_back_with_its_numbers(company):
    data = table.read(company.at("data", "synthetic"))
    tracer = store.load(company.at("runs", "bkt"), part="tracer")
    assert tracer.facts["data_hash"] == data.fingerprint
    assert np.array_equal(tracer.catalog.items, data.catalog.items)
    assert np.array_equal(tracer.roles.level, data.roles.level)
    metrics = json.loads(company.at("runs", "bkt", "metrics.json").read_text())
    assert tracer.facts["test"]["auc"] == metrics["test/auc"]
    assert metrics["test/auc_low"] < metrics["test/auc"] < metrics["test/auc_high"]
    assert "final/valid/auc" in metrics


def test_nothing_on_disk_is_a_pickle(company):
    files = [path for path in company.home.rglob("*") if path.is_file()]
    assert len(files) > 50
    assert not [path for path in files if path.suffix in (".pkl", ".pickle", ".joblib", ".pt")]
    assert not [path for path in files if path.read_bytes()[:2] in (b"\x80\x04", b"\x80\x05")]


def test_every_command_is_a_finished_run(runs):
    assert set(runs) == {"simulate", "bkt", "als", "evaluate", "export"}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}


def test_a_run_says_what_it_was(runs, company):
    bkt = runs["bkt"].data
    assert bkt.params["tracer._target_"] == "lernpfad.tracing.bkt.BKT"
    assert bkt.params["seed"] == "0"
    assert bkt.params["data.split.folds"] == "5"
    assert {run.data.tags["seed"] for run in runs.values()} == {"0"}
    assert not [key for key in bkt.params if key.startswith("hydra")]
    assert bkt.tags["data.hash"] == table.read(company.at("data", "synthetic")).fingerprint
    assert "tracer=bkt" in bkt.tags["command"] or "pytest" in bkt.tags["command"]
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", bkt.tags["version.numpy"])
    assert bkt.metrics["test/auc"] > 0.5


def test_a_run_names_its_data_and_keeps_the_epochs(runs, client):
    bkt = runs["bkt"]
    data = bkt.inputs.dataset_inputs[0].dataset
    assert data.name == "synthetic"
    assert bkt.data.tags["data.hash"].startswith(data.digest)
    history = client.get_metric_history(bkt.info.run_id, "train/loss")
    assert [one.step for one in history] == list(range(len(history)))
    assert len(history) > 1
    assert history[-1].value < history[0].value


def test_a_run_keeps_config_figures_tables_and_models(runs, client):
    def kept(run, folder=None):
        return {one.path for one in client.list_artifacts(run.info.run_id, folder)}

    assert {"config.yaml", "figures", "tables", "metrics.json"} <= kept(runs["bkt"])
    assert "figures/calibration.png" in kept(runs["bkt"], "figures")
    assert "tables/tracer_test.json" in kept(runs["bkt"], "tables")
    assert "recommender" in kept(runs["als"])
    assert {"report.html", "policies.txt", "evaluation.json"} <= kept(runs["evaluate"])
    assert "figures/debt.png" in kept(runs["evaluate"], "figures")
    assert "bundle/manifest.json" in kept(runs["export"], "bundle")


def test_the_logged_model_loads_and_predicts(runs, company, monkeypatch):
    import mlflow
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", company.uri)
    loaded = mlflow.pyfunc.load_model(f"models:/{runs['bkt'].outputs.model_outputs[0].model_id}")
    item = str(store.load(company.at("runs", "bkt"), part="tracer").catalog.items[0])
    frame = pd.DataFrame(
        {
            "learner": ["b", "a", "b", "b"],
            "item": [item, item, item, "never seen"],
            "outcome": [1, 0, 1, 0],
            "time": [0.0, 0.0, 60.0, 120.0],
        },
        index=[7, 3, 5, 1],
    )
    success = loaded.predict(frame)["success"]
    assert list(success.index) == [7, 3, 5, 1]
    assert success[7] == pytest.approx(success[3])  # both have seen nothing yet
    assert success[5] > success[7]  # b got it right before
    assert ((success > 0) & (success < 1)).all()
    assert [one["name"] for one in loaded.metadata.signature.inputs.to_dict()] == ["learner", "item", "outcome", "time"]
    assert loaded.input_example is not None


def test_the_evaluation_names_the_winner_and_its_lead(company, runs):
    found = json.loads(company.at("runs", "evaluate", "evaluation.json").read_text())
    by_name = {row["policy"]: row for row in found["policies"]}
    assert set(by_name) == {"wateringcan", "random", "debtperminute", "oracle"}
    fair = {name: row["per_hour"] for name, row in by_name.items() if name != "oracle"}
    assert found["winner"] == max(fair, key=fair.get)
    assert set(found["winner_leads_by"]) == set(by_name) - {found["winner"]}
    assert {row["metric"] for row in found["on_past"]["bkt"]} >= {"auc", "log_loss", "ece"}
    assert "ndcg@10" in {row["metric"] for row in found["on_past"]["als"]}
    assert runs["evaluate"].data.metrics["closed_loop/oracle/per_hour"] == by_name["oracle"]["per_hour"]
    page = company.at("runs", "evaluate", "report.html").read_text()
    assert "<svg" in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_the_bundle_answers_like_the_models_it_was_made_of(company):
    loaded = bundle.load(company.at("runs", "bundle"))
    fitted = store.load(company.at("runs", "bkt"), part="tracer")
    histories = table.read(company.at("data", "synthetic")).sequences.select(np.arange(3))
    situation = loaded.next_best.situation(histories, catalog=loaded.catalog)
    success = fitted.model.predict(situation.state, situation.candidates, situation.at)
    assert situation.success == pytest.approx(success)
    offers = recommend(loaded.next_best.policy, situation, k=3)
    assert all(one.reason for mine in offers for one in mine)
    assert loaded.manifest.provenance["tracer_run"] == fitted.facts["run"]
    assert loaded.manifest.metrics["tracer"]["auc"] == fitted.facts["test"]["auc"]


def test_the_documents_in_the_bundle_say_the_figures_of_the_run(company):
    metrics = json.loads(company.at("runs", "bkt", "metrics.json").read_text())
    parts = json.loads(company.at("runs", "bkt", "split.json").read_text())["parts"]
    judged = json.loads(company.at("runs", "evaluate", "evaluation.json").read_text())
    [won] = [row for row in judged["policies"] if row["policy"] == judged["winner"]]
    for name in ("model_card.md", "documents/technical_file.md"):
        page = company.at("runs", "bundle", name).read_text()
        for metric in ("auc", "log_loss", "ece"):
            assert f"| tracer/{metric} | {metrics[f'test/{metric}']:.4g} |" in page
        assert f"| closed_loop/per_hour | {won['per_hour']:.4g} |" in page
    sheet = company.at("runs", "bundle", "documents", "data_sheet.md").read_text()
    for part, of in parts.items():
        assert f"| {part} | {of['learners']} | {of['rows']} |" in sheet
    assert "### Role" in sheet
    assert table.read(company.at("data", "synthetic")).fingerprint in sheet


def test_the_same_seed_gives_the_same_numbers_and_another_one_does_not(company):
    first = company.at("data", "synthetic", "interactions.parquet").read_bytes()
    with company.command() as lernpfad:
        words = ("simulate", "simulator=tiny", "learners=60", "weeks=6", "tracking=none")
        assert lernpfad(*words, "folder=data/again") == 0
        assert lernpfad(*words, "folder=data/other", "seed=1") == 0
    assert company.at("data", "again", "interactions.parquet").read_bytes() == first
    assert company.at("data", "other", "interactions.parquet").read_bytes() != first


def test_models_of_another_catalog_are_refused(company, capsys):
    with company.command() as lernpfad:
        words = ("evaluate", "simulator=tiny", "simulator.items=50", "models.tracer=runs/bkt", "tracking=none")
        assert lernpfad(*words, "learners=5", "weeks=1", "past_weeks=1") == 2
    assert "was fitted for 40 items, this world has 50" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("evaluate",), "models.tracer must be given: models.tracer=..."),
        (("evaluate", "models.tracer=runs/bkd"), "no run folder named 'bkd'; did you mean 'bkt'? (in 'runs')"),
        (("evaluate", "models.tracer=runs/als"), "no fitted tracer in 'runs/als'; there is: recommender"),
        (("evaluate", "models.tracer=runs/bkt", "only=[orcale]"), "no policy named 'orcale'; did you mean 'oracle'?"),
        (("evaluate", "models.tracer=runs/bkt", "simulator=null"), "nothing to evaluate on"),
        (("export",), "nothing to export: give evaluation="),
        (("export", "evaluation=runs/bkt"), "evaluation: 'runs/bkt' is no folder of lernpfad evaluate"),
        (("export", "models.tracer=runs/bkt"), "no policy to export: choose policy="),
        (("export", "models.tracer=runs/bkt", "policy=oracle", "folder=runs/b"), "an oracle sees the truth"),
        (("evaluate", "tracer=3"), "a config group wants the name of one of its files"),
    ],
)
def test_what_is_missing_is_said_in_one_line(company, capsys, words, line):
    with company.command() as lernpfad:
        assert lernpfad(*words, *([] if words[-1] == "tracer=3" else ["tracking=none"])) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lernpfad: {line}")
    assert said.count("\n") == 1
