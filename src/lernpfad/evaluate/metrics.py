"""How well a tracer predicts: pooled metrics over scored answers, each of which can be resampled by learner."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from lernpfad.core import Array, DataError, FloatArray, IntArray

CLIP: Final = 1e-7
"""Probabilities are kept this far from 0 and 1 in the log loss."""

BINS: Final = 15
"""Equal-width bins of the calibration error."""


class Metric(Protocol):
    """One number for predictions and outcomes, pooled over answers."""

    @property
    def name(self) -> str:
        """What it is called in tables: "auc"."""
        ...

    def __call__(self, predicted: FloatArray, outcome: IntArray) -> float:
        """The pooled value; NaN where it is undefined. predicted, outcome: `[N]`."""
        ...

    def resampled(
        self, predicted: FloatArray, outcome: IntArray, owner: IntArray, learners: int
    ) -> Callable[[IntArray], FloatArray]:
        """What the metric becomes when learner j is counted `counts[b, j]` times.

        owner: learner index of each answer, `[N]`. Returns a function of counts `[resamples, learners]` that
        gives `[resamples]`.
        """
        ...


@dataclass(frozen=True)
class OfSums:
    """A metric that depends on sums over answers only, so that a resample costs one sum over learners.

    rows: `(predicted, outcome)` to the values that are summed, `[N, S]`.
    finish: sums `[..., S]` and number of answers `[...]` to the metric `[...]`.
    """

    name: str
    rows: Callable[[FloatArray, FloatArray], FloatArray]
    finish: Callable[[FloatArray, FloatArray], FloatArray]

    def __call__(self, predicted: FloatArray, outcome: IntArray) -> float:
        """The pooled value; NaN without answers."""
        predicted, truth = _checked(predicted, outcome)
        if not len(truth):
            return float("nan")
        return float(self.finish(self.rows(predicted, truth).sum(axis=0), np.asarray(float(len(truth)))))

    def resampled(
        self, predicted: FloatArray, outcome: IntArray, owner: IntArray, learners: int
    ) -> Callable[[IntArray], FloatArray]:
        """See `Metric.resampled`."""
        rows = self.rows(*_checked(predicted, outcome))
        sums = np.stack([np.bincount(owner, weights=column, minlength=learners) for column in rows.T], axis=1)
        answers = np.bincount(owner, minlength=learners).astype(np.float64)

        def value(counts: IntArray) -> FloatArray:
            times = counts.astype(np.float64)
            with np.errstate(invalid="ignore", divide="ignore"):
                return self.finish(times @ sums, times @ answers)

        return value


@dataclass(frozen=True)
class AreaUnderCurve:
    """Probability that a correct answer was predicted higher than a wrong one, a tie counting half.

    Equals the area under the ROC curve (Hanley & McNeil 1982); NaN where all outcomes are alike.
    """

    name: str = "auc"

    def __call__(self, predicted: FloatArray, outcome: IntArray) -> float:
        """The pooled value, from one sort."""
        everyone = np.zeros(len(predicted), dtype=np.int64)
        return float(self.resampled(predicted, outcome, everyone, 1)(np.ones((1, 1), dtype=np.int64))[0])

    def resampled(
        self, predicted: FloatArray, outcome: IntArray, owner: IntArray, learners: int
    ) -> Callable[[IntArray], FloatArray]:
        """See `Metric.resampled`; sorts once, then a resample costs one compiled pass over the answers."""
        from lernpfad.evaluate.auc_kernels import areas

        predicted, truth = _checked(predicted, outcome)
        order = np.argsort(predicted, kind="stable")
        new = np.flatnonzero(np.diff(predicted[order]) > 0) + 1
        block = np.concatenate([[0], new, [len(order)]]).astype(np.int64)
        owner_up, truth_up = owner[order].astype(np.int64), truth[order]
        return lambda counts: np.asarray(areas(counts.astype(np.float64), owner_up, truth_up, block))


def _checked(predicted: FloatArray, outcome: IntArray) -> tuple[FloatArray, FloatArray]:
    predicted, truth = np.asarray(predicted, dtype=np.float64), np.asarray(outcome, dtype=np.float64)
    if predicted.shape != truth.shape or predicted.ndim != 1:
        raise DataError(
            f"metrics: predicted {predicted.shape} and outcome {truth.shape} must be two equally long rows of numbers"
        )
    if not ((truth == 0) | (truth == 1)).all():
        raise DataError("metrics: outcomes must be 0 or 1; leave out what was not assessed (Sequences.assessed)")
    if np.isnan(predicted).any():
        row = int(np.flatnonzero(np.isnan(predicted))[0])
        raise DataError(f"metrics: prediction {row} is NaN; score only rows that the tracer predicted")
    return predicted, truth


def _log_loss(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    inside = np.clip(predicted, CLIP, 1 - CLIP)
    return -np.where(truth == 1, np.log(inside), np.log1p(-inside))[:, None]


def _bin(predicted: FloatArray, bins: int = BINS) -> IntArray:
    return np.clip((predicted * bins).astype(np.int64), 0, bins - 1)


def _excess_by_bin(predicted: FloatArray, truth: FloatArray) -> FloatArray:
    table = np.zeros((len(truth), BINS))
    table[np.arange(len(truth)), _bin(predicted)] = predicted - truth
    return table


def _mean(sums: FloatArray, answers: FloatArray) -> FloatArray:
    mean: FloatArray = sums[..., 0] / answers
    return mean


auc = AreaUnderCurve()
accuracy = OfSums("accuracy", lambda p, y: ((p >= 0.5) == (y == 1)).astype(np.float64)[:, None], _mean)
log_loss = OfSums("log_loss", _log_loss, _mean)
brier = OfSums("brier", lambda p, y: np.square(p - y)[:, None], _mean)
rmse = OfSums("rmse", brier.rows, lambda sums, answers: np.sqrt(_mean(sums, answers)))
ece = OfSums("ece", _excess_by_bin, lambda sums, answers: np.abs(sums).sum(axis=-1) / answers)

METRICS: Final[Mapping[str, Metric]] = {m.name: m for m in (auc, accuracy, log_loss, brier, rmse, ece)}
"""The tracing metrics by name: AUC, accuracy at .5, log loss, Brier, RMSE, expected calibration error."""


def tracing_metrics(predicted: FloatArray, outcome: IntArray) -> dict[str, float]:
    """Every metric of `METRICS`, pooled over the scored answers; predicted, outcome: `[N]`."""
    return {name: metric(predicted, outcome) for name, metric in METRICS.items()}


def learner_auc(predicted: FloatArray, outcome: IntArray, owner: IntArray) -> tuple[float, int]:
    """AUC averaged over learners, and the number of learners it is defined for (some right, some wrong).

    A secondary view: it leaves out what a tracer knows of the difference between learners.
    """
    predicted, truth = _checked(predicted, outcome)
    order = np.lexsort((predicted, owner))
    owner, predicted, truth = np.asarray(owner)[order], predicted[order], truth[order]
    rank = _mid_ranks(owner, predicted)
    learners = int(owner.max(initial=-1)) + 1
    right = np.bincount(owner, weights=truth, minlength=learners)
    wrong = np.bincount(owner, weights=1 - truth, minlength=learners)
    ranks = np.bincount(owner, weights=rank * truth, minlength=learners)
    both = (right > 0) & (wrong > 0)
    if not both.any():
        return float("nan"), 0
    # Mann-Whitney: U = rank sum of the positives less the least it can be
    areas = (ranks - right * (right + 1) / 2)[both] / (right * wrong)[both]
    return float(areas.mean()), int(both.sum())


def _mid_ranks(group: Array, value: FloatArray) -> FloatArray:
    """Rank from 1 within each group, ties at the middle; both `[N]` sorted by group, then value."""
    rows = np.arange(len(value))
    new_group = np.concatenate([[True], group[1:] != group[:-1]])[: len(value)]
    new_tie = new_group | np.concatenate([[True], value[1:] != value[:-1]])[: len(value)]
    first = np.maximum.accumulate(np.where(new_group, rows, 0))
    starts = np.flatnonzero(new_tie)
    ends = np.concatenate([starts[1:], [len(value)]])
    middle = np.repeat((starts + ends - 1) / 2, ends - starts)
    return middle - first + 1


@dataclass(frozen=True, eq=False)
class Reliability:
    """What a reliability diagram shows, by bin of the prediction: number of answers, mean prediction, share correct.

    edges: `[bins + 1]`. n, predicted, observed: `[bins]`; the means of an empty bin are NaN.
    """

    edges: FloatArray
    n: IntArray
    predicted: FloatArray
    observed: FloatArray


def reliability(predicted: FloatArray, outcome: IntArray, *, bins: int = BINS) -> Reliability:
    """The reliability table of predictions `[N]` against outcomes `[N]` in equal-width bins."""
    predicted, truth = _checked(predicted, outcome)
    place = _bin(predicted, bins)
    n = np.bincount(place, minlength=bins)
    some = np.where(n > 0, n, np.nan)
    return Reliability(
        edges=np.linspace(0, 1, bins + 1),
        n=n,
        predicted=np.bincount(place, weights=predicted, minlength=bins) / some,
        observed=np.bincount(place, weights=truth, minlength=bins) / some,
    )
