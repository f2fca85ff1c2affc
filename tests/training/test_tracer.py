"""What any network gets from `NeuralTracer`: protocols, saving, and speed that changes nothing."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from torch import Tensor, nn

from lernpfad.core import NotFittedError, SkillHead, fold, plain_what_if, state_after
from lernpfad.core.laws import check_tracer, rebuilt
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.core.persist import learned, revived, settings
from lernpfad.core.state import take
from lernpfad.training import Fitting, NeuralTracer
from lernpfad.training import tracer as module
from lernpfad.training.network import Batch, State
from training.tiny import ragged, tiny


class Share(nn.Module):
    """A network without a skill head: a logit that is linear in the share of correct answers so far."""

    def __init__(self, *, items: int, skills: int, item_skills: Any) -> None:
        super().__init__()
        self.items = items
        self.line = nn.Linear(1, 1)

    def forward(self, batch: Batch) -> Tensor:
        right = (batch.outcome == 1).float().cumsum(dim=1)
        graded = (batch.outcome >= 0).float().cumsum(dim=1)
        share = ((right + 1) / (graded + 2)).unsqueeze(-1)
        return self.line(batch.known(share, start=share.new_tensor([0.5]))).squeeze(-1)

    def start(self, learners: int) -> State:
        return {"right": torch.zeros(learners), "graded": torch.zeros(learners)}

    def step(self, state: State, item: Tensor, outcome: Tensor) -> State:
        return {"right": state["right"] + (outcome == 1), "graded": state["graded"] + (outcome >= 0)}

    def score(self, state: State, items: Tensor) -> Tensor:
        share = (state["right"] + 1) / (state["graded"] + 2)
        return self.line(share.unsqueeze(-1)).expand(-1, items.shape[1])


def share() -> NeuralTracer:
    """Its AUC is the same from the first epoch on, as the line only rises; so the last epoch has to count."""
    return NeuralTracer(Share, Fitting(max_epochs=20, min_delta=-1.0, learning_rate=0.1, progress_bar=False))


def test_a_network_of_a_few_lines_keeps_the_laws() -> None:
    check_tracer(share, reload=rebuilt)


def test_a_skill_head_is_there_if_the_network_has_one() -> None:
    assert isinstance(tiny(), SkillHead)
    assert not isinstance(share(), SkillHead)


@pytest.mark.parametrize("inputs", ["skills", "items", "both"])
def test_parallel_equals_fold_with_declined_unknown_and_unassessed_rows(inputs: str) -> None:
    logs = ragged([0, 1, 30, 7, 0, 12], declined=0.4)
    tracer = tiny(inputs=inputs, max_epochs=1).fit(logs)
    np.testing.assert_allclose(tracer.trace(logs), fold(tracer, logs)[1], rtol=0, atol=1e-6)


def test_saved_as_safetensors_and_revived_it_says_the_same(planted: PlantedAnswers) -> None:
    tracer = tiny(max_epochs=1).fit(planted.train, planted.valid)
    arrays = load(save({name: np.ascontiguousarray(array) for name, array in learned(tracer).items()}))
    again = revived(NeuralTracer, settings(tracer), arrays)
    np.testing.assert_array_equal(again.trace(planted.probe), tracer.trace(planted.probe))
    np.testing.assert_array_equal(
        again.mastery(again.start(2), np.zeros(2)), tracer.mastery(tracer.start(2), np.zeros(2))
    )


def test_a_second_fit_forgets_the_first(planted: PlantedAnswers) -> None:
    few = planted.train.select(slice(0, 20))
    again = tiny(max_epochs=1).fit(few, few).fit(planted.train, planted.valid)
    once = tiny(max_epochs=1).fit(planted.train, planted.valid)
    np.testing.assert_array_equal(again.trace(planted.probe), once.trace(planted.probe))


def test_questions_in_pieces_get_the_same_answers(planted: PlantedAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = tiny(max_epochs=1).fit(planted.train, planted.valid)
    state = state_after(tracer, planted.probe)
    learners = len(planted.probe.learners)
    items = np.broadcast_to(np.arange(-1, len(planted.catalog)), (learners, len(planted.catalog) + 1))
    whole = tracer.predict(state, items, np.zeros(learners))
    monkeypatch.setattr(module, "_SCORED_AT_ONCE", items.shape[1] * 2)
    monkeypatch.setattr(module, "_TRACE_ROWS", 8)
    np.testing.assert_allclose(tracer.predict(state, items, np.zeros(learners)), whole, rtol=0, atol=1e-6)
    np.testing.assert_allclose(tracer.trace(planted.probe), fold(tracer, planted.probe)[1], rtol=0, atol=1e-6)


def test_a_catalog_table_that_runs_backwards_is_taken() -> None:
    """As scipy may hand it over; torch itself would refuse it."""
    logs = ragged([9] * 8)
    turned = replace(logs, catalog=replace(logs.catalog, item_skills=logs.catalog.item_skills[:, ::-1]))
    assert np.isfinite(tiny(max_epochs=1).fit(turned).trace(turned)).all()


def test_state_is_float32_arrays_by_name() -> None:
    tracer = tiny(max_epochs=1).fit(ragged([9] * 8))
    state = tracer.start(3)
    assert {name: (array.shape, str(array.dtype)) for name, array in state.items()} == {
        "hidden": ((3, 12), "float32"),
        "cell": ((3, 12), "float32"),
    }


def test_asked_before_the_fit() -> None:
    with pytest.raises(NotFittedError, match=r"call NeuralTracer\.fit"):
        tiny().start(1)
    with pytest.raises(NotFittedError):
        NeuralTracer(partial(Share)).trace(ragged([3]))


def test_who_asks_first_does_not_matter_to_the_export(planted: PlantedAnswers, tmp_path: Path) -> None:
    """Weights that came to be while a prediction was made could not be exported any more."""
    fitted = tiny(max_epochs=1).fit(planted.train, planted.valid)
    again = rebuilt(fitted)
    again.predict(again.start(1), np.zeros((1, 1), np.int64), np.zeros(1))
    again.export(tmp_path)
    assert (tmp_path / "step.onnx").exists()


def test_what_is_imagined_does_not_depend_on_who_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    histories = ragged([3, 9, 0, 5])
    model = tiny().fit(histories)
    state, at = state_after(model, histories), np.zeros(4)
    items = np.random.default_rng(0).integers(-1, 5, (4, 6))
    whole = model.what_if(state, items, at)
    monkeypatch.setattr(module, "_BRANCHES", 6)
    np.testing.assert_allclose(model.what_if(state, items, at), whole, rtol=1e-5)
    assert model.what_if(take(state, slice(0, 0)), items[:0], at[:0]).shape == (0, *whole.shape[1:])
    np.testing.assert_allclose(plain_what_if(model, state, items, at, catalog=histories.catalog), whole, rtol=1e-5)
