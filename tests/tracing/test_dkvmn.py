"""DKVMN: the compiled walk agrees with the plain loop, forward and backward; Deep-IRT bounds its logits."""

from typing import Any

import numpy as np
import pytest
import torch

from lernpfad.core import ConfigError
from lernpfad.tracing.dkvmn import DKVMN, plain, read_and_write

TABLE = np.array([[0, -1], [1, -1], [0, 1], [-1, -1]])


def network(**settings: Any) -> DKVMN:
    return DKVMN(items=4, skills=2, item_skills=TABLE, slots=3, width=4, **settings)


def pieces(seed: int) -> tuple[list[torch.Tensor], torch.Tensor]:
    torch.manual_seed(seed)
    made = [torch.randn(3, 4), torch.rand(2, 6, 3), torch.rand(2, 5, 3), torch.rand(2, 5, 4), torch.randn(2, 5, 4)]
    # declined offers: questions without a row; the second learner's last two questions are padding
    before = torch.tensor([[0, 1, 1, 2, 4, 5], [0, 1, 2, 3, 0, 0]])
    return [one.requires_grad_() for one in made], before


def test_the_walk_agrees_with_the_loop_in_values_and_slopes() -> None:
    found = []
    for way in (read_and_write, plain):
        (memory, looking, *writing), before = pieces(0)
        read = way(memory, looking, before, *writing)
        (read * torch.linspace(-1, 1, read.numel()).view_as(read)).sum().backward()
        found.append([read.detach(), *(one.grad for one in (memory, looking, *writing))])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_reading_comes_before_writing_by_hand() -> None:
    memory, looking = torch.tensor([[1.0, 2.0]]), torch.ones(1, 2, 1)
    weight, erase, add = torch.full((1, 1, 1), 0.5), torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[0.2, -1.0]]])
    read = read_and_write(memory, looking, torch.tensor([[0, 1]]), weight, erase, add)
    assert read[0].tolist() == [[1.0, 2.0], pytest.approx([1 * (1 - 0.5) + 0.1, 2 * 1 - 0.5])]


def test_deep_irt_keeps_ability_within_three_and_difficulty_within_one() -> None:
    made = network(head="deepirt").eval()
    with torch.no_grad():
        made.ability.bias.fill_(50.0)
        made.difficulty.bias.fill_(-50.0)
        logits = made.score(made.start(1), torch.tensor([[0, 1, 2, 3, -1]]))
    torch.testing.assert_close(logits, torch.full((1, 5), 4.0))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="head is 'irt', expected 'dkvmn' or 'deepirt'"):
        network(head="irt")
    with pytest.raises(ConfigError, match="DKVMN: inputs is 'words'"):
        network(inputs="words")
