"""QIKT: what its parts say and how they are combined, by hand; the weighted terms of its loss."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from lernpfad.core import Catalog, ConfigError, Sequences
from lernpfad.tracing.qikt import QIKT
from lernpfad.training import Fitting, NeuralTracer
from lernpfad.training.batches import Histories
from training.tiny import ragged

TABLE = np.array([[0, -1], [1, -1], [0, 1], [-1, -1]])


def network(**settings: Any) -> QIKT:
    """An untrained network of four items; its outputs are drawn, or those of all skills and items would be alike."""
    torch.manual_seed(0)
    sizes = {"items": 4, "skills": 2, "item_skills": TABLE, "width": 8, "item_width": 3}
    made = QIKT(**{**sizes, **settings}).eval()
    for part in (made.mastered, made.solved):
        torch.nn.init.normal_(part.weight)
    return made


def state_of(made: QIKT, learners: int = 2) -> dict[str, torch.Tensor]:
    return {name: torch.randn_like(array) for name, array in made.start(learners).items()}


def test_irt_adds_logits_and_mean_averages_probabilities() -> None:
    irt, mean = network(combine="irt"), network(combine="mean")
    state, items = state_of(irt), torch.tensor([[0, 1, 2, 3, -1]] * 2)
    parts = irt.parts(state, items)
    assert set(parts) == {"acquired", "mastered", "solved"}
    torch.testing.assert_close(irt.score(state, items), sum(parts.values()))
    averaged = torch.stack([torch.sigmoid(logits) for logits in parts.values()]).mean(dim=0)
    torch.testing.assert_close(torch.sigmoid(mean.score(state, items)), averaged)


def test_a_certain_part_leaves_the_mean_finite() -> None:
    logit = network(combine="mean")._combined({"one": torch.tensor([200.0]), "other": torch.tensor([0.0])})
    assert torch.sigmoid(logit).item() == pytest.approx(0.75)


def test_the_item_lstm_alone_knows_items() -> None:
    """Items 0 and 1 have the same skill: only their own outputs and their questions tell them apart."""
    table = np.array([[0], [0]])
    made = network(items=2, skills=1, item_skills=table)
    asked = torch.tensor([[0, 1]])
    after = [made.step(made.start(1), torch.tensor([item]), torch.tensor([1])) for item in (0, 1)]
    torch.testing.assert_close(after[0]["skill_hidden"], after[1]["skill_hidden"])
    assert not torch.allclose(after[0]["item_hidden"], after[1]["item_hidden"])
    parts = made.parts(after[0], asked)
    assert parts["mastered"][0, 0] == parts["mastered"][0, 1]
    assert parts["solved"][0, 0] != parts["solved"][0, 1]
    assert parts["acquired"][0, 0] == parts["acquired"][0, 1], "items begin as what their skills are"
    torch.nn.init.normal_(made.item_bias)
    first, second = made.parts(after[0], asked)["acquired"][0]
    assert (second - first).item() == pytest.approx((made.item_bias[1] - made.item_bias[0]).item(), abs=1e-5)


def test_several_skills_are_asked_as_their_mean() -> None:
    made = network(inputs="skills")
    state = state_of(made, 1)
    assert set(state) == {"skill_hidden", "skill_cell"}
    parts = made.parts(state, torch.tensor([[0, 1, 2]]))
    assert set(parts) == {"mastered", "solved"}
    torch.testing.assert_close(parts["mastered"][0, 2], parts["mastered"][0, :2].mean())
    torch.testing.assert_close(made.skill_logits(state), made.score(state, torch.tensor([[0, 1]])))


@pytest.mark.parametrize("inputs", ["skills", "both"])
def test_three_responses_leave_three_states(inputs: str) -> None:
    made = network(inputs=inputs)
    for name in ("skill_hidden", "item_hidden") if inputs == "both" else ("skill_hidden",):
        states = [made.step(made.start(1), torch.tensor([0]), torch.tensor([one]))[name] for one in (-1, 0, 1)]
        assert not any(torch.allclose(states[a], states[b]) for a, b in ((0, 1), (0, 2), (1, 2)))


def test_the_terms_by_hand() -> None:
    logs = ragged([6], declined=0.0)
    made = network(items=5, skills=3, item_skills=logs.catalog.item_skills, acquired=2.0, mastered=0.0, solved=3.0)
    batch = Histories(logs)[np.array([0])]
    logits, more = made.loss(batch)
    torch.testing.assert_close(logits, made(batch))
    told: dict[str, list[torch.Tensor]] = {"acquired": [], "solved": []}
    answers, state = [], made.start(1)
    for item, outcome in zip(batch.item[0], batch.outcome[0], strict=True):
        if outcome >= 0:
            answers.append(outcome.float())
            parts = made.parts(state, item.view(1, 1))
            for name, heard in told.items():
                heard.append(parts[name][0, 0])
        state = made.step(state, item[None], outcome[None])
    acquired, solved = (
        binary_cross_entropy_with_logits(torch.stack(heard), torch.stack(answers)) for heard in told.values()
    )
    torch.testing.assert_close(more, 2 * acquired + 3 * solved, rtol=1e-4, atol=1e-5)


def test_padding_counts_in_no_term() -> None:
    """A short history beside a long one: the term is the mean over the answers of both."""
    logs = ragged([3, 9], declined=0.0)
    made = network(items=5, skills=3, item_skills=logs.catalog.item_skills, mastered=1.0)
    histories = Histories(logs)
    alone = [(made.loss(batch)[1], batch.scored.sum()) for batch in (histories[np.array([j])] for j in (0, 1))]
    both = made.loss(histories[np.array([0, 1])])[1]
    torch.testing.assert_close(both, sum(more * n for more, n in alone) / sum(n for _, n in alone))


def test_item_ids_find_what_skills_cannot_tell() -> None:
    """Two items of one skill, one always answered, one never. A mean would be held back by what skills alone tell."""
    catalog = Catalog.of(["easy", "hard"], ["x"], [[0], [0]])
    item = np.random.default_rng(0).integers(0, 2, 60 * 20)
    logs = Sequences.of(catalog, [str(j) for j in range(60)], [20] * 60, item, 1 - item)
    fitting = Fitting(max_epochs=8, min_delta=-1.0, learning_rate=0.02, batch_rows=300, progress_bar=False)

    def predicted(inputs: str) -> Any:
        tracer = NeuralTracer(partial(QIKT, width=8, item_width=4, combine="irt", inputs=inputs), fitting).fit(logs)
        return tracer.predict(tracer.start(1), np.array([[0, 1]]), np.zeros(1))[0]

    easy, hard = predicted("both")
    assert easy > 0.8
    assert hard < 0.2
    easy, hard = predicted("skills")
    assert easy == hard


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"inputs": "items"}, "inputs is 'items', expected 'skills' or 'both'"),
        ({"combine": "sum"}, "combine is 'sum', expected 'mean' or 'irt'"),
        ({"layers": 0}, "layers=0, expected at least 1"),
        ({"solved": -1.0}, "solved=-1.0; expected weights of at least 0"),
    ],
)
def test_wrong_settings_are_named(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        network(**settings)
