"""A bundle as an MLflow model: the next items for every learner of a frame."""

from dataclasses import dataclass
from typing import Any

from lernpfad.run.mlflow_model import columns, requirements
from lernpfad.run.places import PACKAGE
from lernpfad.serve.bundle import Bundle

SCRIPT = PACKAGE / "run" / "pyfunc_bundle.py"


@dataclass(frozen=True, eq=False)
class BundleModel:
    """A bundle: the next items for every learner of a frame."""

    bundle: Bundle
    name: str = "bundle"
    kind: str = "bundle"

    def saved(self) -> dict[str, Any]:
        """See `Packaged`."""
        return {
            "python_model": str(SCRIPT),
            "artifacts": {"bundle": str(self.bundle.folder)},
            "signature": next_items_signature(),
            "input_example": next_items_example(self.bundle),
            "pip_requirements": requirements("safetensors", "onnxruntime"),
        }


def next_items_signature() -> Any:
    """A frame of interactions, with the learners' roles if they have any, to the k best next items of each learner."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    numbers = ("propensity", "success", "debt_reduction", "minutes", "affinity")
    outputs = [ColSpec("string", "learner"), ColSpec("long", "place"), ColSpec("string", "item")]
    outputs += [*(ColSpec("double", name) for name in numbers), ColSpec("string", "reason")]
    return ModelSignature(
        inputs=Schema([*columns(), ColSpec("string", "role", required=False)]),
        outputs=Schema(outputs),
        params=ParamSchema([ParamSpec("k", "long", 5)]),
    )


def next_items_example(bundle: Bundle) -> Any:
    """Two made-up learners on the first items of the catalog: nobody's history is in a registry."""
    import pandas as pd

    items = [str(one) for one in bundle.catalog.items[:2]] * 2
    frame = pd.DataFrame(
        {
            "learner": ["example-1"] * (len(items) // 2) + ["example-2"] * (len(items) // 2),
            "item": items,
            "outcome": [1, 0, 0, 1][: len(items)],
            "time": [1767600000.0 + 60.0 * row for row in range(len(items))],
        }
    )
    roles = [] if bundle.roles is None else [str(one) for one in bundle.roles.names]
    return frame.assign(role=roles[0]) if roles else frame
