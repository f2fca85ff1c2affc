"""A fitted tracer as an MLflow model: code that loads its folder, a signature written by hand, an example."""

from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lernpfad.core import Sequences
from lernpfad.run.places import PACKAGE

SCRIPT = PACKAGE / "run" / "pyfunc.py"
_EXAMPLE_ROWS = 8


@dataclass(frozen=True, eq=False)
class TracedModel:
    """What MLflow needs to keep a tracer. folder: as written by `store.save`. histories: to take an example from."""

    name: str
    folder: Path
    histories: Sequences

    def log(self, client: Any, *, experiment: str, run: str) -> str:
        """Keep it as a logged model of the run; returns its id, for `mlflow.pyfunc.load_model("models:/<id>")`."""
        from mlflow.entities import LoggedModelOutput, LoggedModelStatus
        from mlflow.models import Model

        kept = client.create_logged_model(experiment, name=self.name, source_run_id=run, model_type="tracer")
        with TemporaryDirectory() as scratch:
            place = Path(scratch) / "model"
            self._write(place, Model(artifact_path=kept.artifact_location, run_id=run, model_id=kept.model_id))
            client.log_model_artifacts(kept.model_id, str(place))
        client.finalize_logged_model(kept.model_id, LoggedModelStatus.READY)
        client.log_outputs(run, [LoggedModelOutput(kept.model_id, step=0)])
        identity: str = kept.model_id
        return identity

    def _write(self, place: Path, described: Any) -> None:
        from mlflow import pyfunc

        pyfunc.save_model(
            path=str(place),
            mlflow_model=described,
            python_model=str(SCRIPT),
            artifacts={"model": str(self.folder)},
            signature=signature(),
            input_example=example(self.histories),
            pip_requirements=requirements(self.folder),
        )


def signature() -> Any:
    """A frame of interactions, oldest first for each learner, to the predicted success of each row."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    columns = [
        ColSpec("string", "learner"),
        ColSpec("string", "item"),
        ColSpec("long", "outcome"),
        ColSpec("double", "time"),
    ]
    return ModelSignature(inputs=Schema(columns), outputs=Schema([ColSpec("double", "success")]))


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


def requirements(folder: Path) -> list[str]:
    """What loading the model takes, pinned to what is installed now."""
    from lernpfad.run.store import needs

    return [f"{name}=={metadata.version(name)}" for name in ("lernpfad", "numpy", "pandas", *needs(folder))]
