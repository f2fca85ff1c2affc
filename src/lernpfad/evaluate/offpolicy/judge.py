"""An estimate that carries its doubts: value, interval, diagnostics, warnings, and the reason if there is none."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lernpfad.evaluate.intervals import Interval
from lernpfad.evaluate.offpolicy.diagnostics import Diagnostics, Limits, diagnose, refusal, warnings
from lernpfad.evaluate.offpolicy.intervals import Bounds, clustered
from lernpfad.evaluate.offpolicy.logged import Logged
from lernpfad.evaluate.offpolicy.onestep import Estimator


@dataclass(frozen=True)
class Judgement:
    """What a policy is worth by one estimator. NaN, with the reason in `refused`, where the log cannot tell.

    value: of the *logged reward*, per row (one step) or per learner (sequences). low, high: its interval.
    diagnostics: see there. warnings: to be printed beside it. refused: why there is no value, or None.
    """

    value: float
    low: float
    high: float
    diagnostics: Diagnostics
    warnings: tuple[str, ...]
    refused: str | None

    @property
    def interval(self) -> Interval:
        """The interval alone."""
        return Interval(self.low, self.high)


def judge(
    estimator: Estimator,
    logged: Logged,
    *,
    bounds: Bounds = clustered,
    limits: Limits | None = None,
    estimated: bool = False,
) -> Judgement:
    """The estimate with its interval, refused where the diagnostics say so.

    bounds: an interval of `offpolicy.intervals`. estimated: the logging propensities were not logged but estimated.
    The bare number, whatever the diagnostics say, is `estimator.terms(logged).value`.
    """
    limits = limits or Limits()
    found = diagnose(logged, estimator.overlap(logged), foreseen=estimator.foreseen(logged), limits=limits)
    reason = refusal(found, limits, extrapolates=estimator.extrapolates, estimated=estimated)
    value, low, high = np.nan, np.nan, np.nan
    if reason is None:
        terms = estimator.terms(logged)
        value, (low, high) = terms.value, bounds(terms)
    return Judgement(
        value=value,
        low=low,
        high=high,
        diagnostics=found,
        warnings=warnings(found, limits, extrapolates=estimator.extrapolates),
        refused=reason,
    )


def judged(
    estimators: Mapping[str, Estimator], logged: Logged, *, bounds: Bounds = clustered, limits: Limits | None = None
) -> dict[str, Judgement]:
    """`judge` with each of several estimators, by name."""
    return {name: judge(one, logged, bounds=bounds, limits=limits) for name, one in estimators.items()}
