"""Fitted tracers as MLflow models: code that loads a folder, a signature written by hand, an example."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from lernpfad.core import Sequences
from lernpfad.run.places import PACKAGE

SCRIPT = PACKAGE / "run" / "pyfunc.py"
_EXAMPLE_ROWS = 8


class Packaged(Protocol):
    """What MLflow can keep as a model. name: of the logged model. kind: MLflow's model type."""

    @property
    def name(self) -> str:
        """Shown in lists."""
        ...

    @property
    def kind(self) -> str:
        """Model type: "tracer" or "bundle"."""
        ...

    def saved(self) -> dict[str, Any]:
        """Arguments of `mlflow.pyfunc.save_model` that say what it is."""
        ...


def keep(packaged: Packaged, client: Any, *, experiment: str, run: str) -> str:
    """Keep it as a logged model of the run; returns its id, for `mlflow.pyfunc.load_model("models:/<id>")`."""
    from mlflow import pyfunc
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus
    from mlflow.models import Model

    kept = client.create_logged_model(experiment, name=packaged.name, source_run_id=run, model_type=packaged.kind)
    with TemporaryDirectory() as scratch:
        place = Path(scratch) / "model"
        described = Model(artifact_path=kept.artifact_location, run_id=run, model_id=kept.model_id)
        pyfunc.save_model(path=str(place), mlflow_model=described, **packaged.saved())
        client.log_model_artifacts(kept.model_id, str(place))
    client.finalize_logged_model(kept.model_id, LoggedModelStatus.READY)
    client.log_outputs(run, [LoggedModelOutput(kept.model_id, step=0)])
    identity: str = kept.model_id
    return identity


@dataclass(frozen=True, eq=False)
class TracedModel:
    """A tracer: success of each row of a frame. folder: see `store.save`. histories: to take an example from."""

    name: str
    folder: Path
    histories: Sequences
    kind: str = "tracer"

    def saved(self) -> dict[str, Any]:
        """See `Packaged`."""
        from lernpfad.run.store import needs

        return {
            "python_model": str(SCRIPT),
            "artifacts": {"model": str(self.folder)},
            "signature": signature(),
            "input_example": example(self.histories),
            "pip_requirements": requirements(*needs(self.folder)),
        }


def signature() -> Any:
    """A frame of interactions, oldest first for each learner, to the predicted success of each row."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(inputs=Schema(columns()), outputs=Schema([ColSpec("double", "success")]))


def columns() -> list[Any]:
    """What a frame of interactions has, for a signature."""
    from mlflow.types import ColSpec

    named = {"learner": "string", "item": "string", "outcome": "long", "time": "double"}
    return [ColSpec(kind, name) for name, kind in named.items()]


def example(histories: Sequences) -> Any:
    """The first interactions of a data set, as the frame that the model takes."""
    import pandas as pd

    rows = slice(0, min(_EXAMPLE_ROWS, len(histories)))
    items = histories.catalog.items
    known = histories.item[rows]
    return pd.DataFrame(
        {
            "learner": histories.learners[histories.owner[rows]].astype(object),
            "item": [str(items[i]) if i >= 0 else "" for i in known],
            "outcome": histories.outcome[rows].astype("int64"),
            "time": histories.time[rows],
        }
    )


def requirements(*libraries: str) -> list[str]:
    """What loading a model takes beside lernpfad, pinned to what is installed now."""
    return [f"{name}=={metadata.version(name)}" for name in ("lernpfad", "numpy", "pandas", *libraries)]
