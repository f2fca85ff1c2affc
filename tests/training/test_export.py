"""The exported graphs give torch's numbers, for one learner and one candidate as for many."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import load_file

from lernpfad.core import Interactions
from lernpfad.training import NeuralTracer
from training.test_tracer import share
from training.tiny import ragged, tiny


def session(path: Path) -> Any:
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[NeuralTracer, Path]:
    tracer = tiny(max_epochs=2).fit(ragged([9] * 20))
    folder = tmp_path_factory.mktemp("export") / "made"
    tracer.export(folder)
    return tracer, folder


@pytest.mark.parametrize(("learners", "candidates"), [(1, 1), (1, 6), (4, 1), (7, 5)])
def test_numbers_agree(exported: tuple[NeuralTracer, Path], learners: int, candidates: int) -> None:
    tracer, folder = exported
    rng = np.random.default_rng(learners)
    step, score, mastery = (session(folder / f"{name}.onnx") for name in ("step", "score", "mastery"))
    state = tracer.start(learners)
    graph = {
        name: np.repeat(array, learners, axis=0) for name, array in load_file(folder / "start.safetensors").items()
    }
    for _ in range(6):
        item, outcome = rng.integers(-1, 5, learners), rng.integers(-1, 2, learners)
        nothing = np.zeros(learners)
        state = tracer.update(state, Interactions(item, outcome, nothing == 0, nothing, nothing))
        fed = {"item": item, "outcome": outcome, **{f"state.{name}": array for name, array in graph.items()}}
        graph = dict(zip(graph, step.run([f"next.{name}" for name in graph], fed), strict=True))
    fed = {f"state.{name}": array for name, array in graph.items()}
    items = rng.integers(-1, 5, (learners, candidates))
    (success,), (skills,) = score.run(["success"], {"items": items, **fed}), mastery.run(["mastery"], fed)
    np.testing.assert_allclose(success, tracer.predict(state, items, np.zeros(learners)), rtol=0, atol=1e-5)
    np.testing.assert_allclose(skills, tracer.mastery(state, np.zeros(learners)), rtol=0, atol=1e-5)
    assert success.dtype == skills.dtype == np.float32


def test_a_network_without_a_skill_head_has_no_mastery_graph(tmp_path: Path) -> None:
    share().fit(ragged([9] * 20)).export(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["score.onnx", "start.safetensors", "step.onnx"]
