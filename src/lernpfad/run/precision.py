"""Graphs of a bundle in fewer bits: converted, measured beside the full ones, and refused if too much is lost."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lernpfad.core import BundleError, ConfigError, NextBest, persist, unknown_name
from lernpfad.run import again, measure, timing
from lernpfad.serve.models import Exports

_FLOAT: Final = 1
"""ONNX's number for float32, the type of whatever onnxruntime cannot infer."""

FLOAT32, FLOAT16, INT8 = "float32", "float16", "int8"

Convert = Callable[[Path, Path], None]
"""From the file of a float32 graph to the file of the same graph in fewer bits; inputs and outputs keep their types."""


@dataclass(frozen=True, eq=False)
class Lighter:
    """See `serve.lighter.Lighter`. tested: by model that has graphs, the data it was trained on, divided as then.

    may_lose: how much of AUC (tracer) and of NDCG@10 (recommender) may be lost on any part, before nothing is written.
    """

    precision: str
    tested: Mapping[str, again.TrainedOn]
    may_lose: float

    def convert(self, folder: Path) -> None:
        """Replace every ONNX graph below a folder. ConfigError if there is none."""
        graphs = sorted(folder.rglob("*.onnx"))
        if not graphs:
            raise ConfigError(
                f"precision={self.precision} is for ONNX graphs, and none of these models has any; leave it at float32"
            )
        for path in graphs:
            _convert(path, self.precision)

    def judge(self, full: NextBest, light: NextBest) -> Mapping[str, Mapping[str, Any]]:
        """What was lost and gained, by model. BundleError if more was lost than may be."""
        pairs = {part: (getattr(full, part), getattr(light, part)) for part in self.tested}
        found = {part: _MEASURES[part](self.tested[part], *pair) for part, pair in pairs.items()}
        for part, facts in found.items():
            for where, lost in facts["lost"].items():
                if not lost <= self.may_lose:
                    raise BundleError(
                        f"precision={self.precision} loses {lost:.4f} of the {part}'s {where}, allowed is "
                        f"{self.may_lose:g}; nothing was written. Export float32, or raise precision_may_lose"
                    )
        return {part: {"precision": self.precision, **facts} for part, facts in found.items()}


def has_graphs(model: Any) -> bool:
    """Whether a model, or one that it is made of, is exported as graphs."""
    return isinstance(model, Exports) or any(has_graphs(one) for one in persist.members(model).values())


def check(precision: str) -> None:
    """Refuse a precision that there is not."""
    known = (FLOAT32, *CONVERSIONS)
    if precision not in known:
        raise ConfigError(unknown_name("precision", precision, known))


def _convert(path: Path, precision: str) -> None:
    with tempfile.TemporaryDirectory() as scratch, _quiet():
        made = Path(scratch) / path.name
        try:
            CONVERSIONS[precision](path, made)
        except Exception as problem:  # onnx and onnxruntime have no common base of their errors
            line = str(problem).partition("\n")[0]
            raise BundleError(
                f"{path.name} cannot be converted to {precision} ({line}); nothing was written. Export float32"
            ) from problem
        path.write_bytes(made.read_bytes())


def _to_int8(source: Path, target: Path) -> None:
    """Weights of matrix products as 8-bit integers, activations quantised as they come (dynamic quantisation)."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(source)
    del graph.graph.value_info[:]  # shapes noted by the exporter, with which those of the new nodes do not agree
    quantize_dynamic(graph, target, weight_type=QuantType.QInt8, extra_options={"DefaultTensorType": _FLOAT})


def _to_float16(source: Path, target: Path) -> None:
    """Weights and arithmetic in half precision; what comes in and goes out stays float32."""
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), target)


CONVERSIONS: Final[Mapping[str, Convert]] = {FLOAT16: _to_float16, INT8: _to_int8}


def _tracers(tested: again.TrainedOn, full: Any, light: Any) -> dict[str, Any]:
    before, after = (_tracing(tested, one) for one in (full, light))
    return {
        "measured": {"float32": _each(before, "auc"), "here": _each(after, "auc")},
        "lost": {f"{part}/auc": before[part]["auc"] - after[part]["auc"] for part in before},
        "metrics": after["test"],
        "milliseconds": {
            "float32": timing.tracer(full, tested.split.test),
            "here": timing.tracer(light, tested.split.test),
        },
    }


def _recommenders(tested: again.TrainedOn, full: Any, light: Any) -> dict[str, Any]:
    before, after = (_ranking(tested, one) for one in (full, light))
    return {
        "measured": {"float32": {"test": before["ndcg@10"]}, "here": {"test": after["ndcg@10"]}},
        "lost": {"test/ndcg@10": before["ndcg@10"] - after["ndcg@10"]},
        "metrics": after,
        "milliseconds": {
            "float32": timing.recommender(full, tested.split.test),
            "here": timing.recommender(light, tested.split.test),
        },
    }


def _tracing(tested: again.TrainedOn, tracer: Any) -> dict[str, dict[str, float]]:
    """Metrics on the test part, and on the validation part if any of it is scored."""
    split = tested.split
    of = {"valid": (split.valid, split.valid_scored), "test": (split.test, split.test_scored)}
    return {
        part: {row["metric"]: row["value"] for row in _rows(tracer, *rows)}
        for part, rows in of.items()
        if (rows[1] & rows[0].assessed).any()
    }


def _rows(tracer: Any, histories: Any, scored: Any) -> measure.Rows:
    return measure.tracing_rows(measure.tracing(tracer, histories, scored), resamples=0, seed=0)


def _ranking(tested: again.TrainedOn, recommender: Any) -> dict[str, float]:
    split = tested.split
    wanted = {**tested.protocol, "ks": sorted({*tested.protocol["ks"], 10})}
    found = measure.ranking(recommender, split.test, split.test_scored, train=split.train, **wanted)
    return {row["metric"]: row["value"] for row in measure.ranking_rows(found, resamples=0, seed=0)}


def _each(metrics: Mapping[str, Mapping[str, float]], name: str) -> dict[str, float]:
    return {part: of[name] for part, of in metrics.items()}


_MEASURES: Final[Mapping[str, Callable[[again.TrainedOn, Any, Any], dict[str, Any]]]] = {
    "tracer": _tracers,
    "recommender": _recommenders,
}


@contextmanager
def _quiet() -> Iterator[None]:
    """onnxruntime advises to prepare graphs that the exporter has prepared already, through the root logger."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
