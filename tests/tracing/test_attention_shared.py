"""Attention of many questions to the same rows: the quick way gives the numbers of the plain one."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from lernpfad.core import plain_what_if, state_after, walked
from lernpfad.serve.neural import open_tracer
from lernpfad.tracing.akt import AKT
from lernpfad.tracing.attention import Attention, newest, pushed
from lernpfad.training import Fitting, NeuralTracer
from training.tiny import ragged, tiny


@pytest.fixture
def attention() -> Attention:
    torch.manual_seed(0)
    made = Attention(8, 2, dropout=0.0, monotonic=True).eval()
    with torch.no_grad():
        made.decay.copy_(torch.tensor([0.5, 2.0]).view(2, 1, 1))
    return made


def rows(learners: int, count: int, *, seed: int) -> torch.Tensor:
    return torch.randn(learners, count, 8, generator=torch.Generator().manual_seed(seed))


def sight(window: int, counts: list[float]) -> tuple[torch.Tensor, torch.Tensor]:
    distance = torch.arange(window, 0, -1, dtype=torch.float32).expand(len(counts), 1, window)
    return distance <= torch.tensor(counts).view(-1, 1, 1), distance


@pytest.mark.parametrize("with_own", [True, False])
def test_alike_is_the_plain_way(attention: Attention, with_own: bool) -> None:
    """For learners with a full cache, a part of one, and none."""
    seen, distance = sight(6, [6.0, 2.0, 0.0])
    asking, keys, values = rows(3, 5, seed=1), 4 * rows(3, 6, seed=2), rows(3, 6, seed=3)
    own = (rows(3, 5, seed=4), rows(3, 5, seed=5)) if with_own else None
    plain = attention(asking, keys, values, seen, distance=distance, own=own)
    quick = attention(asking, keys, values, seen, distance=distance, own=own, alike=True)
    torch.testing.assert_close(quick, plain, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("with_own", [True, False])
def test_the_latest_row_is_one_more_row_in_the_cache(attention: Attention, with_own: bool) -> None:
    """Each of three questions of a learner sees a row of its own after the four that both share."""
    keys, values, asking = 3 * rows(1, 4, seed=2), rows(1, 4, seed=3), rows(1, 3, seed=1)
    latest = 3 * rows(1, 3, seed=6), rows(1, 3, seed=7)
    own = (rows(1, 3, seed=4), rows(1, 3, seed=5)) if with_own else None
    seen, distance = sight(5, [5.0])
    shared = seen[:, :, :-1], distance[:, :, :-1]
    quick = attention(asking, keys, values, shared[0], distance=shared[1], own=own, alike=True, latest=latest)
    for n in range(3):
        one = slice(n, n + 1)
        grown = torch.cat([keys, latest[0][:, one]], 1), torch.cat([values, latest[1][:, one]], 1)
        mine = None if own is None else (own[0][:, one], own[1][:, one])
        plain = attention(asking[:, one], *grown, seen, distance=distance, own=mine)
        torch.testing.assert_close(quick[:, one], plain, atol=1e-6, rtol=1e-5)


def test_the_newest_rows_are_what_pushing_leaves() -> None:
    for count in (1, 3, 7):
        history, cache = rows(2, count, seed=count), torch.zeros(2, 3, 8)
        for n in range(count):
            cache = pushed(cache, history[:, n])
        torch.testing.assert_close(newest(history, 3), cache)


def akt(window: int) -> NeuralTracer:
    made = partial(AKT, width=8, heads=2, inner=8, window=window)
    return NeuralTracer(made, Fitting(max_epochs=1, batch_rows=256, progress_bar=False)).fit(ragged([20] * 12))


@pytest.mark.parametrize("window", [1, 3])
def test_akt_imagines_what_stepping_and_asking_would_tell(window: int) -> None:
    tracer, histories = akt(window), ragged([0, 1, 3, 6, 7, 30], seed=7)
    state, at, items = walked(tracer, histories), np.zeros(6), np.tile(np.array([0, 3, 4, -1, 2]), (6, 1))
    plain = plain_what_if(tracer, state, items, at, catalog=histories.catalog)
    np.testing.assert_allclose(tracer.what_if(state, items, at), plain, atol=1e-5)


@pytest.mark.parametrize("window", [1, 3])
def test_akt_reads_a_history_at_once(window: int) -> None:
    """Histories shorter and longer than the cache, and of one longer than its reach no more than that."""
    tracer, histories = akt(window), ragged([1, 3, 6, 7, 30], seed=7, declined=0.0)
    network, state = tracer.built(), walked(tracer, histories)
    for learner in range(5):
        last = int(histories.offsets[learner + 1])
        first = max(int(histories.offsets[learner]), last - network.reach)
        item, outcome = (torch.as_tensor(one[None, first:last]).long() for one in (histories.item, histories.outcome))
        with torch.inference_mode():
            after = network.after(item, outcome, torch.tensor([first - int(histories.offsets[learner])]))
        for name, array in after.items():
            np.testing.assert_allclose(array.numpy()[0], state[name][learner], atol=1e-5, err_msg=name)


@pytest.fixture(scope="module")
def lstm(tmp_path_factory: pytest.TempPathFactory) -> tuple[NeuralTracer, Path]:
    tracer, folder = tiny(max_epochs=1).fit(ragged([9] * 20)), tmp_path_factory.mktemp("lstm")
    tracer.export(folder)
    return tracer, folder


def test_a_twin_reads_a_history_at_once(lstm: tuple[NeuralTracer, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    tracer, histories = lstm[0], ragged([0, 1, 12, 5], seed=3)
    twin = open_tracer(lstm[1])
    monkeypatch.setattr(twin, "update", None)
    after = state_after(twin, histories)
    for name, array in walked(tracer, histories).items():
        np.testing.assert_allclose(after[name], array, atol=1e-5)


def test_a_twin_reads_as_far_back_as_its_graph_says(lstm: tuple[NeuralTracer, Path]) -> None:
    twin, histories = open_tracer(lstm[1]), ragged([7], seed=3, declined=0.0)
    given = []

    class Graph:
        notes: ClassVar = {"reach": "3"}

        def run(self, asked: dict[str, Any]) -> dict[str, Any]:
            given.append(asked)
            return {"next.hidden": np.zeros((1, 12)), "next.cell": np.zeros((1, 12))}

    twin._history = Graph()  # type: ignore[assignment]
    state_after(twin, histories)
    np.testing.assert_array_equal(given[0]["item"], histories.item[None, -3:])
    np.testing.assert_array_equal(given[0]["before"], [4])


def test_many_learners_take_their_steps_together(
    lstm: tuple[NeuralTracer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    tracer, histories = lstm[0], ragged([4] * 9, seed=3)
    twin = open_tracer(lstm[1])
    monkeypatch.setattr(twin, "_history", None)
    for name, array in walked(tracer, histories).items():
        np.testing.assert_allclose(state_after(twin, histories)[name], array, atol=1e-5)
