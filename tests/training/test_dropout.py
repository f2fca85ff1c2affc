import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from lernpfad.training.dropout import Dropout, causal_attention, dropped


def drawn(*shape):
    return torch.from_numpy(np.random.default_rng(0).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_rest_makes_up_for_it(rate):
    torch.manual_seed(0)
    ones = dropped(torch.ones(1001, 333), rate)
    kept = ones != 0
    assert abs(float(kept.float().mean()) - (1 - rate)) < 0.005
    np.testing.assert_allclose(ones[kept].numpy(), 1 / (1 - rate), rtol=2e-4)
    # neither rows, columns nor neighbours know of each other
    assert abs(np.corrcoef(kept[:, :-1].flatten(), kept[:, 1:].flatten())[0, 1]) < 0.01


def test_the_slope_goes_where_values_were_kept():
    torch.manual_seed(0)
    values = drawn(40, 50).requires_grad_()
    left = dropped(values, 0.25)
    left.sum().backward()
    np.testing.assert_allclose((values.grad * values.detach()).numpy(), left.detach().numpy(), rtol=1e-6)


def test_a_seed_gives_equal_bits_and_serving_drops_nothing():
    layer, values = Dropout(0.5), drawn(7, 9)
    torch.manual_seed(3)
    one = layer(values)
    torch.manual_seed(3)
    assert torch.equal(layer(values), one)
    assert torch.equal(layer.eval()(values), values)


def test_attention_that_drops_next_to_nothing_is_plain_attention():
    query, key, value = (drawn(2, 3, 11, 4) + k for k in range(3))
    plain = scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(causal_attention(query, key, value, rate=1e-9), plain)
    torch.testing.assert_close(causal_attention(query, key, value, rate=0.0), plain)


def test_attention_is_right_on_average():
    torch.manual_seed(0)
    query, key, value = (drawn(1, 1, 6, 4) + k for k in range(3))
    many = causal_attention(*(one.expand(20_000, 1, 6, 4) for one in (query, key, value)), rate=0.3)
    plain = scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(many.mean(0, keepdim=True), plain, atol=0.05, rtol=0)
