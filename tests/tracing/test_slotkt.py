"""SlotKT: what the slots hold and tell by hand, and what they are there for."""

from typing import Any

import numpy as np
import pytest
import torch

from lernpfad.core import ConfigError
from lernpfad.tracing.slotkt import SlotKT
from lernpfad.training.batches import Histories
from training.tiny import ragged


def network(**settings: Any) -> SlotKT:
    torch.manual_seed(0)
    table = ragged([1]).catalog.item_skills
    small: dict[str, Any] = {"width": 8, "item_width": 4, "dropout": 0.0, "heads": 2, "slots": 3, "reads": 2}
    return SlotKT(items=5, skills=3, item_skills=table, **{**small, **settings}).eval()


def test_slots_fade_and_take_in_by_hand() -> None:
    made = network()
    one, other = (torch.tensor([item]) for item in (1, 3))
    right = torch.tensor([1])
    with torch.no_grad():
        first = made.step(made.start(1), one, right)
        second = made.step(first, other, right)
        answers = [made._read(item, right) for item in (one, other)]
        written = [made._written(answer)[0] for answer in answers]
        address = [made._address(item)[0] for item in (one, other)]
        keep = torch.sigmoid(made.keep(answers[1]))[0]
        for head in range(2):
            for slot in range(3):
                by_hand = (
                    keep[head] * address[0][head, slot] * written[0][head] + address[1][head, slot] * written[1][head]
                )
                torch.testing.assert_close(second["slots"][0, head, slot], by_hand)


def test_the_mass_of_all_slots_is_the_faded_number_of_rows() -> None:
    """Addresses sum to one, so what a head holds in all is a count of rows, each faded by what came after it."""
    made = network()
    with torch.no_grad():
        made.keep.weight.zero_()
        made.keep.bias.copy_(torch.logit(torch.tensor([0.5, 0.9])))
        state = made.start(1)
        for item in (0, 1, 2, 4):
            state = made.step(state, torch.tensor([item]), torch.tensor([item % 2]))
    mass = state["slots"][0, :, :, -1].sum(dim=-1).numpy()
    np.testing.assert_allclose(mass, [1 + 0.5 + 0.25 + 0.125, 1 + 0.9 + 0.81 + 0.729], rtol=1e-5)


def test_heads_begin_with_half_lives_of_4_to_512_rows() -> None:
    made = network(heads=8)
    kept = torch.sigmoid(made.keep.bias).detach().double().numpy()
    np.testing.assert_allclose(np.log(0.5) / np.log(kept), 2.0 ** np.arange(2, 10), rtol=1e-2)


def test_a_state_is_of_one_size_whatever_came_before() -> None:
    made = network()
    state = made.start(2)
    shapes = {name: array.shape for name, array in state.items()}
    with torch.no_grad():
        for _ in range(50):
            state = made.step(state, torch.tensor([1, -1]), torch.tensor([0, -1]))
    assert {name: array.shape for name, array in state.items()} == shapes


def test_declined_offers_are_questions_and_no_rows() -> None:
    """What is asked between two rows reads the slots as the rows before it left them."""
    made, logs = network(), ragged([30], declined=0.4, seed=2)
    batch = Histories(logs)[np.array([0])]
    assert batch.asked.shape[1] > batch.item.shape[1]
    with torch.no_grad():
        at_once = made.forward(batch)[0]
        state, done = made.start(1), 0
        for place, item in enumerate(batch.asked[0]):
            while done < int(batch.before[0, place]):
                state = made.step(state, batch.item[:, done], batch.outcome[:, done])
                done += 1
            torch.testing.assert_close(made.score(state, item.view(1, 1))[0, 0], at_once[place], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("wrong", [{"heads": 0}, {"slots": 0}, {"reads": 0}])
def test_a_memory_without_place_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="expected at least 1 of each"):
        network(**wrong)
