from functools import partial

import numpy as np
import pytest
import torch

from lernpfad.core import Catalog, ConfigError, Interactions, Sequences
from lernpfad.core.laws.planted import PlantedAnswers
from lernpfad.tracing.dkt import DKT
from lernpfad.training import Fitting, NeuralTracer


def network(inputs: str = "both", **settings: object) -> DKT:
    torch.manual_seed(0)
    table = np.array([[0, -1], [1, -1], [0, 1], [-1, -1]])
    return DKT(items=4, skills=2, item_skills=table, inputs=inputs, width=8, item_width=3, **settings).eval()


def after(model: DKT, item: int, outcome: int) -> torch.Tensor:
    return model.step(model.start(1), torch.tensor([item]), torch.tensor([outcome]))["hidden"]


@pytest.mark.parametrize("inputs", ["skills", "items", "both"])
def test_three_responses_leave_three_states(inputs: str) -> None:
    model = network(inputs)
    states = [after(model, 0, outcome) for outcome in (-1, 0, 1)]
    assert not torch.allclose(states[0], states[1])
    assert not torch.allclose(states[1], states[2])
    assert not torch.allclose(states[0], states[2])


@pytest.mark.parametrize(("inputs", "told_apart"), [("skills", False), ("items", True), ("both", True)])
def test_items_of_the_same_skill_are_told_apart_by_item_ids_alone(inputs: str, told_apart: bool) -> None:
    torch.manual_seed(0)
    model = DKT(items=2, skills=1, item_skills=np.array([[0], [0]]), inputs=inputs, width=8, item_width=3)
    assert torch.allclose(after(model, 0, 1), after(model, 1, 1)) is not told_apart


def test_several_skills_are_read_and_asked_as_their_mean() -> None:
    model = network("skills")
    read = [model._read(torch.tensor([item]), torch.tensor([1])) for item in range(3)]
    torch.testing.assert_close(read[2], (read[0] + read[1]) / 2)
    torch.nn.init.normal_(model.skill_weight)
    state = {"hidden": torch.randn(1, 8), "cell": torch.zeros(1, 8)}
    logits = model.score(state, torch.tensor([[0, 1, 2]]))
    torch.testing.assert_close(logits[0, 2], logits[0, :2].mean())
    torch.testing.assert_close(model.skill_logits(state)[0], logits[0, :2])


def test_an_unknown_item_is_the_shared_part_alone() -> None:
    """Neither an unknown item nor one without skills adds anything of its own before training."""
    model = network("skills")
    torch.testing.assert_close(model._read(torch.tensor([-1]), torch.tensor([1]))[0], model.response[1])
    torch.testing.assert_close(after(model, -1, 1), after(model, 3, 1))
    state = {"hidden": torch.randn(1, 8), "cell": torch.zeros(1, 8)}
    torch.testing.assert_close(model.score(state, torch.tensor([[-1]])), model.head(state["hidden"]))


def test_unknown_inputs_are_refused() -> None:
    with pytest.raises(ConfigError, match="inputs is 'skill', expected 'skills', 'items' or 'both'"):
        network("skill")


def test_item_ids_find_what_skills_cannot_tell() -> None:
    """Two items of one skill, one always answered, one never: with item ids the model sees it at once."""
    catalog = Catalog.of(["easy", "hard"], ["x"], [[0], [0]])
    item = np.random.default_rng(0).integers(0, 2, 60 * 20)
    logs = Sequences.of(catalog, [str(j) for j in range(60)], [20] * 60, item, 1 - item)
    fitting = Fitting(max_epochs=8, min_delta=-1.0, learning_rate=0.02, batch_rows=300, progress_bar=False)

    def fitted(inputs: str) -> NeuralTracer:
        made = partial(DKT, width=8, item_width=4, inputs=inputs)
        return NeuralTracer(made, fitting).fit(logs)

    def predicted(tracer: NeuralTracer) -> np.ndarray:
        return tracer.predict(tracer.start(1), np.array([[0, 1]]), np.zeros(1))[0]

    easy, hard = predicted(fitted("both"))
    assert easy > 0.8
    assert hard < 0.2
    easy, hard = predicted(fitted("skills"))
    assert easy == hard


def test_success_raises_and_failure_lowers_the_skill(planted: PlantedAnswers) -> None:
    made = partial(DKT, width=16, item_width=4)
    fitting = Fitting(max_epochs=10, learning_rate=0.01, batch_rows=512, progress_bar=False)
    tracer = NeuralTracer(made, fitting).fit(planted.train, planted.valid)
    state = tracer.start(2)
    for _ in range(4):
        seen = Interactions(np.array([0, 0]), np.array([0, 1]), np.ones(2, bool), np.ones(2), np.zeros(2))
        state = tracer.update(state, seen)
    skill = planted.catalog.item_skills[0, 0]
    failed, succeeded = tracer.mastery(state, np.zeros(2))[:, skill]
    assert succeeded > failed + 0.05
