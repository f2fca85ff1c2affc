"""A bundle's graphs in fewer bits: what does it, and how the manifest tells of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from lernpfad.core import NextBest
from lernpfad.serve.files import jsonable
from lernpfad.serve.manifest import Manifest


class Lighter(Protocol):
    """Converts the graphs of a bundle, and says what that costs and gains."""

    def convert(self, folder: Path) -> None:
        """Replace every graph below a folder."""
        ...

    def judge(self, full: NextBest, light: NextBest) -> Mapping[str, Mapping[str, Any]]:
        """By model ("tracer", "recommender"): what the manifest says of its precision.

        "metrics" among it are those of the light one on test data. BundleError if too much is lost.
        """
        ...


def graph_bytes(folder: Path) -> int:
    """Size of all graphs below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.onnx"))


def told(facts: Manifest, judged: Mapping[str, Mapping[str, Any]], sizes: Mapping[str, Mapping[str, int]]) -> Manifest:
    """The manifest with each model's `precision`, and with the metrics of what will be served in place of the others.

    judged: see `Lighter.judge`. sizes: by model, bytes of its graphs in "float32" and "here".
    """
    models, metrics = dict(facts.models), dict(facts.metrics)
    for part, of in judged.items():
        said = {key: value for key, value in of.items() if key != "metrics"} | {"bytes": sizes[part]}
        models[part] = {**models[part], "precision": jsonable(said)}
        metrics[part] = {**metrics.get(part, {}), **jsonable(of["metrics"])}
    return replace(facts, models=models, metrics=metrics)
