"""The twin of a neural tracer: golden numbers by hand, any batch, and the original's numbers."""

from pathlib import Path

import numpy as np
import pytest

from lernpfad.core import (
    BundleError,
    Interactions,
    KnowledgeTracer,
    Sequences,
    SkillHead,
    fold,
    recommend,
    state_after,
    take,
)
from lernpfad.serve import neural
from lernpfad.serve.bundle import load
from lernpfad.serve.neural import OnnxTracer, open_tracer
from serve.graphs import SKILLS, Exporting, Misexporting, write_graphs
from serve.stack import TRUST, catalog, fitted, histories, written


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_graphs(tmp_path_factory.mktemp("graphs"))


def one_learner(*outcomes: int) -> Sequences:
    return Sequences.of(catalog(), ["l"], [len(outcomes)], np.zeros(len(outcomes)), np.asarray(outcomes))


def test_golden_numbers(folder: Path) -> None:
    tracer = open_tracer(folder)
    state, predicted = fold(tracer, one_learner(1, 1, 0, 1))
    # right minus wrong so far is 0, 1, 2, 1 and then 2: sigmoid of that
    np.testing.assert_allclose(predicted, [0.5, 0.7310586, 0.8807971, 0.7310586], atol=1e-6)
    np.testing.assert_allclose(
        tracer.predict(state, np.array([[3, -1]]), np.zeros(1)), [[0.8807971, 0.7310586]], atol=1e-6
    )
    assert isinstance(tracer, SkillHead)
    np.testing.assert_allclose(tracer.mastery(state, np.zeros(1)), np.full((1, SKILLS), 0.8807971), atol=1e-6)


def test_it_is_a_tracer_with_a_skill_head_only_if_there_is_one(folder: Path, tmp_path: Path) -> None:
    plain = open_tracer(write_graphs(tmp_path, mastery=False))
    assert isinstance(plain, KnowledgeTracer)
    assert not isinstance(plain, SkillHead)
    assert isinstance(open_tracer(folder), SkillHead)


def test_state_is_a_value(folder: Path) -> None:
    tracer = open_tracer(folder)
    before = state_after(tracer, one_learner(1))
    kept = {name: array.copy() for name, array in before.items()}
    seen = Interactions(np.array([1]), np.array([0]), np.array([True]), np.ones(1), np.ones(1))
    after = tracer.update(before, seen)
    np.testing.assert_array_equal(before["sum"], kept["sum"])
    assert after["sum"][0, 0] == 0.0
    assert after["sum"].dtype == np.float32


@pytest.mark.parametrize("chunk", [1, 5, 7, 64])
def test_pieces_change_nothing(folder: Path, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer, log = open_tracer(folder), histories(catalog(), learners=11, rows=4)
    items = np.tile(np.arange(-1, 12), (11, 1))
    state, predicted = fold(tracer, log)
    asked = tracer.predict(state, items, np.zeros(11))
    mastered = tracer.mastery(state, np.zeros(11))
    monkeypatch.setattr(neural, "CHUNK", chunk)
    again, predicted_again = fold(tracer, log)
    np.testing.assert_allclose(predicted_again, predicted, atol=1e-7)
    np.testing.assert_allclose(tracer.predict(again, items, np.zeros(11)), asked, atol=1e-7)
    np.testing.assert_allclose(tracer.mastery(again, np.zeros(11)), mastered, atol=1e-7)


def test_the_longer_the_state_that_is_read_the_fewer_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = open_tracer(folder)
    assert isinstance(tracer, SkillHead)
    widest = {"step": 0, "score": 0, "mastery": 0}

    def watched(name: str) -> None:
        graph = getattr(tracer, f"_{name}")
        plain = graph.run

        def run(given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            asked = given["items"].size if name == "score" else len(given["state.sum"])
            widest[name] = max(widest[name], asked * (SKILLS if name == "mastery" else 1))
            return {"next.keys": given.get("state.keys"), **plain(given)}

        monkeypatch.setattr(graph, "run", run)

    for name in widest:
        watched(name)
    seen = Interactions(np.zeros(40, int), np.arange(40) % 2, np.ones(40, bool), np.ones(40), np.zeros(40))
    items = np.tile(np.arange(20), (40, 1))
    plain = tracer.predict(tracer.update(tracer.start(40), seen), items, np.zeros(40))
    assert widest == {"step": 40, "score": 800, "mastery": 0}
    widest.update(step=0, score=0)
    rows = neural.READ // 12  # a state of so many rows, as attention keeps them: 12 at once
    monkeypatch.setitem(tracer._fresh, "keys", np.zeros((1, rows, 2), np.float32))
    state = tracer.update(tracer.start(40), seen)
    again = tracer.predict(state, items, np.zeros(40))
    tracer.mastery(state, np.zeros(40))
    assert widest == {"step": 12, "score": 12, "mastery": 12}
    np.testing.assert_allclose(again, plain, atol=1e-7)


def test_nobody_and_nothing(folder: Path) -> None:
    tracer = open_tracer(folder)
    nobody = tracer.start(0)
    none = np.empty(0, np.int64)
    after = tracer.update(nobody, Interactions(none, none, none.astype(bool), none.astype(float), none.astype(float)))
    assert after["sum"].shape == (0, 1)
    assert tracer.predict(nobody, np.empty((0, 4), np.int64), np.empty(0)).shape == (0, 4)
    assert tracer.predict(tracer.start(3), np.empty((3, 0), np.int64), np.zeros(3)).shape == (3, 0)
    assert tracer.mastery(nobody, np.empty(0)).shape == (0, SKILLS)


def test_other_learners_in_the_batch_do_not_matter(folder: Path) -> None:
    tracer, log = open_tracer(folder), histories(catalog(), learners=9, rows=6)
    together, _ = fold(tracer, log)
    alone, _ = fold(tracer, log.select(np.array([4])))
    np.testing.assert_allclose(alone["sum"], take(together, np.array([4]))["sum"], atol=1e-7)


def test_certain_is_never_quite_certain(folder: Path) -> None:
    tracer = open_tracer(folder)
    sure = {"sum": np.array([[400.0], [-400.0]], np.float32)}
    predicted = tracer.predict(sure, np.zeros((2, 1), np.int64), np.zeros(2))
    assert 0.0 < predicted.min() < predicted.max() < 1.0


def test_a_twin_cannot_be_fitted(folder: Path) -> None:
    with pytest.raises(BundleError, match="fit the original and export it again"):
        open_tracer(folder).fit(histories(catalog()))


@pytest.mark.parametrize("name", ["start.safetensors", "step.onnx", "score.onnx", "mastery.onnx"])
def test_a_damaged_graph_is_refused_by_name(tmp_path: Path, name: str) -> None:
    folder = write_graphs(tmp_path)
    (folder / name).write_bytes(b"\x08damaged")
    with pytest.raises(BundleError, match=f"cannot read {name}"):
        open_tracer(folder)


def test_a_graph_that_asks_for_something_unheard_of_is_refused(tmp_path: Path) -> None:
    folder = write_graphs(tmp_path)
    (folder / "score.onnx").write_bytes((folder / "step.onnx").read_bytes())
    with pytest.raises(BundleError, match=r"score.onnx .* asks for \['item', 'outcome'\]"):
        open_tracer(folder)


def test_a_neural_stack_makes_a_bundle(folder: Path, tmp_path: Path) -> None:
    stack = fitted(tracer=Exporting(folder))
    found = load(written(tmp_path / "bundle", stack), trust=TRUST)
    assert isinstance(found.next_best.tracer, OnnxTracer)
    assert {name for name in found.manifest.files if name.startswith("tracer/")} == {
        "tracer/start.safetensors",
        "tracer/step.onnx",
        "tracer/score.onnx",
        "tracer/mastery.onnx",
    }
    log = histories(catalog(), learners=3)
    before, after = (recommend(one.policy, one.situation(log), k=3) for one in (stack, found.next_best))
    assert before == after


def test_a_bundle_can_be_written_from_a_loaded_one(folder: Path, tmp_path: Path) -> None:
    first = load(written(tmp_path / "first", fitted(tracer=Exporting(folder))), trust=TRUST)
    second = load(written(tmp_path / "second", first.next_best), trust=TRUST)
    assert isinstance(second.next_best.tracer, OnnxTracer)
    assert first.manifest.files["tracer/step.onnx"] == second.manifest.files["tracer/step.onnx"]


def test_a_neural_twin_that_says_something_else_is_not_written(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"tracer's predictions .* differs from the original"):
        written(tmp_path / "bundle", fitted(tracer=Misexporting(folder)))
    assert list(tmp_path.iterdir()) == []
