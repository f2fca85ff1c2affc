import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lernpfad.core import ConfigError, DataError
from lernpfad.evaluate import intervals
from lernpfad.evaluate.metrics import METRICS, Metric, auc, brier


def answers(seed: int, learners: int = 40, answers: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    owner = np.sort(rng.integers(0, learners, answers))
    p = np.round(rng.random(answers), 2)
    return p, (rng.random(answers) < p).astype(int), owner


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_resample_is_the_metric_of_the_repeated_answers(metric: Metric) -> None:
    p, y, owner = answers(0)
    drawn = next(intervals.counts(40, 5, seed=3))
    fast = metric.resampled(p, y, owner, 40)(drawn)
    for count, value in zip(drawn, fast, strict=True):
        rows = np.repeat(np.arange(len(p)), count[owner])
        assert value == pytest.approx(metric(p[rows], y[rows]))


@settings(deadline=None)
@given(learners=st.integers(1, 30), resamples=st.integers(1, 20), seed=st.integers(0, 99))
def test_every_resample_draws_as_many_learners_as_there_are(learners: int, resamples: int, seed: int) -> None:
    drawn = np.concatenate(list(intervals.counts(learners, resamples, seed)))
    assert drawn.shape == (resamples, learners)
    assert (drawn.sum(axis=1) == learners).all()


def test_draws_stay_within_a_stratum_and_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    strata = np.asarray([0, 1, 0, 1, 1])
    whole = np.concatenate(list(intervals.counts(5, 50, 7, strata=strata)))
    assert (whole[:, strata == 0].sum(axis=1) == 2).all()
    plain = np.concatenate(list(intervals.counts(5, 50, 7)))
    monkeypatch.setattr(intervals, "_DRAWS_AT_ONCE", 35)
    assert (np.concatenate(list(intervals.counts(5, 50, 7))) == plain).all()


def test_same_seed_same_interval() -> None:
    p, y, owner = answers(1)
    first = intervals.by_learner("auc", p, y, owner, resamples=50, seed=4)
    assert first == intervals.by_learner(auc, p, y, owner, resamples=50, seed=4)
    assert first != intervals.by_learner("auc", p, y, owner, resamples=50, seed=5)
    assert first.low < auc(p, y) < first.high


def test_learners_are_drawn_not_answers() -> None:
    """Each learner answers alike 50 times: the interval must be as wide as that of 20 independent answers."""
    rng = np.random.default_rng(2)
    y = np.repeat(rng.integers(0, 2, 20), 50)
    p, owner = np.full(1000, 0.5), np.repeat(np.arange(20), 50)
    low, high = intervals.by_learner("brier", p + 0.1 * y, y, owner)
    spread = np.std(np.square(0.5 + 0.1 * y - y)) / np.sqrt(20)
    assert (high - low) / (2 * 1.96 * spread) == pytest.approx(1.0, abs=0.2)


def test_the_interval_of_a_mean_covers_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for seed in range(200):
        low, high = intervals.mean(rng.normal(0.3, 1.0, 60), resamples=300, seed=seed)[1:]
        covered += low <= 0.3 <= high
    assert 0.90 <= covered / 200 <= 0.985


def test_paired_difference_is_tighter_than_the_two_intervals_apart() -> None:
    p, y, owner = answers(4)
    worse = np.clip(p + np.random.default_rng(0).normal(0, 0.05, len(p)), 0, 1)
    paired = intervals.paired_difference("brier", worse, p, y, owner, resamples=400)
    assert paired.value == pytest.approx(brier(worse, y) - brier(p, y))
    assert paired.low < paired.value < paired.high
    alone = intervals.by_learner("brier", p, y, owner, resamples=400)
    assert paired.high - paired.low < alone.high - alone.low
    assert intervals.paired_difference("auc", p, p, y, owner, resamples=20) == (0.0, 0.0, 0.0)


def test_ratio_of_sums_is_not_a_mean_of_ratios() -> None:
    estimate = intervals.ratio_of_sums(np.asarray([1.0, 9.0]), np.asarray([1.0, 3.0]), resamples=200)
    assert estimate.value == pytest.approx(10 / 4)
    assert (estimate.low, estimate.high) == (1.0, 3.0)
    assert np.isnan(intervals.ratio_of_sums(np.ones(3), np.zeros(3), resamples=10)).all()


def test_an_interval_excludes() -> None:
    assert intervals.Interval(0.1, 0.2).excludes(0.0)
    assert not intervals.Interval(-0.1, 0.2).excludes(0.0)
    assert not intervals.Interval(float("nan"), float("nan")).excludes(0.0)
    assert intervals.Estimate(0.1, 0.1, 0.2).excludes(0.3)


def test_holm_by_hand() -> None:
    # sorted .01 .02 .04, times 3 2 1, never falling
    assert intervals.holm(np.asarray([0.04, 0.01, 0.02])).tolist() == pytest.approx([0.04, 0.03, 0.04])
    assert intervals.holm(np.asarray([0.9, 0.6])).tolist() == [1.0, 1.0]


def test_bootstrap_p_value() -> None:
    assert intervals.p_value(np.full(999, 1.0)) == pytest.approx(2 / 1000)
    assert intervals.p_value(np.asarray([-1.0, 1.0] * 50)) == 1.0


def test_names_what_is_wrong() -> None:
    p, y, owner = answers(5)
    with pytest.raises(ConfigError, match="no metric named 'acu'; did you mean 'auc'"):
        intervals.by_learner("acu", p, y, owner)
    with pytest.raises(DataError, match="learner of each answer"):
        intervals.by_learner("auc", p, y, owner[:-1])


def test_one_class_or_nobody_gives_an_undefined_interval() -> None:
    p, _, owner = answers(6)
    assert np.isnan(intervals.by_learner("auc", p, np.ones(len(p), dtype=int), owner, resamples=10)).all()
    nothing = np.empty(0)
    assert np.isnan(intervals.by_learner("auc", nothing, nothing.astype(int), nothing.astype(int), resamples=10)).all()


def test_intervals_of_all_metrics_at_published_size_take_seconds() -> None:
    p, y, owner = answers(7, learners=4000, answers=135_000)
    began = time.perf_counter()
    found = intervals.tracing_intervals(p, y, owner)
    assert time.perf_counter() - began < 15
    assert all(found[name].low < metric(p, y) < found[name].high for name, metric in METRICS.items() if name != "ece")
