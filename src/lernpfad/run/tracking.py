"""The record of a run: `MLflow` on SQLite, or `Nothing`. Both are started alike, so that callers never ask which."""

import json
import logging
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core.errors import ConfigError
from lernpfad.run import locks, passwords, provenance
from lernpfad.run.mlflow_model import Packaged, TracedModel, keep
from lernpfad.run.record import Record, Start
from lernpfad.run.registry import Registry
from lernpfad.serve.files import read_json, write_json

log = logging.getLogger(__name__)

RUN_FILE = "mlflow.json"
_SQLITE = "sqlite:///"
_LONGEST_VALUE, _LONGEST_TAG = 6000, 500
_PER_BATCH = 90


@dataclass(frozen=True)
class Nothing:
    """No record but the run folder."""

    @contextmanager
    def start(self, start: Start) -> Iterator[Record]:
        """A record that forgets everything."""
        yield Record()

    def registry(self, name: str) -> AbstractContextManager[Registry]:
        """Refused: nothing is kept."""
        raise ConfigError(f"tracking=none keeps no registered model '{name}'; use tracking=mlflow")


@dataclass(frozen=True)
class MLflow:
    """Runs in MLflow. uri: of the tracking store. artifacts: local folder, or None for the server's own place.

    Raises ConfigError if either holds a password.
    """

    uri: str
    artifacts: str | None
    experiment: str

    def __post_init__(self) -> None:
        for name, value in (("uri", self.uri), ("artifacts", self.artifacts)):
            passwords.refuse(f"tracking.{name}", value)

    @contextmanager
    def start(self, start: Start) -> Iterator[Record]:
        """Record what happens inside; the run ends as FINISHED, FAILED, or KILLED after Ctrl-C."""
        uri = _absolute(self.uri)
        with _alone(uri):  # processes that share a folder share its run: one of them begins it, the others find it
            client, experiment = self._opened(uri)
            record = MLflowRecord(client, experiment, _begin(client, experiment, start), uri)
        try:
            with _alone(uri):
                record.params(start.config)
            yield record
        except BaseException as problem:
            record.tags({"error": f"{type(problem).__name__}: {problem}"[:_LONGEST_TAG]})
            client.set_terminated(record.id, "KILLED" if was_interrupted(problem) else "FAILED")
            raise
        client.set_terminated(record.id, "FINISHED")

    @contextmanager
    def registry(self, name: str) -> Iterator[Registry]:
        """A registered model of the same store, while nobody else changes it."""
        uri = _absolute(self.uri)
        with _alone(uri):
            client, _ = self._opened(uri)
            yield Registry(client, name)

    def _opened(self, uri: str) -> tuple[Any, str]:
        """The client and the experiment's id, created if need be."""
        _quiet_mlflow()
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            client = MlflowClient(tracking_uri=uri)
            found = client.get_experiment_by_name(self.experiment)
            if found is not None:
                return client, found.experiment_id
            home = None if self.artifacts is None else Path(self.artifacts).resolve().as_uri()
            return client, client.create_experiment(self.experiment, artifact_location=home)
        except MlflowException as problem:
            raise _unusable(self.uri, problem) from problem


class MLflowRecord(Record):
    """One run in MLflow while it lasts."""

    def __init__(self, client: Any, experiment: str, id: str, uri: str) -> None:
        self.client, self.experiment, self.id, self.uri = client, experiment, id, uri

    def place(self) -> str:
        """The run and its store."""
        return f"run {self.id} in {self.uri}"

    def run_id(self) -> str:
        """The id in MLflow."""
        return self.id

    def params(self, config: Mapping[str, Any]) -> None:
        """The config: flat as parameters, which can be searched, and whole as `config.yaml`."""
        from mlflow.entities import Param

        known = self.client.get_run(self.id).data.params  # of a run that goes on; MLflow lets none be changed
        flat = [Param(key, str(value)[:_LONGEST_VALUE]) for key, value in flattened(config) if key not in known]
        for first in range(0, len(flat), _PER_BATCH):
            self.client.log_batch(self.id, params=flat[first : first + _PER_BATCH])
        self.client.log_dict(self.id, _plain(config), "config.yaml")

    def tags(self, values: Mapping[str, str]) -> None:
        """One write for all of them."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.id, tags=[RunTag(key, str(value)) for key, value in values.items()])

    def data(self, name: str, fingerprint: str, source: str) -> None:
        """As an input of the run, and as a tag with the whole hash."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        digest = fingerprint[:32]  # MLflow keeps 36 characters; the tag has all of them
        used = Dataset(name=name, digest=digest, source_type="local", source=json.dumps({"path": source}))
        self.client.log_inputs(self.id, [DatasetInput(used, [InputTag("mlflow.data.context", "training")])])
        self.tags({"data.name": name, "data.hash": fingerprint})

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """One write for all of them: a single one takes about 5 ms."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        found = [Metric(key, float(v), now, step or 0) for key, v in values.items()]
        with _unbroken():
            self.client.log_batch(self.id, metrics=found)

    def figure(self, figure: Any, name: str) -> None:
        """As PNG."""
        self.client.log_figure(self.id, figure, f"figures/{name}.png")

    def table(self, rows: list[dict[str, Any]], name: str) -> None:
        """By column, as MLflow wants it."""
        columns = {key: [row.get(key) for row in rows] for key in (rows[0] if rows else {})}
        self.client.log_table(self.id, columns, f"tables/{name}.json")

    def file(self, path: Path, under: str | None = None) -> None:
        """Copied into the artifacts of the run."""
        if path.is_dir():
            self.client.log_artifacts(self.id, str(path), under)
        else:
            self.client.log_artifact(self.id, str(path), under)

    def model(self, traced: TracedModel) -> None:
        """As a logged model of the run."""
        keep(traced, self.client, experiment=self.experiment, run=self.id)

    def register(self, packaged: Packaged, name: str) -> str:
        """As a logged model of the run and a new version of the registered model; returns the version's number."""
        with _alone(self.uri):
            kept = keep(packaged, self.client, experiment=self.experiment, run=self.id)
            return Registry(self.client, name).add(kept, run=self.id)


@contextmanager
def _unbroken() -> Iterator[None]:
    """Ctrl-C is heard when the write is done: half of one would leave the database locked for what comes after."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if heard:
            signal.raise_signal(signal.SIGINT)


def was_interrupted(problem: BaseException) -> bool:
    """Whether a person stopped the run; Lightning turns Ctrl-C into a SystemExit of its own."""
    return isinstance(problem, KeyboardInterrupt) or (
        isinstance(problem, SystemExit) and isinstance(problem.__context__, KeyboardInterrupt)
    )


def flattened(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Leaves of a nested config by dotted key."""
    for key, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _begin(client: Any, experiment: str, start: Start) -> str:
    """The id of a new run, or of the one that was recorded in the run folder before."""
    noted = start.folder / RUN_FILE
    before = _before(client, noted)
    if before is not None:
        client.update_run(before, status="RUNNING")
        return before
    tags = {
        "mlflow.source.name": "lernpfad",
        "mlflow.source.type": "LOCAL",
        "mlflow.user": provenance.user(),
        "command": provenance.command_line(),
        "run_folder": str(start.folder),
        "seed": str(start.config.get("seed")),
        **{f"version.{name}": number for name, number in provenance.versions().items()},
        **start.tags,
    }
    if (head := provenance.commit()) is not None:
        tags["mlflow.source.git.commit"] = head
    if start.parent is not None:
        tags["mlflow.parentRunId"] = start.parent
    run: str = client.create_run(experiment, run_name=start.name, tags=tags).info.run_id
    write_json(noted, {"run": run, "experiment": experiment})
    return run


def _before(client: Any, noted: Path) -> str | None:
    """The run that was recorded in the folder, if the store still has it."""
    from mlflow.exceptions import MlflowException

    if not noted.is_file():
        return None
    run: str = read_json(noted)["run"]
    try:
        if client.get_run(run).info.lifecycle_stage == "active":
            return run
    except MlflowException as problem:
        if problem.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    log.warning("MLflow run %s is not in this store any more; a new one is recorded", run)
    return None


def _unusable(uri: str, problem: Exception) -> ConfigError:
    reason = str(problem).splitlines()[0]
    return ConfigError(f"tracking.uri '{uri}' cannot be used ({reason}); or set tracking=none")


def _absolute(uri: str) -> str:
    """A SQLite file by its whole path: MLflow keeps one connection for each address, wherever one goes from here."""
    path = uri.removeprefix(_SQLITE)
    return uri if path in (uri, "", ":memory:") else f"{_SQLITE}{Path(path).resolve()}"


def _quiet_mlflow() -> None:
    """Before its first import: nothing is sent anywhere, and only warnings are said."""
    for name, value in (
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("MLFLOW_LOGGING_LEVEL", "WARNING"),
        ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
    ):
        os.environ.setdefault(name, value)


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """For a SQLite store: let one process in at a time, as two that create the database at once both fail."""
    if not uri.startswith(_SQLITE):
        yield
        return
    with ExitStack() as inside:
        try:
            inside.enter_context(locks.alone(Path(f"{uri.removeprefix(_SQLITE)}.lock")))
        except (OSError, sqlite3.Error) as problem:
            raise _unusable(uri, problem) from problem
        yield


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): _plain(value) if isinstance(value, Mapping) else value for key, value in config.items()}
