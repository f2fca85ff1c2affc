"""Losses of next-item models: by hand, against plain autograd, and gBCE's promises."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, logsigmoid, softplus

from lernpfad.core import ConfigError
from lernpfad.training.losses import BinaryCrossEntropy, CrossEntropy, SampledSoftmax


@pytest.fixture
def given():
    torch.manual_seed(0)
    hidden = torch.randn(50, 8, dtype=torch.double, requires_grad=True)
    items = torch.randn(30, 8, dtype=torch.double, requires_grad=True)
    return hidden, torch.randint(0, 30, (50,)), items


def slopes(loss, hidden, items):
    return torch.autograd.grad(loss, (hidden, items))


def test_cross_entropy_and_its_gradient_are_torchs(given):
    hidden, wanted, items = given
    ours, plain = CrossEntropy()(hidden, wanted, items), cross_entropy(hidden @ items.T, wanted)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(slopes(ours, hidden, items), slopes(plain, hidden, items))


def test_expected_binary_cross_entropy_and_its_gradient(given):
    hidden, wanted, items = given
    loss = BinaryCrossEntropy(negatives=7, calibration=0.6, expected=True)
    score = hidden @ items.T - math.log(7)
    taken = score.gather(1, wanted[:, None])[:, 0]
    others = softplus(score).sum(dim=1) - softplus(taken)
    plain = (7 / 29 * others - loss.beta(30) * logsigmoid(taken)).mean()
    ours = loss(hidden, wanted, items)
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(slopes(ours, hidden, items), slopes(plain, hidden, items))


def test_draws_agree_with_what_is_expected_of_them(given):
    hidden, wanted, items = (one.detach() for one in given)
    drawn = torch.stack([BinaryCrossEntropy(negatives=7)(hidden, wanted, items) for _ in range(2000)])
    taken = (-logsigmoid((hidden * items[wanted]).sum(dim=1) - math.log(7))).mean()
    expected = BinaryCrossEntropy(negatives=7, expected=True)(hidden, wanted, items)
    # a draw may hit the taken item, which then does not count: one in 30
    assert (drawn.mean() - taken) / (expected - taken) == pytest.approx(29 / 30, abs=4 * float(drawn.std()) / 2000**0.5)


def test_beta_by_hand():
    assert BinaryCrossEntropy(negatives=1, calibration=0.0).beta(101) == pytest.approx(1.0)
    assert BinaryCrossEntropy(negatives=10, calibration=1.0).beta(101) == pytest.approx(0.1)
    # alpha = .1, t = .75: .1 * (.75 * (1 - 10) + 10)
    assert BinaryCrossEntropy(negatives=10, calibration=0.75).beta(101) == pytest.approx(0.325)
    assert BinaryCrossEntropy(negatives=500, calibration=0.5).beta(101) == pytest.approx(1.0)


def test_sampled_softmax_over_all_is_cross_entropy(given):
    hidden, wanted, items = given
    torch.testing.assert_close(SampledSoftmax(negatives=30)(hidden, wanted, items), CrossEntropy()(*given))


def test_sampled_softmax_by_hand():
    hidden, items = torch.tensor([[1.0, 0.0]]), torch.tensor([[math.log(3.0), 0.0], [0.0, 1.0]])
    loss = SampledSoftmax(negatives=2)(hidden, torch.tensor([0]), items)  # scores log 3 and 0
    assert loss.item() == pytest.approx(-math.log(3 / 4))


@pytest.mark.parametrize("kind", [SampledSoftmax, BinaryCrossEntropy])
def test_there_is_at_least_one_negative(kind):
    with pytest.raises(ConfigError, match=f"{kind.__name__}: negatives is 0, expected at least 1"):
        kind(negatives=0)


def test_calibration_is_a_share():
    with pytest.raises(ConfigError, match=r"calibration is 1.5, expected a number in \[0, 1\]"):
        BinaryCrossEntropy(calibration=1.5)
