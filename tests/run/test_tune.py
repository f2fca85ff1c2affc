"""A search goes on where it stopped, is shared by processes, prunes, and ends as an experiment that trains."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lernpfad.core import ConfigError
from lernpfad.run import space, tune

DKT = (
    "sweep=dkt",
    "trainer=fast",
    "trainer.max_epochs=4",
    "sweep.space.width={setting: tracer.network.width, low: 4, high: 9}",
)


@pytest.fixture
def words(tiny_log):
    return ("tune", "data=logs", f"data.folder={tiny_log}")


def study(folder: Path, name: str):
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / "runs" / "tune" / name / "journal.log")))
    return optuna.load_study(study_name=name, storage=storage)


def trials(folder: Path, name: str):
    return study(folder, name).trials


def test_a_study_goes_on_and_its_best_settings_train(lernpfad, words, tmp_path, capsys):
    assert lernpfad(*words, "sweep=bkt", "trials=2", "tracking=none") == 0
    assert lernpfad(*words, "sweep=bkt", "trials=3", "tracking=none") == 0
    done = trials(tmp_path, "bkt-logs")
    assert [one.number for one in done] == [0, 1, 2]
    best = min(done, key=lambda one: one.value)
    assert f"best of 3 trials: log_loss {best.value:.4f} on validation" in capsys.readouterr().out
    again = ("--config-dir", "runs/tune/bkt-logs", "experiment=best", "tracking=none", "hydra.run.dir=runs/best")
    assert lernpfad("train", *again) == 0
    assert json.loads((tmp_path / "runs" / "best" / "config.json").read_text())["tracer"] == {
        "_target_": "lernpfad.tracing.bkt.BKT",
        "seed": 0,
        "starts": 3,
        "tolerance": 0.001,
        "max_iterations": 200,
        **best.params,
    }
    found = json.loads((tmp_path / "runs" / "best" / "metrics.json").read_text())
    assert found["final/valid/log_loss"] == pytest.approx(best.value)


def test_other_settings_need_another_study(lernpfad, words, capsys):
    assert lernpfad(*words, "sweep=bkt", "trials=1", "tracking=none") == 0
    assert lernpfad(*words, "sweep=bkt", "trials=2", "tracking=none", "tracer.starts=2") == 2
    said = capsys.readouterr().err
    assert said.startswith("lernpfad: study 'bkt-logs': tracer.starts is 2 here and was 3 in ")
    assert lernpfad(*words, "sweep=bkt", "trials=1", "tracking=none", "tracer.starts=2", "study=other") == 0


@pytest.mark.slow
def test_two_processes_share_a_study_and_its_trials_are_nested_runs(lernpfad, words, tmp_path):
    assert lernpfad(*words, *DKT, "trials=6", "workers=2") == 0
    done = trials(tmp_path, "dkt-logs")
    finished = [one for one in done if one.state.name in ("COMPLETE", "PRUNED")]
    assert len(finished) >= 6
    assert len({tuple(one.params.items()) for one in done}) == len(done)  # nobody proposed what another one had
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/runs/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("lernpfad").experiment_id])
    (parent,) = [one for one in runs if "mlflow.parentRunId" not in one.data.tags]
    nested = [one for one in runs if one.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(nested) == len(done)
    assert {one.data.tags["optuna.trial"] for one in nested} == {str(one.number) for one in done}
    complete = [one for one in nested if "optuna.state" not in one.data.tags]
    assert all(one.data.metrics["final/valid/auc"] > 0 for one in complete)
    assert parent.data.metrics["best/valid/auc"] == pytest.approx(max(one.value for one in done if one.value))


def test_a_hopeless_trial_is_pruned():
    import optuna

    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner(n_startup_trials=2))
    for value in (0.7, 0.8):
        trial = study.ask()
        tune.Pruning(trial, "valid/auc")(0, {"valid/auc": value})
        study.tell(trial, value)
    trial = study.ask()
    listen = tune.Pruning(trial, "valid/auc")
    listen(0, {"train/loss": 9.0})  # says nothing of validation
    with pytest.raises(optuna.TrialPruned):
        listen(0, {"valid/auc": 0.5})


def test_an_interrupted_trial_does_not_hang_in_the_study(lernpfad, words, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tune, "_value", interrupted)
    assert lernpfad(*words, "sweep=bkt", "trials=1", "tracking=none") == 130
    assert [one.state.name for one in trials(tmp_path, "bkt-logs")] == ["FAIL"]


def test_a_trial_whose_process_was_killed_is_run_again(lernpfad, words, tmp_path):
    assert lernpfad(*words, "sweep=bkt", "trials=1", "tracking=none") == 0
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for process in ((socket.gethostname(), gone.pid), (socket.gethostname(), os.getpid()), ("elsewhere", gone.pid)):
        study(tmp_path, "bkt-logs").ask().set_user_attr("process", process)
    assert lernpfad(*words, "sweep=bkt", "trials=4", "tracking=none") == 0
    states = [one.state.name for one in trials(tmp_path, "bkt-logs")]
    assert states == ["COMPLETE", "FAIL", "RUNNING", "RUNNING", "COMPLETE"]


def test_the_search_reports_when_every_worker_is_done(lernpfad, words, tmp_path, monkeypatch, capsys):
    marked = tmp_path / "done"
    slow = [sys.executable, "-c", f"import time, pathlib; time.sleep(2); pathlib.Path({str(marked)!r}).touch()"]
    started = subprocess.Popen
    given = []

    def worker(command, **more):
        if command[:3] != [sys.executable, "-m", "lernpfad"]:
            return started(command, **more)
        given.append(command)
        return started(slow)

    monkeypatch.setattr(subprocess, "Popen", worker)
    monkeypatch.setattr(tune, "_report", lambda _: print(f"worker done: {marked.exists()}"))
    assert lernpfad(*words, "sweep=bkt", "trials=1", "tracking=none", "++workers=2") == 0
    assert "worker done: True" in capsys.readouterr().out
    assert not [word for word in given[0] if word.startswith("++workers")]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["sweep=bkd"], "no sweep named 'bkd'; did you mean 'bkt'?"),
        (["sweep=bkt", "tracer=null"], "the sweep is about a tracer, but none is chosen: tracer=..."),
        (["sweep=bkt", "trials=0"], "trials is 0, expected at least 1"),
        (["sweep=bkt", "sweep.metric=aux", "trials=1"], "sweep.metric: no metric named 'aux'; did you mean 'auc'?"),
        (
            ["sweep=bkt", "sweep.space.shrinkage.setting=tracer.shrinkege"],
            "sweep.space.shrinkage: no setting named 'tracer.shrinkege'; did you mean 'tracer.shrinkage'?",
        ),
        (["sweep=bkt", "sweep.space.shrinkage.low=200"], "sweep.space.shrinkage: low 200 is above high 100.0"),
        (["sweep=bkt", "workers=2", "seed=1,2", "-m"], "workers=1 in a multirun"),
    ],
)
def test_a_mistake_in_a_search_is_one_line(lernpfad, words, capsys, given, line):
    assert lernpfad(*words, "tracking=none", *given) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lernpfad: {line}")
    assert said.count("\n") == 1


def test_a_space_without_ends_is_refused():
    from omegaconf import OmegaConf

    config = OmegaConf.create(
        {"tracer": {"width": 3}, "sweep": {"space": {"width": {"setting": "tracer.width", "low": 1}}}}
    )
    with pytest.raises(ConfigError, match=r"sweep.space.width: give low and high, or choices"):
        space.check(config)
