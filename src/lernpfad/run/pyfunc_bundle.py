"""MLflow runs this file when it loads a bundle (models from code): histories in, each learner's next items out."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel


class NextItemsOfFrame(PythonModel):  # type: ignore[misc]
    """The next items of every learner in a frame, by the very code that `lernpfad serve` runs."""

    def load_context(self, context: Any) -> None:
        """Load the bundle, every file checked against its manifest."""
        from lernpfad.serve.bundle import load

        self.bundle = load(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """The k best items of each learner, best first: learner, place (from 1), item, its numbers and the reason.

        model_input: columns learner, item, outcome (1, 0, or -1 for not assessed), time (seconds), and maybe role, of
        which a learner's last one counts. Answered for the moment of her last interaction. params: k, default 5.
        """
        from lernpfad.run.frames import next_items_of

        found: pd.DataFrame = next_items_of(model_input, self.bundle, k=int((params or {}).get("k", 5)))
        return found


set_model(NextItemsOfFrame())
