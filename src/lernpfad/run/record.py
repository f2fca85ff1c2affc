"""The record of a run while it lasts. This one forgets everything; `tracking.MLflow` gives one that does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lernpfad.core.errors import ConfigError
from lernpfad.run.mlflow_model import Packaged, TracedModel


@dataclass(frozen=True)
class Start:
    """What is known when a run starts.

    name: shown in lists. folder: the run folder; a run that was recorded there before is continued.
    config: resolved, nested. tags: free text. parent: id of the run that this one belongs to.
    """

    name: str
    folder: Path
    config: Mapping[str, Any]
    tags: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None


class Record:
    """One run while it lasts; what it is told goes nowhere."""

    def place(self) -> str | None:
        """Where a person finds it, or None if nothing is recorded."""
        return None

    def run_id(self) -> str | None:
        """Its id, for runs nested in it."""
        return None

    def tags(self, values: Mapping[str, str]) -> None:
        """Add or replace tags."""

    def data(self, name: str, fingerprint: str, source: str) -> None:
        """Note the data set: its name, the hash of its content, and where it was read from or written to."""

    def metrics(self, values: Mapping[str, float], step: int | None = None) -> None:
        """Numbers of one step, in one write."""

    def figure(self, figure: Any, name: str) -> None:
        """A matplotlib figure, kept as `figures/<name>.png`."""

    def table(self, rows: list[dict[str, Any]], name: str) -> None:
        """Rows, kept as `tables/<name>.json`, which MLflow shows as a table."""

    def file(self, path: Path, under: str | None = None) -> None:
        """A file or a whole folder, kept below the folder `under`."""

    def model(self, traced: TracedModel) -> None:
        """A fitted tracer, kept as an MLflow model with signature."""

    def register(self, packaged: Packaged, name: str) -> str:
        """A new version of a registered model, by its number. ConfigError: here is no registry."""
        raise ConfigError(f"register={name} needs a registry; use tracking=mlflow")
