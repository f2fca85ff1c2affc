"""Can this log answer the question? Overlap, support, calibration, and the thresholds beyond which we refuse."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core import FloatArray, IntArray
from lernpfad.evaluate.offpolicy.logged import Logged


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When an estimate is refused, and when it is printed with a warning. The numbers are choices of this project.

    Refused: ess_units, ess_share: least effective sample size, in units and as a share of them (Owen 2013, "Monte
    Carlo theory, methods and examples", chapter 9, for the measure). support, rarer: a candidate counts as (almost)
    never offered where its logged propensity is below `support` and the target's more than `rarer` times as high; in a
    catalog of 800 items the uniform policy itself is near .001, and can be judged. unsupported: most of the target's
    mass on such candidates; nothing repairs that (Sachdeva, Su & Joachims 2020). calibration: most error of
    *estimated* propensities.

    Warned: weight_errors: standard errors by which the mean weight may miss 1. top: largest share of all weight in
    the heaviest 1 % of units. offers: median offers in a sequence beyond which importance weights vanish.
    """

    ess_units: float = 50.0
    ess_share: float = 0.05
    support: float = 0.001
    rarer: float = 10.0
    unsupported: float = 0.05
    calibration: float = 0.05
    weight_errors: float = 3.0
    top: float = 0.30
    offers: float = 8.0


@dataclass(frozen=True, kw_only=True)
class Diagnostics:
    """What a reader must know beside an estimate. NaN where it is not known.

    units, learners: what was added up, and whose it was. ess, ess_share: (sum w)^2 / sum w^2, of the worst step of a
    sequence, and the same over units. foreseen: that share as it is to be expected from the whole distributions; a
    log in which the heavy weights happen to be missing looks even, and is biased by just that. mean_weight,
    mean_weight_error: at the last step, with its standard error; 1 if all is well. max_weight: largest weight. top:
    share of the weight in the heaviest 1 % of units. unsupported: share of the target's mass on candidates that were
    never offered. calibration: error of the logging policy's propensities, see `calibration_error`. offers: median
    length of a sequence.
    """

    units: int
    learners: int
    ess: float
    ess_share: float
    foreseen: float
    mean_weight: float
    mean_weight_error: float
    max_weight: float
    top: float
    unsupported: float
    calibration: float
    offers: float


def diagnose(
    logged: Logged, weights: FloatArray, *, foreseen: float = float("nan"), limits: Limits | None = None
) -> Diagnostics:
    """Diagnostics of importance weights `[M]` of rows, or `[M, T]` of sequences with a column a step."""
    limits = limits or Limits()
    return of_weights(
        weights,
        learners=logged.learners,
        foreseen=foreseen,
        unsupported=unsupported(logged, support=limits.support, rarer=limits.rarer),
        calibration=np.nan if logged.behaviour is None else calibration_error(logged.behaviour, logged.action),
        offers=float(np.median(logged.lengths)) if weights.ndim > 1 and len(weights) else 1.0,
    )


def of_weights(
    weights: FloatArray,
    *,
    learners: int,
    offers: float,
    foreseen: float = float("nan"),
    unsupported: float = float("nan"),
    calibration: float = float("nan"),
) -> Diagnostics:
    """Diagnostics of weights `[M]` or `[M, T]`, with what was found out elsewhere; see `Diagnostics`."""
    table = weights[:, None] if weights.ndim == 1 else weights
    units, last = len(table), table[:, -1]
    sizes = effective(table)
    heavy = max(1, round(0.01 * units))
    total = last.sum()
    return Diagnostics(
        units=units,
        learners=learners,
        ess=float(sizes.min(initial=np.inf)) if units else 0.0,
        ess_share=float(sizes.min()) / units if units else 0.0,
        foreseen=foreseen,
        mean_weight=float(last.mean()) if units else np.nan,
        mean_weight_error=float(last.std(ddof=1) / np.sqrt(units)) if units > 1 else np.nan,
        max_weight=float(table.max(initial=0.0)),
        top=float(np.sort(last)[::-1][:heavy].sum() / total) if total > 0 else np.nan,
        unsupported=unsupported,
        calibration=calibration,
        offers=offers,
    )


def effective(weights: FloatArray) -> FloatArray:
    """Effective sample size of each column of weights `[M, T]`: `(sum w)^2 / sum w^2`, `[T]`; 0 without weight."""
    squares = (weights**2).sum(axis=0)
    size: FloatArray = np.divide(weights.sum(axis=0) ** 2, squares, out=np.zeros(weights.shape[1]), where=squares > 0)
    return size


def unsupported(logged: Logged, *, support: float, rarer: float) -> float:
    """Share of the target's mass on candidates that the logging policy (almost) never offers; NaN if not known."""
    if logged.behaviour is None or not len(logged):
        return float("nan")
    never = (logged.behaviour < support) & (logged.target > rarer * logged.behaviour)
    return float((logged.target * never).sum() / len(logged))


def calibration_error(propensities: FloatArray, action: IntArray, *, bins: int = 10) -> float:
    """By how much propensities miss the offers, beyond chance, in offers per offer: 0 is perfect, 2 the worst.

    The larger of two: cells grouped by propensity into bins of equal expected offers, and grouped by candidate
    (confidence and classwise calibration, Kull et al. 2019). In each group the distance of expected and observed
    offers counts as far as it exceeds two standard errors; the sum is divided by the number of rows.
    propensities: `[N, C]`. action: column of what was offered, `[N]`.
    """
    hit = np.zeros(propensities.shape)
    hit[np.arange(len(action)), action] = 1.0
    flat = propensities.ravel().astype(np.float64)
    order = np.argsort(flat, kind="stable")
    in_bins = np.empty(len(flat), dtype=np.int64)
    in_bins[order] = np.minimum(np.cumsum(flat[order]) * bins / max(flat.sum(), 1e-300), bins - 1)
    of_candidate = np.tile(np.arange(propensities.shape[1]), len(action))
    rows = max(len(action), 1)
    return max(beyond_chance(flat, hit.ravel(), group) / rows for group in (in_bins, of_candidate))


def beyond_chance(expected: FloatArray, seen: FloatArray, group: IntArray) -> float:
    """Distance of expected (chances) and seen (0 or 1) events, summed over groups, less two standard errors each."""
    distance = np.abs(np.bincount(group, weights=expected - seen))
    error = np.sqrt(np.bincount(group, weights=(expected * (1 - expected)).clip(0.0)))
    return float(np.maximum(distance - 2 * error, 0.0).sum())


def refusal(found: Diagnostics, limits: Limits, *, extrapolates: bool = False, estimated: bool = False) -> str | None:
    """Why there is no estimate, in a line, or None. extrapolates: needs no overlap. estimated: propensities were."""
    least = max(limits.ess_units, limits.ess_share * found.units)
    if not extrapolates and not found.ess >= least:
        return (
            f"effective sample size {found.ess:.1f} of {found.units} units, at least {least:.0f} needed: the logging "
            "policy seldom does what the target would; log with more exploration or judge a policy nearer to it"
        )
    expected = found.foreseen * found.units
    if not extrapolates and expected < least:
        return (
            f"effective sample size {expected:.1f} of {found.units} units is to be expected of such logs, at least "
            f"{least:.0f} needed; that this one shows {found.ess:.1f} is luck, and the estimate is off where the heavy "
            "weights are missing; log with more exploration or judge a policy nearer to it"
        )
    if found.unsupported > limits.unsupported:
        return (
            f"{found.unsupported:.1%} of the target's offers were (almost) never made, at most "
            f"{limits.unsupported:.0%} allowed: no estimator repairs that; mix exploration into the logging policy"
        )
    if estimated and found.calibration > limits.calibration:
        return (
            f"estimated propensities miss the offers by {found.calibration:.3f}, at most {limits.calibration} allowed: "
            "log propensities, or estimate them better"
        )
    return None


def warnings(found: Diagnostics, limits: Limits, *, extrapolates: bool = False) -> tuple[str, ...]:
    """What to print beside an estimate that is not refused."""
    off = abs(found.mean_weight - 1.0)
    rows = (
        (
            off > limits.weight_errors * found.mean_weight_error,
            f"mean weight {found.mean_weight:.3f} is {off / max(found.mean_weight_error, 1e-300):.1f} standard errors "
            "from 1: propensities or support are wrong",
        ),
        (found.top > limits.top, f"the heaviest 1 % of units carry {found.top:.0%} of the weight"),
        (np.isnan(found.unsupported), "support unknown: pass the propensities of the logging policy"),
        (found.offers > limits.offers, f"{found.offers:.0f} offers in the median sequence: weights vanish"),
        (extrapolates, "the interval does not know how wrong the model is: see docs/offpolicy.md for its coverage"),
        (
            extrapolates and found.ess < max(limits.ess_units, limits.ess_share * found.units),
            f"effective sample size {found.ess:.1f}: this number is the model's word alone",
        ),
    )
    return tuple(line for holds, line in rows if holds)
