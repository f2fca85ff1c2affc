"""Which policy closes more true learning debt in the hours that learners have? Judged on paired learners."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from lernpfad.core import Catalog, FloatArray, Roles
from lernpfad.evaluate import tables
from lernpfad.evaluate.intervals import (
    RESAMPLES,
    Estimate,
    holm,
    p_value,
    percentiles,
    ratio,
    ratios,
    resampled_sums,
)
from lernpfad.evaluate.lived import Lived, as_lived
from lernpfad.evaluate.paired import Paired, Runs

REFERENCE: Final = "wateringcan"
ORACLE: Final = "oracle"
READY_DEBT: Final = 0.1
"""A learner below this debt is ready for the role."""
PER_HOURS: Final = 100
"""Tables print debt-weeks avoided per this many learning hours."""
LEAST_HOURS: Final = 0.01
"""With less than this share of the reference's hours, debt per hour is undefined: nobody learned."""


@dataclass(frozen=True)
class PolicyResult:
    """What one policy achieved. Everybody counts, those who dropped out as well.

    per_hour, low, high: debt-weeks avoided per learning hour against the reference, with its 95 % interval; one
    debt-week is one learner's whole requirement missing for one week. debt_weeks: the numerator, over all learners.
    hours: the denominator. normalised: debt-weeks on the scale 0 = reference, 1 = oracle; NaN unless the oracle's lead
    is beyond doubt. p: two-sided bootstrap p of "no debt-weeks avoided per hour", Holm-adjusted over the policies.
    rest: how many of the weeks, the last ones, had no offers. debt_start, debt_trained, debt_end: means over learners
    at first, when the offers ended, and after the rest. ready: share of learners below a debt of .1 at the end.
    acceptance: of all offers. dropout: share of learners lost. waste: share of minutes without need or too
    early, of the watched learners (see `waste_share`). A share that cannot be computed is NaN.
    """

    policy: str
    learners: int
    weeks: int
    per_hour: float
    low: float
    high: float
    p: float
    debt_weeks: float
    hours: float
    normalised: float
    normalised_low: float
    normalised_high: float
    rest: int
    debt_start: float
    debt_trained: float
    debt_end: float
    ready: float
    acceptance: float
    dropout: float
    waste: float

    def row(self) -> dict[str, Any]:
        """For CSV and JSON: what is undefined is None."""
        return {key: None if value != value else value for key, value in asdict(self).items()}


def compare(
    rollouts: Mapping[str, Runs],
    *,
    reference: str = REFERENCE,
    oracle: str | None = ORACLE,
    resamples: int = RESAMPLES,
    seed: int = 0,
    roles: Roles | None = None,
    catalog: Catalog | None = None,
) -> list[PolicyResult]:
    """Every policy against the reference, on the same learners, worst first; who has no score at all stands before.

    rollouts: policy to its roll-out, or to one roll-out per seed; learners are then resampled within their seed.
    oracle: the policy that marks 1 of the normalised score, ignored if it was not run. roles, catalog: the true ones,
    for the waste share. Learners without requirements are left out. Source: debt-weeks per hour as a ratio of sums.
    """
    lived = {name: as_lived(some, roles=roles, catalog=catalog) for name, some in rollouts.items()}
    paired = Paired.of(lived, reference=reference)
    draws = {name: _draws(paired, name, reference, resamples=resamples, seed=seed) for name in rollouts}
    top = oracle if oracle in rollouts and oracle != reference else None
    others = [name for name in rollouts if name != reference]
    adjusted = dict(zip(others, holm(np.asarray([p_value(draws[name][:, 0]) for name in others])), strict=True))
    results = [
        _result(
            name,
            lived[name],
            paired,
            avoided=float(paired.avoided(name, reference).sum()),
            per_hour=_per_hour(paired, name, reference, draws[name]),
            normalised=_normalised(paired, name, reference, top, draws),
            p=float(adjusted.get(name, np.nan)),
        )
        for name in rollouts
    ]
    return sorted(results, key=lambda one: (one.per_hour == one.per_hour, one.per_hour))


class Lead(NamedTuple):
    """How far one policy is ahead of another: debt-weeks avoided per hour with its interval, and p of "not at all"."""

    ahead: Estimate
    p: float

    @property
    def sure(self) -> bool:
        """Ahead, with the whole interval above 0."""
        return self.ahead.low > 0


def difference(
    rollouts: Mapping[str, Runs],
    one: str,
    other: str,
    *,
    reference: str = REFERENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Estimate:
    """Debt-weeks avoided per hour of `one` minus that of `other`, on the same resamples of the same learners.

    `one` beats `other` where the interval lies above 0.
    """
    return lead(rollouts, one, other, reference=reference, resamples=resamples, seed=seed).ahead


def lead(
    rollouts: Mapping[str, Runs],
    one: str,
    other: str,
    *,
    reference: str = REFERENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Lead:
    """`difference`, with its two-sided bootstrap p; not adjusted for having asked several times."""
    paired = Paired.of(rollouts, reference=reference)
    values, drawn = [], []
    for name in (one, other):
        sums = _draws(paired, name, reference, resamples=resamples, seed=seed)
        values.append(_per_hour(paired, name, reference, sums).value)
        drawn.append(ratios(sums[:, 0], sums[:, 1]))
    apart = drawn[0] - drawn[1]
    return Lead(Estimate(values[0] - values[1], *percentiles(apart)), p_value(apart))


def _draws(paired: Paired, name: str, reference: str, *, resamples: int, seed: int) -> FloatArray:
    """Debt-weeks avoided and hours on each resample of the learners, `[resamples, 2]`."""
    both = np.stack([paired.avoided(name, reference), paired.hours[name].sum(axis=0)], axis=1)
    return resampled_sums(both, resamples=resamples, seed=seed, strata=paired.seed)


def _per_hour(paired: Paired, name: str, reference: str, drawn: FloatArray) -> Estimate:
    hours = float(paired.hours[name].sum())
    if hours <= LEAST_HOURS * float(paired.hours[reference].sum()):
        return Estimate(float("nan"), float("nan"), float("nan"))
    return Estimate(
        ratio(float(paired.avoided(name, reference).sum()), hours), *percentiles(ratios(drawn[:, 0], drawn[:, 1]))
    )


def _normalised(
    paired: Paired, name: str, reference: str, oracle: str | None, draws: Mapping[str, FloatArray]
) -> Estimate:
    if oracle is None or not percentiles(draws[oracle][:, 0]).excludes(0.0):
        return Estimate(float("nan"), float("nan"), float("nan"))
    value = ratio(float(paired.avoided(name, reference).sum()), float(paired.avoided(oracle, reference).sum()))
    return Estimate(value, *percentiles(ratios(draws[name][:, 0], draws[oracle][:, 0])))


def _result(
    name: str,
    lived: Lived,
    paired: Paired,
    *,
    avoided: float,
    per_hour: Estimate,
    normalised: Estimate,
    p: float,
) -> PolicyResult:
    debt, hours = paired.debt[name], paired.hours[name]
    return PolicyResult(
        policy=name,
        learners=debt.shape[1],
        weeks=len(hours),
        per_hour=per_hour.value,
        low=per_hour.low,
        high=per_hour.high,
        p=p,
        debt_weeks=avoided,
        hours=float(hours.sum()),
        normalised=normalised.value,
        normalised_low=normalised.low,
        normalised_high=normalised.high,
        rest=lived.rest,
        debt_start=float(debt[0].mean()),
        debt_trained=float(debt[len(hours) - lived.rest].mean()),
        debt_end=float(debt[-1].mean()),
        ready=float((debt[-1] < READY_DEBT).mean()),
        acceptance=ratio(float(lived.accepted.sum()), float(lived.offered.sum())),
        dropout=ratio(float((lived.began & ~lived.stayed).sum()), float(lived.began.sum())),
        waste=ratio(float(lived.wasted.sum()), float(lived.watched.sum())),
    )


def debt_cells(one: PolicyResult) -> dict[str, str]:
    """Debt at the end; where people had a rest after the training, before and after it."""
    if not one.rest:
        return {"debt at end": tables.percent(one.debt_end, 1)}
    after = f"debt {one.rest} week{'s' if one.rest > 1 else ''} later"
    return {"debt after training": tables.percent(one.debt_trained, 1), after: tables.percent(one.debt_end, 1)}


def rows(results: Sequence[PolicyResult]) -> list[dict[str, str]]:
    """What a table of policies says, as text by column; columns that no policy has are left out."""
    cells = [
        {
            "policy": one.policy,
            f"debt-weeks avoided per {PER_HOURS} h": tables.number(one.per_hour * PER_HOURS),
            "95 % interval": tables.interval(one.low * PER_HOURS, one.high * PER_HOURS),
            "of oracle": tables.percent(one.normalised),
            **debt_cells(one),
            "ready": tables.percent(one.ready),
            "hours": f"{one.hours:,.0f}",
            "accepted": tables.percent(one.acceptance),
            "dropout": tables.percent(one.dropout),
            "waste": tables.percent(one.waste),
        }
        for one in results
    ]
    used = [column for column in (cells[0] if cells else ()) if any(row[column] != tables.UNDEFINED for row in cells)]
    return [{column: row[column] for column in used} for row in cells]


def table(results: Sequence[PolicyResult]) -> str:
    """The policies as an aligned table for the terminal; `tables.markdown(rows(results))` is the other one."""
    return tables.text(rows(results))
