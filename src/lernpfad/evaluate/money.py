"""What learning is worth, as far as one can say: bands and a break-even instead of one figure nobody can defend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from lernpfad.core import ConfigError, FloatArray
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, percentiles, ratio, ratios, resampled_sums

WEEKS_A_YEAR: Final = 52
BAND: Final = (0.1, 0.2, 0.4)
"""Share of a salary that full learning debt costs: nobody knows it, so it is a band."""


@dataclass(frozen=True)
class Terms:
    """What people cost, and how their debt is taken to cost money; in any one currency.

    salary: a year of one person. wage: an hour of learning, what the employer pays for it. content: for everybody, over
    the whole time. delay: weeks until less debt is worth something at work. turnover: share of people who leave in a
    year and take with them what they learned.
    """

    salary: float = 60_000.0
    wage: float = 40.0
    content: float = 0.0
    delay: float = 0.0
    turnover: float = 0.0

    def __post_init__(self) -> None:
        for name in ("salary", "wage", "content", "delay"):
            if getattr(self, name) < 0:
                raise ConfigError(f"money.{name} is {getattr(self, name)}, expected 0 or more")
        if not 0 <= self.turnover < 1:
            raise ConfigError(f"money.turnover is {self.turnover}, expected a share a year in [0, 1)")


@dataclass(frozen=True, eq=False)
class Worth:
    """Benefit and cost of each learner, `[L]`: benefit at a share of 1, to be multiplied with a share of the band."""

    benefit: FloatArray
    cost: FloatArray

    def roi(self, share: float) -> float:
        """Return in percent: 100 (benefit - cost) / cost (Phillips, level 5)."""
        return 100.0 * (self.ratio(share) - 1.0)

    def ratio(self, share: float) -> float:
        """Benefit over cost."""
        return ratio(share * float(self.benefit.sum()), float(self.cost.sum()))

    @property
    def break_even(self) -> float:
        """The share of a salary lost at full debt from which on the hours pay: cost / benefit at a share of 1.

        Infinite where nothing was gained, NaN where it cost nothing.
        """
        gained, paid = float(self.benefit.sum()), float(self.cost.sum())
        if not paid:
            return float("nan")
        return paid / gained if gained > 0 else float("inf")

    def per_share(self, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
        """Benefit over cost at a share of 1, with its 95 % interval over learners; times a share, it is `ratio`."""
        drawn = resampled_sums(np.stack([self.benefit, self.cost], axis=1), resamples=resamples, seed=seed)
        return Estimate(self.ratio(1.0), *percentiles(ratios(drawn[:, 0], drawn[:, 1])))


def worth(spared: FloatArray, hours: FloatArray, terms: Terms) -> Worth:
    """What the spared debt is worth and what the hours cost.

    `benefit = sum_u sum_weeks salary / 52 * share * (D_reference - D)`, `cost = hours * wage + content`. spared: debt
    that each learner owes less than under the reference, in each week, `[weeks, L]`. hours: all that were spent,
    `[weeks, L]`; that the reference costs hours as well is not set off against them. NaN debts count for nothing.
    """
    weeks, learners = spared.shape
    stays = (1.0 - terms.turnover) ** (np.arange(weeks) / WEEKS_A_YEAR)
    felt = np.zeros(spared.shape)
    late = min(round(terms.delay), weeks)
    felt[late:] = np.nan_to_num(spared)[: weeks - late]
    benefit: FloatArray = terms.salary / WEEKS_A_YEAR * (stays[:, None] * felt).sum(axis=0)
    return Worth(benefit, terms.wage * hours.sum(axis=0) + terms.content / max(learners, 1))


def utility(
    *, people: int, years: float, effect: float, spread: float, salary: float, cost: float
) -> tuple[float, float]:
    """Utility analysis, `dU = N T d SD_y - C`: the gain, and the SD_y from which on there is one, as share of a salary.

    effect: d, of the training on performance in standard deviations. spread: SD_y as a share of the salary, about .4 by
    custom and contested. (Brogden-Cronbach-Gleser, applied to training by Schmidt, Hunter & Pearlman 1982.)
    """
    gain = people * years * effect * salary
    return gain * spread - cost, ratio(cost, gain)


@dataclass(frozen=True)
class Swing:
    """How far the return moves when one assumption moves alone: benefit over cost at both ends.

    what: the assumption with both values. low, high: benefit over cost at the first and at the second value.
    """

    what: str
    low: float
    high: float

    @property
    def width(self) -> float:
        """How much hangs on it."""
        return abs(self.high - self.low)


def tornado(
    spared: FloatArray,
    hours: FloatArray,
    terms: Terms,
    *,
    share: float = BAND[1],
    ends: Mapping[str, tuple[float, float]],
    band: Sequence[float] = BAND,
    worlds: Mapping[str, tuple[tuple[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]] | None = None,
) -> list[Swing]:
    """Sensitivity of benefit over cost, one assumption at a time, what matters most first; spared, hours: `[weeks, L]`.

    share: the middle of `band`, at which the others are moved. ends: field of `Terms` to its two values. worlds:
    (spared, hours) under two other settings of the world, by their description ("kappa 0.9 to 9").
    """
    base = worth(spared, hours, terms)
    swings = [Swing(f"share of salary {band[0]:g} to {band[-1]:g}", base.ratio(band[0]), base.ratio(band[-1]))]
    for name, values in ends.items():
        low, high = (worth(spared, hours, replace(terms, **{name: value})).ratio(share) for value in values)
        swings.append(Swing(f"{name} {values[0]:g} to {values[1]:g}", low, high))
    for what, both in (worlds or {}).items():
        low, high = (worth(*one, terms).ratio(share) for one in both)
        swings.append(Swing(what, low, high))
    return sorted(swings, key=lambda one: -one.width)
