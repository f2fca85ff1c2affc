"""Training as a command: interruption and resume, multirun, and what two runs must not share."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.data.split import ByTime
from lernpfad.evaluate.metrics import auc
from lernpfad.run import store, train
from lernpfad.run.predictions import Predictions
from lernpfad.tracing.itemmean import ItemMean
from lernpfad.training.batches import targets
from run import worlds

NEURAL = ("tracer=dkt", "trainer=fast", "tracer.network.width=8", "tracer.network.item_width=4")


@pytest.fixture
def words(tiny_log):
    return ("train", "data=logs", f"data.folder={tiny_log}", "resamples=20")


def weights(run: Path):
    return store.persist.learned(store.load(run, part="tracer").model)


def test_a_multirun_trains_once_per_seed_side_by_side(lernpfad, words, tmp_path):
    sweep = "hydra.sweep.dir=runs/sweep"
    assert lernpfad(*words, *NEURAL, "trainer.max_epochs=1", "tracking=none", "seed=1,2", sweep, "-m") == 0
    one, two = (weights(tmp_path / "runs" / "sweep" / job) for job in "01")
    assert any(not np.array_equal(one[name], two[name]) for name in one)
    assert lernpfad(*words, *NEURAL, "trainer.max_epochs=1", "tracking=none", "seed=1", "hydra.run.dir=runs/one") == 0
    again = weights(tmp_path / "runs" / "one")
    assert all(np.array_equal(one[name], again[name]) for name in one)


def test_a_neural_tracer_comes_back_from_its_folder(lernpfad, words, tmp_path, tiny_log):
    assert lernpfad(*words, *NEURAL, "trainer.max_epochs=2", "tracking=none", "hydra.run.dir=runs/dkt") == 0
    loaded = store.load(tmp_path / "runs" / "dkt", part="tracer")
    assert loaded.name == "dkt"
    assert len(loaded.facts["epochs"]) == 2
    assert loaded.model.network.keywords["width"] == 8
    histories = table.read(tiny_log).sequences
    metrics = json.loads((tmp_path / "runs" / "dkt" / "metrics.json").read_text())
    predicted = loaded.model.trace(histories)
    assert ((predicted > 0) & (predicted < 1)).all()
    assert 0 < metrics["test/auc"] < 1
    assert set(store.needs(loaded.folder)) == {"torch", "lightning"}


def test_what_was_predicted_is_kept_and_what_it_cost(lernpfad, words, tmp_path):
    """The metrics follow from the predictions; and who reads them needs no model."""
    assert lernpfad(*words, "tracer=elo", "tracking=none", "hydra.run.dir=runs/elo") == 0
    run = tmp_path / "runs" / "elo"
    metrics = json.loads((run / "metrics.json").read_text())
    for side, prefix in ((train.TEST_PREDICTIONS, "test"), (train.VALID_PREDICTIONS, "final/valid")):
        said = Predictions.read(run / side)
        assert auc(said.predicted.astype(float), said.outcome) == pytest.approx(metrics[f"{prefix}/auc"], abs=1e-6)
        assert said.number.tolist() == (said.before + 1).tolist()  # whole histories, all of them answered
        assert said.met.all()
    assert metrics["cost/parameters"] > 0
    assert metrics["cost/state_bytes"] > 0
    assert metrics["cost/step_ms"] > 0
    assert metrics["cost/fit_s"] > 0


def test_early_stopping_looks_at_no_row_that_was_trained_on(monkeypatch, tmp_path):
    """A split in time gives held-out learners their training rows along, as history that is not scored."""

    class Listening:
        def fit(self, train, valid):
            self.train, self.valid = train, valid
            return self

    monkeypatch.setattr(train.parts, "build", lambda config, part: Listening())
    monkeypatch.setattr(train.parts, "choices", lambda *groups: ["listening"])
    logs = worlds.log().sequences
    logs = replace(logs, time=logs.time * 86_400.0 + logs.owner)
    split = ByTime()(Dataset("clocked", logs))
    job = train.Job(config=None, folder=tmp_path, dataset=None, split=split, record=None)
    model, _ = train.fitted(job, "tracer")
    watched = targets(model.valid)
    assert (model.valid.time <= model.train.time.max()).any()
    assert watched.any()
    assert model.valid.time[watched].min() > model.train.time.max()


def test_a_model_that_was_written_by_half_is_no_model(tmp_path, tiny_log, monkeypatch):
    logs = table.read(tiny_log)
    more = {"catalog": logs.catalog, "roles": None, "facts": {}}
    tracer = ItemMean().fit(logs.sequences)
    assert store.load(store.save(tmp_path / "tracer", tracer, **more)).name == "itemmean"
    monkeypatch.setattr(store.files, "write_arrays", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.save(tmp_path / "tracer", tracer, **more)
    with pytest.raises(ConfigError, match="no fitted model in"):
        store.load(tmp_path / "tracer")


def test_resuming_with_other_settings_is_refused(lernpfad, words, capsys):
    assert lernpfad(*words, "tracking=none", "hydra.run.dir=runs/first") == 0
    capsys.readouterr()
    assert lernpfad(*words, "tracking=none", "resume=runs/first", "tracer.starts=9") == 2
    said = capsys.readouterr().err
    assert said.startswith("lernpfad: resume: tracer.starts is 9 here and was 3 in ")
    assert said.count("\n") == 1


def test_resuming_what_is_no_training_run_is_refused(lernpfad, words, capsys, tmp_path):
    (tmp_path / "runs" / "empty").mkdir(parents=True)
    assert lernpfad(*words, "tracking=none", "resume=runs/empty") == 2
    assert "is no folder of lernpfad train" in capsys.readouterr().err
    assert lernpfad(*words, "tracking=none", "resume=runs/emtpy") == 2
    assert "no run folder named 'emtpy'; did you mean 'empty'?" in capsys.readouterr().err


def test_ctrl_c_ends_in_one_line_a_killed_run_and_a_run_that_can_go_on(words, tmp_path):
    from mlflow import MlflowClient

    command = [sys.executable, "-m", "lernpfad", *words, *NEURAL, "trainer.patience=500"]
    started = subprocess.Popen(
        [*command, "trainer.max_epochs=4000", "hydra.run.dir=runs/long"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    last = tmp_path / "runs" / "long" / "checkpoints" / "last.ckpt"
    until = time.monotonic() + 120
    while not last.exists() and started.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)
    assert started.returncode == 130, said
    assert said.strip().splitlines()[-1] == "lernpfad: interrupted"
    assert "Traceback" not in said
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/runs/mlflow.db")
    killed = client.get_run(json.loads((tmp_path / "runs" / "long" / "mlflow.json").read_text())["run"])
    assert killed.info.status == "KILLED"
    assert not (tmp_path / "runs" / "long" / "tracer").exists()

    more = [*command, "trainer.max_epochs=1", "resume=runs/long"]  # it has had more epochs than that
    subprocess.run(more, cwd=tmp_path, check=True, capture_output=True)
    finished = client.get_run(killed.info.run_id)
    assert finished.info.status == "FINISHED"
    assert finished.data.metrics["test/auc"] > 0
    assert store.load(tmp_path / "runs" / "long", part="tracer").name == "dkt"
