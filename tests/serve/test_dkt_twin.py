"""A fitted DKT, exported for real: the twin gives its numbers, obeys its laws, and needs no torch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import NextBest, fold, mastery, recommend, trace
from lernpfad.core.laws import PlantedAnswers
from lernpfad.core.laws.law import hold
from lernpfad.core.laws.tracer import TRACER_LAWS
from lernpfad.core.laws.tracer_case import TracerCase
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.serve.bundle import Bundle, load
from lernpfad.serve.engine import Engine
from lernpfad.serve.learners import Learners
from lernpfad.serve.neural import OnnxSkillTracer
from lernpfad.serve.replay import Compared, compare
from lernpfad.serve.sqlite import Sqlite
from lernpfad.serve.store import Store
from lernpfad.serve.stored import InteractionPost, LearnerItemsRequest
from serve.stack import START, written


@pytest.fixture(scope="module")
def original(planted: PlantedAnswers) -> Any:
    from functools import partial

    from lernpfad.tracing.dkt import DKT
    from lernpfad.training import Fitting, NeuralTracer

    fitting = Fitting(max_epochs=12, learning_rate=0.01, accelerator="cpu", progress_bar=False)
    return NeuralTracer(partial(DKT, width=24, item_width=8), fitting).fit(planted.train, planted.valid)


@pytest.fixture(scope="module")
def stack(original: Any, planted: PlantedAnswers) -> NextBest:
    return NextBest(original, Popularity().fit(planted.train), DebtPerMinute())


@pytest.fixture(scope="module")
def bundle(stack: NextBest, planted: PlantedAnswers, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("dkt") / "bundle"
    return load(written(folder, stack, catalog=planted.catalog, roles=None, trust=()))


def test_the_twin_gives_the_same_numbers(original: Any, bundle: Bundle, planted: PlantedAnswers) -> None:
    twin = bundle.next_best.tracer
    assert isinstance(twin, OnnxSkillTracer)
    np.testing.assert_allclose(trace(twin, planted.probe), trace(original, planted.probe), atol=1e-5)
    (state, _), (state_of_twin, _) = (fold(one, planted.probe) for one in (original, twin))
    at = np.full(len(planted.probe.learners), planted.probe.time.max() + 60)
    for name, array in state.items():
        np.testing.assert_allclose(state_of_twin[name], array, atol=1e-5, err_msg=name)
    known, known_to_twin = (
        mastery(tracer, after, at, catalog=planted.catalog)
        for tracer, after in ((original, state), (twin, state_of_twin))
    )
    np.testing.assert_allclose(known_to_twin, known, atol=1e-5)


def test_the_twin_obeys_the_laws(bundle: Bundle, planted: PlantedAnswers) -> None:
    hold(TRACER_LAWS, TracerCase(planted=planted, reload=None, fitted=bundle.next_best.tracer))


def test_decisions_replay_whose_states_went_forward_row_by_row(
    bundle: Bundle, planted: PlantedAnswers, tmp_path: Path
) -> None:
    """Made again, the state comes of the whole history at once, which is another way to the same numbers."""
    learners = Learners(Engine(bundle), Store(Sqlite(tmp_path / "learners.db")))
    items = [str(one) for one in planted.catalog.items[:12]]
    for n, item in enumerate(items):
        outcome = "correct" if n % 3 else "wrong"
        row = InteractionPost(learner="lea", id=str(n), item=item, outcome=outcome, time=START + n)
        learners.record([row], now=START + n, batch=False)
        learners.next_items(LearnerItemsRequest(learner="lea", k=5), now=START + n + 0.5)
    assert compare(learners) == Compared(same=len(items), differ=[], others=0)


def test_the_served_stack_recommends_the_same(stack: NextBest, bundle: Bundle, planted: PlantedAnswers) -> None:
    histories = planted.valid.select(slice(0, 8))
    at = np.full(8, max(START, histories.time.max()))
    before, after = (recommend(one.policy, one.situation(histories, at=at), k=3) for one in (stack, bundle.next_best))
    for of_original, of_twin in zip(before, after, strict=True):
        assert [one.item for one in of_twin] == [one.item for one in of_original]
        for ours, theirs in zip(of_twin, of_original, strict=True):
            assert ours.debt_reduction == pytest.approx(theirs.debt_reduction, abs=1e-5)
            assert ours.success == pytest.approx(theirs.success, abs=1e-5)


def test_the_graphs_take_one_learner_and_many(bundle: Bundle, original: Any, planted: PlantedAnswers) -> None:
    twin = bundle.next_best.tracer
    for learners, candidates in ((1, 1), (1, 7), (9, 1), (40, 5)):
        items = (np.arange(learners * candidates) % (len(planted.catalog) + 1) - 1).reshape(learners, candidates)
        at = np.zeros(learners)
        expected = original.predict(original.start(learners), items, at)
        np.testing.assert_allclose(twin.predict(twin.start(learners), items, at), expected, atol=1e-6)


def test_all_of_it_is_in_the_listed_files(bundle: Bundle) -> None:
    tracer = {Path(name).name for name in bundle.manifest.files if name.startswith("tracer/")}
    graphs = ("step", "score", "mastery", "history", "what_if")
    assert tracer == {"start.safetensors", *(f"{name}.onnx" for name in graphs)}


def test_the_manifest_and_the_card_tell_what_the_network_was(bundle: Bundle) -> None:
    told = bundle.manifest.models["tracer"]
    assert told["class"] == "lernpfad.training.tracer.NeuralTracer"
    assert told["settings"]["network"] == {"class": "lernpfad.tracing.dkt.DKT", "width": 24, "item_width": 8}
    assert told["settings"]["fitting"]["learning_rate"] == 0.01
    assert "DKT(width=24, item_width=8)" in (bundle.folder / "model_card.md").read_text()


def test_a_bundle_of_a_loaded_bundle_still_tells_it(bundle: Bundle, planted: PlantedAnswers, tmp_path: Path) -> None:
    again = load(written(tmp_path / "again", bundle.next_best, catalog=planted.catalog, roles=None, trust=()))
    assert again.manifest.models == bundle.manifest.models
