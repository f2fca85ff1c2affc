"""DKT+: its regularisers by hand, without padding in them, and steadier mastery."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from lernpfad.core import ConfigError
from lernpfad.tracing.dktplus import DKTPlus
from lernpfad.training.batches import Histories
from training.tiny import ragged


def network(**settings: Any) -> DKTPlus:
    torch.manual_seed(0)
    logs = ragged([1])
    table = logs.catalog.item_skills
    return DKTPlus(items=5, skills=3, item_skills=table, width=8, item_width=4, dropout=0.0, **settings)


def test_the_terms_by_hand() -> None:
    made, logs = network(reconstruction=0.0, smooth=2.0, smooth_squared=3.0), ragged([4], declined=0.0)
    batch = Histories(logs)[np.array([0])]
    _, more = made.loss(batch)
    with torch.no_grad():
        state, success = made.start(1), []
        for item, outcome in zip(batch.item[0], batch.outcome[0], strict=True):
            state = made.step(state, item[None], outcome[None])
            success.append(torch.sigmoid(made.skill_logits(state))[0])
    there = ((batch.item >= 0) | (batch.outcome >= 0))[0]
    change = torch.stack([b - a for a, b, x, y in zip(success, success[1:], there, there[1:], strict=False) if x & y])
    assert more.item() == pytest.approx(2 * change.abs().mean().item() + 3 * change.square().mean().item(), rel=1e-4)


def test_padding_counts_in_no_term() -> None:
    made, logs = network(), ragged([3, 9], declined=0.0)
    with torch.no_grad():
        both = made.loss(Histories(logs)[np.array([0, 1])])[1].item()
        longer = made.loss(Histories(ragged([3, 9], declined=0.0))[np.array([1, 0])])[1].item()
    assert both == pytest.approx(longer)


def test_its_logits_are_those_of_forward() -> None:
    made, logs = network(), ragged([3, 9])
    batch = Histories(logs)[np.array([0, 1])]
    torch.testing.assert_close(made.loss(batch)[0], made(batch))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="smooth=-1"):
        partial(network, smooth=-1.0)()
