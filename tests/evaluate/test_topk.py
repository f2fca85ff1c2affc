"""The k best of each row: what a stable sort gives, however scores are laid out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.core import FloatArray, IntArray
from lernpfad.evaluate import topk


def sorted_out(scores: FloatArray, k: int) -> IntArray:
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.where(np.isneginf(np.take_along_axis(scores, best, axis=1)), -1, best)
    return np.pad(best, ((0, 0), (0, k - best.shape[1])), constant_values=-1)


def layouts(rng: np.random.Generator) -> dict[str, FloatArray]:
    plain = rng.normal(size=(40, 700))
    one_crowd = plain.copy()
    one_crowd[7] = 0.0
    return {
        "no ties": plain,
        "best first": np.sort(plain, axis=1)[:, ::-1],
        "best last": np.sort(plain, axis=1),
        "few values": np.round(plain),
        "mostly zero": np.where(rng.random(plain.shape) < 0.02, plain, 0.0),
        "all level": np.zeros((40, 700)),
        "one row level": one_crowd,
        "mostly never": np.where(rng.random(plain.shape) < 0.02, plain, -np.inf),
        "never": np.full((40, 700), -np.inf),
        "zeros at the end": np.concatenate([np.full((40, 650), -1.0), np.zeros((40, 50))], axis=1),
    }


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("k", [1, 5, 20, 400, 700, 800])
def test_top_is_a_stable_sort_in_every_layout(kind: str, k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topk, "_CELLS", 7 * 700)
    for name, scores in layouts(np.random.default_rng(k)).items():
        scores = scores.astype(kind)
        np.testing.assert_array_equal(topk.top(scores, k), sorted_out(scores, k), err_msg=name)


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 12), st.integers(1, 6), st.integers(0, 99))
def test_top_is_a_stable_sort_of_any_width(items: int, k: int, values: int, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(0, values, size=(5, items)).astype(np.float32)
    np.testing.assert_array_equal(topk.top(scores, k), sorted_out(scores, k))


def test_nobody_and_nothing_on_offer() -> None:
    assert topk.top(np.empty((0, 5)), 3).shape == (0, 3)
    assert topk.top(np.empty((2, 0)), 3).tolist() == [[-1] * 3] * 2
