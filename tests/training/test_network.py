import numpy as np
import pytest
import torch

from lernpfad.tracing.dkt import DKT
from lernpfad.training.network import Batch, HasSkillLogits, Network, probability


def test_dkt_is_a_network_with_a_skill_head() -> None:
    network = DKT(items=2, skills=1, item_skills=np.array([[0], [-1]]), width=4)
    assert isinstance(network, Network)
    assert isinstance(network, HasSkillLogits)


def test_extreme_logits_are_still_probabilities() -> None:
    extreme = probability(torch.tensor([-1e9, -20.0, 0.0, 20.0, 1e9]))
    assert extreme.dtype == torch.float32
    assert bool((extreme > 0).all())
    assert bool((extreme < 1).all())
    assert extreme[2] == pytest.approx(0.5)


def test_known_by_hand() -> None:
    """Three questions: before anything, after one row, and again after one row (a declined offer between)."""
    rows = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    nothing = torch.zeros(1, 3)
    batch = Batch(nothing, nothing, nothing, torch.tensor([[0, 1, 1]]), nothing, nothing)
    known = batch.known(rows, start=torch.tensor([9.0, 9.0]))
    assert known.tolist() == [[[9.0, 9.0], [1.0, 2.0], [1.0, 2.0]]]
