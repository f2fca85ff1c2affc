"""MLflow runs this file when it loads a tracer (models from code): histories in, predicted success of each row out."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class TracerOfFrame(PythonModel):  # type: ignore[misc]
    """A tracer that predicts each row of a frame from the rows of the same learner before it."""

    def load_context(self, context: Any) -> None:
        """Load the tracer and its catalog from the model folder."""
        from lernpfad.run.store import load

        self.fitted = load(Path(context.artifacts["model"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """P(correct) of every row before its outcome is seen: a frame with the column "success", same index.

        model_input: columns learner, item (unknown ids are served with the prior), outcome (1, 0, or -1 for not
        assessed) and time (seconds); the rows of a learner are taken in the order of their time.
        """
        from lernpfad.core import trace
        from lernpfad.run.frames import histories_of

        histories, order = histories_of(model_input, self.fitted.catalog)
        success = pd.Series(trace(self.fitted.model, histories), index=model_input.index[order])
        return pd.DataFrame({"success": success.reindex(model_input.index)})


set_model(TracerOfFrame())
