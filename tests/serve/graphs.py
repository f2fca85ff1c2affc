"""ONNX graphs small enough to check by hand: she knows as much as right minus wrong answers, whatever the item."""

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from lernpfad.core import Sequences
from lernpfad.serve.neural import MASTERY, SCORE, START, STEP, OnnxSkillTracer

SKILLS = 6
UNKNOWN_ITEM_PENALTY = 1.0


def write_graphs(folder: Path, *, mastery: bool = True) -> Path:
    """success = sigmoid(sum of outcomes, minus 1 if the item is unknown); mastery the same for each skill."""
    import onnx
    from onnx import TensorProto, helper

    def save(name: str, nodes: list[Any], inputs: list[Any], outputs: list[Any], constants: list[Any]) -> None:
        graph = helper.make_graph(nodes, name, inputs, outputs, constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 9
        onnx.save(model, folder / name)

    folder.mkdir(parents=True, exist_ok=True)
    save_file({"sum": np.zeros((1, 1), np.float32)}, folder / START)
    state = helper.make_tensor_value_info("state.sum", TensorProto.FLOAT, ["L", 1])
    save(
        STEP,
        [
            helper.make_node("Cast", ["outcome"], ["moved"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["moved", "axis"], ["column"]),
            helper.make_node("Mul", ["column", "two"], ["twice"]),
            helper.make_node("Sub", ["twice", "one"], ["signed"]),
            helper.make_node("Add", ["state.sum", "signed"], ["next.sum"]),
        ],
        [
            helper.make_tensor_value_info("item", TensorProto.INT64, ["L"]),
            helper.make_tensor_value_info("outcome", TensorProto.INT64, ["L"]),
            state,
        ],
        [helper.make_tensor_value_info("next.sum", TensorProto.FLOAT, ["L", 1])],
        [
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
            helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0]),
            helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
        ],
    )
    save(
        SCORE,
        [
            helper.make_node("Less", ["items", "zero"], ["unknown"]),
            helper.make_node("Cast", ["unknown"], ["penalty"], to=TensorProto.FLOAT),
            helper.make_node("Sub", ["state.sum", "penalty"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], ["success"]),
        ],
        [helper.make_tensor_value_info("items", TensorProto.INT64, ["L", "C"]), state],
        [helper.make_tensor_value_info("success", TensorProto.FLOAT, ["L", "C"])],
        [helper.make_tensor("zero", TensorProto.INT64, [1], [0])],
    )
    if mastery:
        save(
            MASTERY,
            [
                helper.make_node("Sigmoid", ["state.sum"], ["one"]),
                helper.make_node("Tile", ["one", "repeats"], ["mastery"]),
            ],
            [state],
            [helper.make_tensor_value_info("mastery", TensorProto.FLOAT, ["L", SKILLS])],
            [helper.make_tensor("repeats", TensorProto.INT64, [2], [1, SKILLS])],
        )
    return folder


class Exporting(OnnxSkillTracer):
    """A neural tracer as the export sees it: it can be asked, and it writes its graphs."""

    def fit(self, train: Sequences, valid: Sequences | None = None) -> "Exporting":
        return self

    def export(self, folder: Path) -> None:
        write_graphs(folder)


class Misexporting(Exporting):
    """Says something else than its graphs do."""

    def predict(self, state: Any, items: Any, at: Any) -> Any:
        return 0.9 * super().predict(state, items, at)
