"""The record: how it ends, that it can be shared by processes, and that it can be left out."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from lernpfad.core import ConfigError
from lernpfad.run import provenance, tracking
from lernpfad.run.record import Start
from lernpfad.run.tracking import _unbroken


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for all tests here: creating it takes seconds."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def record_in(store, tmp_path):
    mlflow = tracking.MLflow(uri=f"sqlite:///{store}/mlflow.db", artifacts=f"{store}/artifacts", experiment="test")

    def start(**more):
        return mlflow.start(Start("a run", tmp_path, {"a": {"b": 1}, "c": [1, 2], "empty": {}}, **more))

    return start


def status(record):
    return record.client.get_run(record.run_id()).info.status


def status_in(database, run):
    with closing(sqlite3.connect(database)) as found:
        return [row for (row,) in found.execute("select status from runs where run_uuid = ?", [run])]


@pytest.mark.parametrize(
    ("problem", "ended"), [(None, "FINISHED"), (ValueError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_a_run_ends_as_what_became_of_it(record_in, problem, ended):
    try:
        with record_in() as record:
            assert status(record) == "RUNNING"
            if problem is not None:
                raise problem
    except (ValueError, KeyboardInterrupt):
        pass
    assert status(record) == ended
    error = record.client.get_run(record.run_id()).data.tags.get("error", "")
    assert error == ("" if problem is None else f"{type(problem).__name__}: {problem}")


def test_a_run_of_the_same_folder_goes_on(record_in):
    with record_in() as first:
        first.metrics({"valid/auc": 0.6}, 0)
    with record_in() as second:
        second.metrics({"valid/auc": 0.7}, 1)
    assert second.run_id() == first.run_id()
    history = second.client.get_metric_history(second.run_id(), "valid/auc")
    assert [(one.step, one.value) for one in history] == [(0, 0.6), (1, 0.7)]


def test_a_run_that_the_store_lost_is_recorded_anew(record_in, caplog):
    with record_in() as first:
        pass
    first.client.delete_run(first.run_id())
    with record_in() as second:
        pass
    assert second.run_id() != first.run_id()
    assert f"MLflow run {first.run_id()} is not in this store any more" in caplog.text


def test_processes_of_one_folder_share_its_run(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from lernpfad.run import tracking; from lernpfad.run.record import Start\n"
        "import os; start = Start('x', Path.cwd(), {'worker': os.getpid()})\n"
        "with tracking.MLflow('sqlite:///mlflow.db', 'artifacts', 'test').start(start) as record: print(record.id)"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, text=True, stdout=-1, stderr=-1) for _ in range(2)
    ]
    said = [one.communicate(timeout=120) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    assert len({out for out, _ in said}) == 1


def test_a_relative_store_is_where_one_is_and_not_where_one_was(store, tmp_path, monkeypatch):
    folders = [tmp_path / "here", tmp_path / "there"]
    runs = []
    for folder in folders:
        folder.mkdir()
        shutil.copy(store / "mlflow.db", folder)
        monkeypatch.chdir(folder)
        with tracking.MLflow("sqlite:///mlflow.db", "artifacts", "test").start(Start("x", folder, {})) as record:
            runs.append(record.run_id())
    assert [status_in(folder / "mlflow.db", run) for folder, run in zip(folders, runs, strict=True)] == [
        ["FINISHED"]
    ] * 2


def test_the_command_can_be_typed_again(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["lernpfad train", "tracer=dkt", "data.name=two words"])
    assert provenance.command_line() == "lernpfad train tracer=dkt 'data.name=two words'"


def test_a_config_becomes_flat_parameters(record_in):
    with record_in(tags={"mine": "yes"}) as record:
        run = record.client.get_run(record.run_id())
    assert run.data.params == {"a.b": "1", "c": "[1, 2]", "empty": "{}"}
    assert run.data.tags["mine"] == "yes"
    assert run.data.tags["version.lernpfad"] == provenance.versions()["lernpfad"]


def test_a_nested_run_knows_its_parent(record_in, tmp_path):
    with record_in() as parent:
        (tmp_path / "mlflow.json").unlink()
        with record_in(parent=parent.run_id()) as nested:
            pass
    assert nested.client.get_run(nested.run_id()).data.tags["mlflow.parentRunId"] == parent.run_id()


def test_two_processes_may_create_the_store_at_once(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from lernpfad.run import tracking; from lernpfad.run.record import Start\n"
        "folder = Path(sys.argv[1]); folder.mkdir()\n"
        "with tracking.MLflow('sqlite:///mlflow.db', 'artifacts', 'test').start(Start('x', folder, {})): pass"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", code, name], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    said = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    runs = {json.loads((tmp_path / name / "mlflow.json").read_text())["run"] for name in ("one", "two")}
    assert len(runs) == 2


def test_a_store_that_cannot_be_used_is_one_line(tmp_path):
    broken = tracking.MLflow(uri="file:///nowhere/mlruns", artifacts=None, experiment="test")
    with (
        pytest.raises(ConfigError, match=r"tracking.uri 'file:///nowhere/mlruns' cannot be used"),
        broken.start(Start("x", tmp_path, {})),
    ):
        pass


def test_a_store_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "taken").write_text("")
    broken = tracking.MLflow(uri=f"sqlite:///{tmp_path}/taken/mlflow.db", artifacts=None, experiment="test")
    with pytest.raises(ConfigError, match=r"mlflow.db' cannot be used"), broken.start(Start("x", tmp_path, {})):
        pass


def test_nothing_is_recorded_where_nothing_is_asked(tmp_path):
    with tracking.Nothing().start(Start("x", tmp_path, {})) as record:
        record.metrics({"a": 1.0})
        record.tags({"a": "b"})
    assert record.run_id() is None
    assert record.place() is None
    assert not list(tmp_path.iterdir())


def test_a_tree_without_git_has_no_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path)
    assert provenance.commit() is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commit() is None


def test_ctrl_c_waits_for_the_write_to_be_done():
    done = []

    def write():
        with _unbroken():
            signal.raise_signal(signal.SIGINT)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]
