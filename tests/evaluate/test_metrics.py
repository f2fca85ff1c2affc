import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.core import DataError
from lernpfad.evaluate.metrics import (
    METRICS,
    accuracy,
    auc,
    brier,
    ece,
    learner_auc,
    log_loss,
    reliability,
    rmse,
    tracing_metrics,
)

# five answers, by hand: two ties at .5, one correct and one wrong
P = np.asarray([0.9, 0.5, 0.5, 0.2, 0.6])
Y = np.asarray([1, 1, 0, 0, 0])

answers = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 1)), min_size=2, max_size=60).filter(
    lambda rows: len({y for _, y in rows}) == 2
)


def test_auc_by_hand() -> None:
    # .9 beats all three wrong ones; .5 ties one, beats .2, loses to .6: (3 + 1.5) / 6
    assert auc(P, Y) == pytest.approx(4.5 / 6)


def test_accuracy_counts_one_half_as_predicted_correct() -> None:
    assert accuracy(P, Y) == pytest.approx(3 / 5)


def test_brier_and_rmse_by_hand() -> None:
    total = 0.01 + 0.25 + 0.25 + 0.04 + 0.36
    assert brier(P, Y) == pytest.approx(total / 5)
    assert rmse(P, Y) == pytest.approx(math.sqrt(total / 5))


def test_log_loss_by_hand_and_clipped() -> None:
    likelihood = 0.9 * 0.5 * 0.5 * 0.8 * 0.4
    assert log_loss(P, Y) == pytest.approx(-math.log(likelihood) / 5)
    assert log_loss(np.asarray([0.0]), np.asarray([1])) == pytest.approx(-math.log(1e-7))
    assert log_loss(np.asarray([1.0]), np.asarray([1])) == pytest.approx(1e-7)


def test_calibration_error_by_hand() -> None:
    # bins of 1/15: .9 -> 13, .5 .5 -> 7, .2 -> 3, .6 -> 9; |-.1|, |1 - 1|, .2, .6 over five answers
    assert ece(P, Y) == pytest.approx((0.1 + 0.0 + 0.2 + 0.6) / 5)


def test_reliability_table_by_hand() -> None:
    table = reliability(P, Y)
    assert table.n.tolist() == [0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 0, 0, 1, 0]
    assert table.observed[7] == 0.5
    assert table.predicted[9] == pytest.approx(0.6)
    assert np.isnan(table.observed[0])
    assert reliability(np.asarray([1.0, 0.0]), np.asarray([1, 0])).n[[0, -1]].tolist() == [1, 1]


def test_calibration_error_is_the_weighted_gap_of_the_reliability_table() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(500)
    y = (rng.random(500) < p**2).astype(int)
    table = reliability(p, y)
    filled = table.n > 0
    gap = np.abs(table.predicted - table.observed)[filled]
    assert ece(p, y) == pytest.approx((table.n[filled] * gap).sum() / 500)


@settings(deadline=None)
@given(answers)
def test_metrics_agree_with_scikit_learn(rows: list[tuple[int, int]]) -> None:
    from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score
    from sklearn.metrics import log_loss as reference_log_loss

    p, y = np.asarray([a for a, _ in rows]) / 20, np.asarray([b for _, b in rows])
    ours = tracing_metrics(p, y)
    assert ours["auc"] == pytest.approx(roc_auc_score(y, p))
    assert ours["accuracy"] == pytest.approx(accuracy_score(y, p >= 0.5))
    assert ours["brier"] == pytest.approx(brier_score_loss(y, p))
    assert ours["log_loss"] == pytest.approx(reference_log_loss(y, np.clip(p, 1e-7, 1 - 1e-7)))
    assert ours["rmse"] == pytest.approx(math.sqrt(ours["brier"]))


@settings(deadline=None)
@given(answers)
def test_auc_asks_only_for_the_order(rows: list[tuple[int, int]]) -> None:
    p, y = np.asarray([a for a, _ in rows]) / 20, np.asarray([b for _, b in rows])
    assert auc(p**3, y) == pytest.approx(auc(p, y))
    assert auc(1 - p, y) == pytest.approx(1 - auc(p, y))


def test_undefined_is_nan() -> None:
    assert math.isnan(auc(P, np.ones(5, dtype=int)))
    assert all(math.isnan(value) for value in tracing_metrics(np.empty(0), np.empty(0, dtype=int)).values())


def test_keys_of_tracing_metrics() -> None:
    assert list(tracing_metrics(P, Y)) == ["auc", "accuracy", "log_loss", "brier", "rmse", "ece"] == list(METRICS)


@pytest.mark.parametrize(
    ("predicted", "outcome", "said"),
    [
        (P, Y[:4], "equally long"),
        (P, np.asarray([1, 1, 0, 0, -1]), "not assessed"),
        (np.asarray([0.1, np.nan, 0.2, 0.3, 0.4]), Y, "prediction 1 is NaN"),
    ],
)
def test_refuses(predicted: np.ndarray, outcome: np.ndarray, said: str) -> None:
    with pytest.raises(DataError, match=said):
        auc(predicted, outcome)


def test_learner_auc_is_the_mean_of_each_learners_own() -> None:
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(6), 9)
    p, y = np.round(rng.random(54), 1), rng.integers(0, 2, 54)
    y[owner == 2] = 1  # no wrong answer: her AUC is undefined
    each = [auc(p[owner == j], y[owner == j]) for j in range(6) if j != 2]
    shuffled = rng.permutation(54)
    value, learners = learner_auc(p[shuffled], y[shuffled], owner[shuffled])
    assert value == pytest.approx(np.mean(each))
    assert learners == 5
    assert learner_auc(P, np.ones(5, dtype=int), np.zeros(5, dtype=int))[1] == 0
