"""How sure is a number? Bootstrap over learners, never over answers; everything compared is resampled alike."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from lernpfad.core import ConfigError, DataError, FloatArray, IntArray, unknown_name
from lernpfad.evaluate.metrics import METRICS, Metric

RESAMPLES: Final = 1000
LEVEL: Final = 0.95
_DRAWS_AT_ONCE: Final = 2_000_000


class Interval(NamedTuple):
    """A bootstrap percentile interval; NaN where the number itself is undefined."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside; an undefined interval excludes nothing."""
        return bool(value < self.low or value > self.high)


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def interval(self) -> Interval:
        """The interval alone."""
        return Interval(self.low, self.high)

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside the interval."""
        return self.interval.excludes(value)


def counts(learners: int, resamples: int, seed: int, *, strata: IntArray | None = None) -> Iterator[IntArray]:
    """How often each learner is drawn, in blocks `[b, learners]` that make `resamples` rows together.

    strata: a label per learner, `[learners]`; draws with replacement stay within a label (the seed of a roll-out).
    The same arguments give the same draws, so two numbers resampled alike are paired.
    """
    rng = np.random.default_rng(seed)
    groups = [np.arange(learners)] if strata is None else [np.flatnonzero(strata == s) for s in np.unique(strata)]
    block = max(1, _DRAWS_AT_ONCE // max(learners, 1))
    for first in range(0, resamples, block):
        rows = min(block, resamples - first)
        table = np.zeros((rows, learners), dtype=np.int64)
        for group in groups:
            drawn = rng.integers(0, len(group), size=(rows, len(group))) + len(group) * np.arange(rows)[:, None]
            table[:, group] = np.bincount(drawn.ravel(), minlength=rows * len(group)).reshape(rows, -1)
        yield table


def percentiles(values: FloatArray, *, level: float = LEVEL) -> Interval:
    """The middle `level` of bootstrap values `[resamples]`; undefined resamples (NaN) are left out."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def named(metric: Metric | str) -> Metric:
    """The metric itself, or the one of that name in `METRICS`; an unknown name is a ConfigError."""
    if not isinstance(metric, str):
        return metric
    if metric not in METRICS:
        raise ConfigError(unknown_name("metric", metric, METRICS))
    return METRICS[metric]


def by_learner(
    metric: Metric | str,
    predicted: FloatArray,
    outcome: IntArray,
    owner: IntArray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """95 % interval of a tracing metric: learners are drawn with replacement, the pooled metric is recomputed.

    predicted, outcome, owner (learner of each answer): `[N]`.
    """
    return percentiles(bootstrap(metric, predicted, outcome, owner, resamples=resamples, seed=seed))


def bootstrap(
    metric: Metric | str,
    predicted: FloatArray,
    outcome: IntArray,
    owner: IntArray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> FloatArray:
    """The pooled metric on each resample of the learners that have a scored answer, `[resamples]`."""
    learners, owner = _dense(owner, len(predicted))
    value = named(metric).resampled(predicted, outcome, owner, learners)
    blocks = [value(block) for block in counts(learners, resamples, seed)] if learners else []
    return np.concatenate(blocks) if blocks else np.full(resamples, np.nan)


def paired_difference(
    metric: Metric | str,
    one: FloatArray,
    other: FloatArray,
    outcome: IntArray,
    owner: IntArray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Metric of `one` minus metric of `other`, predictions `[N]` of the same answers, on the same resamples."""
    metric = named(metric)
    drawn = [bootstrap(metric, p, outcome, owner, resamples=resamples, seed=seed) for p in (one, other)]
    return Estimate(metric(one, outcome) - metric(other, outcome), *percentiles(drawn[0] - drawn[1]))


def tracing_intervals(
    predicted: FloatArray, outcome: IntArray, owner: IntArray, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Interval]:
    """The 95 % interval of every metric of `METRICS`; arguments as in `by_learner`."""
    return {
        name: by_learner(metric, predicted, outcome, owner, resamples=resamples, seed=seed)
        for name, metric in METRICS.items()
    }


def ratio_of_sums(
    numerator: FloatArray,
    denominator: FloatArray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    strata: IntArray | None = None,
) -> Estimate:
    """`sum_j a_j / sum_j b_j` with its interval, both `[learners]`: never a mean of ratios. NaN over a zero sum."""
    drawn = resampled_sums(np.stack([numerator, denominator], axis=1), resamples=resamples, seed=seed, strata=strata)
    return Estimate(
        ratio(float(np.sum(numerator)), float(np.sum(denominator))), *percentiles(ratios(drawn[:, 0], drawn[:, 1]))
    )


def mean(values: FloatArray, *, resamples: int = RESAMPLES, seed: int = 0, strata: IntArray | None = None) -> Estimate:
    """The mean over learners with its interval; values: `[learners]`. A paired difference goes in as `a - b`."""
    return ratio_of_sums(values, np.ones(len(values)), resamples=resamples, seed=seed, strata=strata)


def resampled_sums(
    values: FloatArray, *, resamples: int = RESAMPLES, seed: int = 0, strata: IntArray | None = None
) -> FloatArray:
    """Sums over resampled learners, values `[learners, S]` to `[resamples, S]`."""
    blocks = [block @ values for block in counts(len(values), resamples, seed, strata=strata)] if len(values) else []
    return np.concatenate(blocks) if blocks else np.full((resamples, values.shape[1]), np.nan)


def ratio(above: float, below: float) -> float:
    """`above / below`, NaN where `below` is 0."""
    return float(above / below) if below else float("nan")


def ratios(above: FloatArray, below: FloatArray) -> FloatArray:
    """`above / below` elementwise, NaN where `below` is 0."""
    quotient: FloatArray = np.divide(above, below, out=np.full(len(below), np.nan), where=below != 0)
    return quotient


def wilson(share: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """95 % interval of shares of n independent answers, both ends within [0, 1] (Wilson 1927); for figures only."""
    z = 1.96
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def p_value(drawn: FloatArray) -> float:
    """Two-sided bootstrap p of "the difference is 0" from its resampled values `[resamples]`."""
    drawn = drawn[~np.isnan(drawn)]
    side = min((drawn <= 0).sum(), (drawn >= 0).sum())
    return float(min(1.0, 2 * (side + 1) / (len(drawn) + 1)))


def holm(p_values: FloatArray) -> FloatArray:
    """p values adjusted for having asked several times, `[n]` (Holm 1979): the k-th smallest times n - k + 1."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def _dense(owner: IntArray, answers: int) -> tuple[int, IntArray]:
    if len(owner) != answers:
        raise DataError(f"intervals: {len(owner)} owners for {answers} predictions; pass the learner of each answer")
    ids, dense = np.unique(owner, return_inverse=True)
    return len(ids), dense
