"""How long until people are ready for their role? Those who are not there yet count as well (Kaplan & Meier 1958)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lernpfad.core import BoolArray, FloatArray, IntArray
from lernpfad.evaluate.closed_loop import READY_DEBT
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, counts, percentiles

IN_A_ROW: Final = 4
"""Weeks that somebody has to stay ready: a good day is not enough."""


@dataclass(frozen=True)
class Readiness:
    """median: weeks until half of the people are ready, infinite where that never happens. mean: weeks without
    readiness up to the horizon, restricted mean. horizon: last week in which readiness can be seen. arrived, people:
    how many became ready, of how many.
    """

    median: Estimate
    mean: Estimate
    horizon: int
    arrived: int
    people: int


def weeks_to_ready(
    debt: FloatArray, *, below: float = READY_DEBT, in_a_row: int = IN_A_ROW
) -> tuple[IntArray, BoolArray]:
    """The first of `in_a_row` weeks with a debt below `below`, `[L]`, and whether there is one, `[L]`.

    debt: `[weeks + 1, L]`. Who is not ready is censored at the last week from which on it could have been seen.
    """
    last = len(debt) - in_a_row
    if last < 0:
        return np.zeros(debt.shape[1], dtype=np.int64), np.zeros(debt.shape[1], dtype=bool)
    stays = sliding_window_view(debt < below, in_a_row, axis=0).all(axis=-1)
    arrived = np.asarray(stays.any(axis=0), dtype=bool)
    return np.where(arrived, stays.argmax(axis=0), last), arrived


def survival(week: IntArray, arrived: BoolArray, weight: FloatArray | IntArray, *, horizon: int) -> FloatArray:
    """Share that is not ready after each week 0..horizon, `[draws, horizon + 1]`: product of `1 - events / at risk`.

    week, arrived: as of `weeks_to_ready`. weight: how often each learner counts, `[draws, L]`.
    """
    at = np.arange(horizon + 1)
    events = weight @ ((week[:, None] == at) & arrived[:, None]).astype(np.float64)
    risk = weight @ (week[:, None] >= at).astype(np.float64)
    there = risk > 0
    hazard = np.divide(events, risk, out=np.zeros(events.shape), where=there)
    left: FloatArray = np.cumprod(1.0 - hazard, axis=1)
    return left


def readiness(
    debt: FloatArray,
    *,
    below: float = READY_DEBT,
    in_a_row: int = IN_A_ROW,
    resamples: int = RESAMPLES,
    seed: int = 0,
    strata: IntArray | None = None,
) -> Readiness:
    """Kaplan-Meier median and restricted mean with bootstrap intervals over learners; debt: `[weeks + 1, L]`.

    Learners without requirements are left out; who drops out stays: she is a person who is not ready.
    """
    owes = ~np.isnan(debt).any(axis=0)
    strata = None if strata is None else strata[owes]
    week, arrived = weeks_to_ready(debt[:, owes], below=below, in_a_row=in_a_row)
    people, horizon = int(owes.sum()), max(len(debt) - in_a_row, 0)
    once = survival(week, arrived, np.ones((1, people)), horizon=horizon)
    drawn = [
        survival(week, arrived, block, horizon=horizon) for block in counts(people, resamples, seed, strata=strata)
    ]
    many = np.concatenate(drawn) if drawn and people else np.full((1, horizon + 1), np.nan)
    return Readiness(
        median=Estimate(float(_median(once)[0]), *_quantiles(_median(many))),
        mean=Estimate(float(_restricted(once)[0]), *percentiles(_restricted(many))),
        horizon=horizon,
        arrived=int(arrived.sum()),
        people=people,
    )


def _median(left: FloatArray) -> FloatArray:
    half = left <= 0.5
    return np.where(half.any(axis=1), half.argmax(axis=1).astype(np.float64), np.inf)


def _restricted(left: FloatArray) -> FloatArray:
    """Area under the curve up to the horizon: it is a staircase, and after its last step nothing is added."""
    area: FloatArray = left[:, :-1].sum(axis=1)
    return area


def _quantiles(values: FloatArray) -> tuple[float, float]:
    """The 95 % interval of values that may be infinite, without taking means of them."""
    low, high = np.quantile(values, [0.025, 0.975], method="inverted_cdf")
    return float(low), float(high)
