"""Attention tracers: fold and trace agree beyond the window, fading by hand, and nothing is seen early."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from lernpfad.core import ConfigError, fold
from lernpfad.tracing.akt import AKT
from lernpfad.tracing.attention import Attention, aligned, kept, pushed, sight, waves
from lernpfad.tracing.embedding import Answers
from lernpfad.tracing.saint import SAINT
from lernpfad.tracing.sakt import SAKT
from lernpfad.tracing.simplekt import SimpleKT
from lernpfad.training import Fitting, NeuralTracer
from lernpfad.training.batches import Histories
from training.tiny import ragged

NETWORKS = {"akt": AKT, "simplekt": partial(SimpleKT, blocks=3), "sakt": SAKT, "saint": SAINT}


def fitted(network: Any, **settings: Any) -> NeuralTracer:
    made = partial(network, width=8, heads=2, inner=8, **settings)
    return NeuralTracer(made, Fitting(max_epochs=1, batch_rows=256, progress_bar=False)).fit(ragged([20] * 12, seed=3))


@pytest.mark.parametrize("inputs", ["skills", "items", "both"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_parallel_pass_is_the_fold_beyond_the_window(name: str, inputs: str) -> None:
    tracer = fitted(NETWORKS[name], window=4, inputs=inputs)
    histories = ragged([0, 1, 4, 5, 13, 30], seed=7)
    np.testing.assert_allclose(tracer.trace(histories), fold(tracer, histories)[1], atol=2e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_rows_beyond_every_window_are_forgotten(name: str) -> None:
    """With one layer nothing older than the window matters; a deeper one may hear of it through what it kept."""
    depth = {"akt": 2, "simplekt": 3, "sakt": 1, "saint": 2}[name]
    tracer, window = fitted(NETWORKS[name], window=3), 3
    histories = ragged([20], seed=5, declined=0.0)
    flipped = histories.outcome.copy()
    flipped[0] = 1 - max(flipped[0], 0)
    moved = np.abs(tracer.trace(histories.with_outcome(flipped)) - tracer.trace(histories)) > 1e-7
    assert moved[1]
    assert not moved[depth * window + 1 :].any()


def test_fading_by_hand() -> None:
    """Two equal rows, each with half of the attention: the nearer has nothing in between, the farther its half."""
    one = Attention(4, 1, dropout=0.0, monotonic=True)
    with torch.no_grad():
        one.decay.fill_(float(np.log(np.expm1(0.7))))  # softplus of which is .7
        scores = torch.tensor([[[[2.0, 2.0, 0.0]]]])
        hidden = torch.tensor([[[[False, False, True]]]])
        far = torch.tensor([[[[2.0, 1.0, 0.0]]]])
        fading = one._fading(scores, hidden, far)[0, 0, 0]
    assert fading[0].item() == pytest.approx(np.exp(-0.7 * np.sqrt(2 * 0.5)), rel=1e-5)
    assert fading[1].item() == pytest.approx(1.0)


def test_a_question_without_history_finds_zeros() -> None:
    for monotonic in (False, True):
        one = Attention(4, 2, dropout=0.0, monotonic=monotonic).eval()
        seen, distance = sight(torch.zeros(1, 1, dtype=torch.int64), 3, 5)
        found = one(torch.randn(1, 1, 4), torch.randn(1, 3, 4), torch.randn(1, 3, 4), seen, distance=distance)
        torch.testing.assert_close(found[0, 0], one.out(torch.zeros(4)))


def test_sight_is_strict_and_ends_with_the_window() -> None:
    seen, distance = sight(torch.tensor([[0, 2, 4]]), 5, window=3)
    assert seen[0].int().tolist() == [[0, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 1, 1, 1, 0]]
    assert distance[0, 2].tolist() == [4, 3, 2, 1, 0]


def test_the_cache_holds_the_newest_rows_last() -> None:
    cache = torch.zeros(1, 3, 1)
    for value in (1.0, 2.0, 3.0, 4.0):
        cache = pushed(cache, torch.tensor([[value]]))
    assert cache[0, :, 0].tolist() == [2, 3, 4]
    seen, distance = kept({"count": torch.tensor([[2.0]])}, 3)
    assert seen[0, 0].tolist() == [False, True, True]
    assert distance[0, 0].tolist() == [3, 2, 1]


def test_declined_offers_make_questions_that_are_no_rows() -> None:
    logs = ragged([6, 4], seed=2)
    assert not aligned(Histories(logs)[np.array([0, 1])])
    assert aligned(Histories(ragged([6, 4], declined=0.0))[np.array([0, 1])])


def test_waves_are_the_paper_s() -> None:
    made = waves(torch.tensor([3.0]), 4)[0].tolist()
    assert made == pytest.approx([np.sin(3), np.cos(3), np.sin(0.03), np.cos(0.03)], abs=1e-6)


def test_rasch_embeddings_by_hand() -> None:
    torch.manual_seed(0)
    read = Answers(items=2, skills=2, item_skills=np.array([[0, 1], [1, -1]]), width=3)
    with torch.no_grad():
        read.deviation[0] = 0.5
    c, d, g, h = (read.concept + read.common), read.direction, read.response, read.turn
    both, turned = (c[0] + c[1]) / 2, (d[0] + d[1]) / 2
    item, right, root = torch.tensor([0]), torch.tensor([1]), 3**0.5
    torch.testing.assert_close(read.question(item)[0], root * (both + 0.5 * turned))
    torch.testing.assert_close(read.answer(item, right)[0], root * (both + g[1] + 0.5 * (turned + h[1])))
    torch.testing.assert_close(read.question(torch.tensor([-1]))[0], root * read.common)
    assert read.penalty(torch.tensor([0, 1])).item() == pytest.approx(0.125)


def test_a_network_of_items_tells_of_skills_by_their_items() -> None:
    read = Answers(items=3, skills=2, item_skills=np.array([[0, -1], [0, 1], [-1, -1]]), width=4, inputs="items")
    expected = torch.stack([read.concept[:2].mean(dim=0), read.concept[1]]) + read.common
    torch.testing.assert_close(read.concepts(), 2 * expected)  # the root of the width
    assert fitted(AKT, inputs="items").mastery(fitted(AKT, inputs="items").start(2), np.zeros(2)).shape == (2, 3)


def test_skills_alone_leave_items_alike() -> None:
    tracer = fitted(AKT, inputs="skills")
    said = tracer.predict(tracer.start(1), np.array([[0, 0, -1]]), np.zeros(1))[0]
    assert said[0] == said[1]
    assert not [name for name in vars(tracer) if "deviation" in name]


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="width 8 in 3 heads"):
        Attention(8, 3, dropout=0.0)
    table = np.array([[0]])
    with pytest.raises(ConfigError, match="AKT: window=0"):
        AKT(items=1, skills=1, item_skills=table, window=0)
    with pytest.raises(ConfigError, match="SAKT: inputs is 'words'"):
        SAKT(items=1, skills=1, item_skills=table, inputs="words")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="SimpleKT: window=200, blocks=0"):
        SimpleKT(items=1, skills=1, item_skills=table, blocks=0)


@pytest.mark.parametrize("width", [12, 8])
@pytest.mark.parametrize("own", ["none", "each", "one asks"])
@pytest.mark.parametrize("monotonic", [False, True])
def test_the_compiled_pass_agrees_with_torch(monotonic: bool, own: str, width: int) -> None:
    """300 questions fill more than a block; of four learners one sees nothing, one six rows, one all, one all but 1."""
    torch.manual_seed(0)
    one = Attention(width, 2, dropout=0.5, monotonic=monotonic).eval()
    asking, keys, values = torch.randn(4, 300, width), torch.randn(4, 9, width) * 4, torch.randn(4, 9, width)
    with torch.no_grad():
        itself = None if own == "none" else (one.key(asking), one.value(asking))
    if own == "one asks":
        asking, one.query = asking[:, :1], torch.nn.Linear(width, width)
    seen, distance = kept({"count": torch.tensor([[0.0], [6.0], [9.0], [9.0]])}, 9)
    seen[3, 0, 4] = False
    with torch.no_grad():
        plain = one(asking, keys, values, seen, distance=distance, own=itself)
    with torch.inference_mode():
        assert one.compiled(asking, seen, 300)
        quick = one(asking, keys, values, seen, distance=distance, own=itself)
    torch.testing.assert_close(quick, plain, rtol=1e-5, atol=1e-5)


def test_the_compiled_pass_bears_scores_of_any_size() -> None:
    one = Attention(4, 1, dropout=0.0, monotonic=True).eval()
    asking, keys = torch.randn(1, 40, 4) * 1e3, torch.randn(1, 5, 4) * 1e3
    seen, distance = kept({"count": torch.tensor([[5.0]])}, 5)
    with torch.inference_mode():
        found = one(asking, keys, torch.randn(1, 5, 4), seen, distance=distance)
    assert torch.isfinite(found).all()


def test_vectors_of_items_are_looked_up_in_inference_and_reckoned_anew_after_training() -> None:
    read = Answers(items=3, skills=2, item_skills=np.array([[0], [1], [1]]), width=4).eval()
    items = torch.tensor([[0, 2, -1]])
    with torch.inference_mode():
        torch.testing.assert_close(read.question(items), read._question(torch.tensor([[0, 2, 3]])))
    assert read.tabulated is not None
    assert "tabulated" not in read.state_dict()
    read.train()
    with torch.no_grad():
        read.common.add_(1.0)
    read.eval()
    with torch.inference_mode():
        torch.testing.assert_close(read.question(items)[0, 2], 2 * (read.common + read.concept[-1]))
    read.load_state_dict({name: 2 * weight for name, weight in read.state_dict().items()})  # still in evaluation mode
    with torch.inference_mode():
        torch.testing.assert_close(read.question(items)[0, 2], 2 * (read.common + read.concept[-1]))
