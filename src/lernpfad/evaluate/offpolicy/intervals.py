"""How sure is an off-policy estimate? Normal, by learner, bootstrap by learner, and a bound for small samples."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.intervals import LEVEL, RESAMPLES, Interval, percentiles, resampled_sums
from lernpfad.evaluate.offpolicy.terms import Terms, combined

Bounds: TypeAlias = Callable[[Terms], Interval]
"""Any of the intervals below, with its level bound by `functools.partial` where it is not 95 %."""


def standard_error(terms: Terms) -> float:
    """Of units that are independent: sd of the influence (n - 1) over sqrt(n)."""
    return float(terms.influence.std(ddof=1) / math.sqrt(len(terms.above))) if len(terms.above) > 1 else math.nan


def clustered_error(terms: Terms) -> float:
    """Of units that are alike within a learner: `sqrt(G / (G - 1) sum_g (sum_i influence)^2) / n`, G learners.

    Liang & Zeger 1986 with the usual small-sample factor; equals `standard_error` with a unit a learner.
    """
    ids, owner = np.unique(terms.owner, return_inverse=True)
    pulls = np.bincount(owner, weights=terms.influence)
    groups = len(ids)
    if groups < 2:
        return math.nan
    return float(math.sqrt(groups / (groups - 1) * (pulls**2).sum()) / len(terms.above))


def normal(terms: Terms, *, level: float = LEVEL) -> Interval:
    """value -+ z standard errors, rows independent of each other."""
    return _around(terms.value, standard_error(terms), level)


def clustered(terms: Terms, *, level: float = LEVEL) -> Interval:
    """value -+ z standard errors, rows of a learner alike: the default."""
    return _around(terms.value, clustered_error(terms), level)


def bootstrap(terms: Terms, *, level: float = LEVEL, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """Percentiles over learners drawn with replacement; the reward model counts as given."""
    return percentiles(resampled(terms, resamples=resamples, seed=seed), level=level)


def resampled(terms: Terms, *, resamples: int = RESAMPLES, seed: int = 0) -> FloatArray:
    """The estimate on each resample of the learners, `[resamples]`."""
    above, below = terms.by_learner()
    drawn = resampled_sums(np.concatenate([above, below], axis=1), resamples=resamples, seed=seed)
    parts = above.shape[1]
    return combined(drawn[:, :parts], drawn[:, parts:])


def bernstein(terms: Terms, *, level: float = LEVEL, largest: float | None = None) -> Interval:
    """Empirical Bernstein bounds of a mean of non-negative terms, one half of `1 - level` on each side.

    Maurer & Pontil 2009, Theorem 4. largest: what a term can be at most; by default the largest seen, which makes it
    a plug-in. Wide: it holds for any distribution in [0, largest]. Rows count as independent.
    """
    error = (1.0 - level) / 2
    values = terms.above.sum(axis=1)
    return Interval(
        bernstein_lower(values, error=error, largest=largest),
        2 * float(values.mean()) - bernstein_lower(values, error=error, largest=largest),
    )


def bernstein_lower(values: FloatArray, *, error: float = 0.05, largest: float | None = None) -> float:
    """`mean - 7 M ln(2/d) / (3 (n - 1)) - sqrt(2 ln(2/d) var / (n - 1))`, values `[n]`, d = error, M = largest."""
    n, log = len(values), math.log(2 / error)
    if n < 2:
        return math.nan
    top = float(values.max()) if largest is None else largest
    spread = math.sqrt(2 * log * float(values.var()) / (n - 1))
    return float(values.mean()) - 7 * top * log / (3 * (n - 1)) - spread


def _around(value: float, error: float, level: float) -> Interval:
    from statistics import NormalDist

    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    return Interval(value - reach, value + reach)
