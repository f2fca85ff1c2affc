"""stableKT: cones and slopes by hand, and a length that may grow."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from lernpfad.core import ConfigError, fold
from lernpfad.tracing.attention import kept, sight
from lernpfad.tracing.stablekt import StableAttention, StableKT, penumbral
from lernpfad.training import Fitting, NeuralTracer
from training.tiny import ragged


def network(**settings: Any) -> StableKT:
    torch.manual_seed(0)
    return StableKT(items=3, skills=2, item_skills=np.array([[0], [1], [1]]), **{"width": 8, "heads": 2, **settings})


def rows(*numbers: float) -> torch.Tensor:
    """Rows of a place on a line and a height, before the sigmoid: a height of 0 is half of the radius."""
    return torch.tensor([[number, 0.0] for number in numbers])


def test_cones_by_hand() -> None:
    """Radius 1, heights .5, so both shadows reach sqrt(.75) to the side; places are halved by the sigmoid of 0."""
    query, keys = rows(0.0), rows(0.0, 2.0, 6.0)
    found = penumbral(query, keys, radius=1.0, sharpness=0.7)[0].tolist()
    reach = math.sqrt(0.75)
    same = 1 - (reach - 0.005) ** 2  # equal rows count as a hundredth apart; else one light as low as the rows, .25
    near = 1 - (reach - 0.5) ** 2  # one apart, shadows meet: under the circle
    far = 1.5**2 + 0.25  # three apart, beyond the light's reach
    assert found == pytest.approx([-0.7 * same, -0.7 * near, -0.7 * far], rel=4e-3)


def test_cones_join_where_the_shadows_part() -> None:
    """On both sides of the border the height is the radius."""
    edge = 2 * 2 * math.sqrt(0.75)
    found = penumbral(rows(0.0), rows(edge - 0.01, edge + 0.01), radius=1.0, sharpness=1.0)[0]
    torch.testing.assert_close(found, torch.tensor([-1.0, -1.0]), rtol=0.01, atol=0)


@pytest.mark.parametrize("height", [-40.0, 0.0, 40.0])
def test_cones_of_equal_and_of_extreme_rows_have_finite_slopes(height: float) -> None:
    query = torch.tensor([[1.0, height], [-300.0, height]], requires_grad=True)
    penumbral(query, query, radius=0.5, sharpness=0.7).sum().backward()
    assert query.grad is not None
    assert torch.isfinite(query.grad).all()


def test_slopes_halve_from_head_to_head_as_published() -> None:
    made = StableAttention(8, 8, dropout=0.0, radius=0.5, sharpness=0.7).slopes.flatten().tolist()
    assert made == [2.0**-i for i in range(1, 9)]


def test_equal_rows_are_weighed_by_distance_alone() -> None:
    """Head 1 of 2 loses 1/16 a row, head 2 1/256; equal rows have equal scores else."""
    one = StableAttention(2, 2, dropout=0.0, radius=0.5, sharpness=0.7).eval()
    with torch.no_grad():
        one.out.weight.copy_(torch.eye(2))
        one.out.bias.zero_()
    seen, distance = sight(torch.tensor([[2]]), 2, window=5)
    values = torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])
    found = one(torch.zeros(1, 1, 2), torch.ones(1, 2, 2), values, seen, distance=distance)[0, 0].tolist()
    assert found == pytest.approx([1 / (1 + math.exp(1 / 16)), 1 / (1 + math.exp(1 / 256))], abs=1e-6)


def test_a_question_without_history_finds_zeros() -> None:
    one = StableAttention(4, 2, dropout=0.0, radius=0.5, sharpness=0.7).eval()
    seen, distance = sight(torch.zeros(1, 1, dtype=torch.int64), 3, 5)
    found = one(torch.randn(1, 1, 4), torch.randn(1, 3, 4), torch.randn(1, 3, 4), seen, distance=distance)
    torch.testing.assert_close(found[0, 0], one.out(torch.zeros(4)))


@pytest.mark.parametrize("inputs", ["skills", "items", "both"])
def test_the_parallel_pass_is_the_fold_beyond_the_window(inputs: str) -> None:
    made = partial(StableKT, width=8, heads=2, inner=8, window=4, inputs=inputs)
    fitting = Fitting(max_epochs=1, batch_rows=256, progress_bar=False)
    tracer = NeuralTracer(made, fitting).fit(ragged([20] * 12, seed=3))
    histories = ragged([0, 1, 4, 5, 13, 30], seed=7)
    np.testing.assert_allclose(tracer.trace(histories), fold(tracer, histories)[1], atol=2e-6)


def test_a_later_place_changes_nothing() -> None:
    """The same last rows say the same, however many there were before the window."""
    model = network(blocks=1, window=3).eval()
    state = model.start(1)
    said = []
    for step in range(9):
        item = torch.tensor([step % 3])
        state = model.step(state, item, torch.tensor([step % 3 % 2]))
        said.append(model.score(state, torch.tensor([[0, 1, 2]])))
    torch.testing.assert_close(said[5], said[8])


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="StableKT: heads=3, expected an even number"):
        network(heads=3)
    with pytest.raises(ConfigError, match="StableKT: window=0"):
        network(window=0)
    with pytest.raises(ConfigError, match="StableKT: radius=0"):
        network(radius=0.0)


def test_the_compiled_pass_agrees_with_torch() -> None:
    """300 questions fill more than a block; of three learners one sees nothing, one six rows, one all."""
    torch.manual_seed(0)
    one = StableAttention(12, 4, dropout=0.5, radius=0.5, sharpness=0.7).eval()
    asking, keys, values = torch.randn(3, 300, 12), torch.randn(3, 9, 12), torch.randn(3, 9, 12)
    keys[2, 3] = one.query(asking[2, 7]).detach()  # a question's place is that of a row: cones at no distance
    seen, distance = kept({"count": torch.tensor([[0.0], [6.0], [9.0]])}, 9)
    with torch.no_grad():
        plain = one(asking, keys, values, seen, distance=distance)
    with torch.inference_mode():
        assert one.compiled(asking, seen, 300)
        quick = one(asking, keys, values, seen, distance=distance)
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-5)
