"""What learned policies are told of a candidate: the quantities of debt per minute, and what modifies them."""

from typing import Final

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import main_skill, times_taken
from lernpfad.policy.debtperminute import DebtPerMinute, promise, readiness
from lernpfad.policy.distribution import standardised

PER_MILLE: Final = 1000.0
"""Debt per minute is counted in thousandths, so that features are of the order of one."""
_FARTHEST = 3.0
"""Deviations of affinity beyond which one is as good as another."""
_LEAST = 1e-9

NAMES: Final = (
    *("formula", "imagined", "imagined x zone", "imagined x readiness", "imagined x crowding"),
    *("promised", "promised x zone", "promised x readiness", "promised x crowding"),
    *("one", "minutes", "success", "affinity", "taken", "graded", "same skill"),
)
"""The columns of `of_candidates`. The first is the score of `DebtPerMinute`, times `PER_MILLE`."""


def of_candidates(situation: Situation, columns: IntArray, formula: DebtPerMinute) -> FloatArray:
    """Features of some candidates of each learner, `[learners, n, 16]`, in the order of `NAMES`.

    columns: `[learners, n]`. formula: gives the aim, the chances of acceptance and the modifiers. Imagined is the
    debt that the tracer's what-ifs close, promised that of all skills of the item, both per expected minute.
    """

    def picked(of_all: FloatArray) -> FloatArray:
        chosen: FloatArray = np.take_along_axis(np.broadcast_to(of_all, situation.eligible.shape), columns, axis=1)
        return chosen

    aimed = formula.aimed(situation)
    items = situation.items[columns]
    per_minute = PER_MILLE / picked(formula.minutes_per_taken(situation))
    closed = np.maximum(aimed.debt_reduction(items), _LEAST)
    owed = picked(promise(aimed))
    success = picked(situation.success)
    zone, ready = formula.zone(success), picked(readiness(situation, floor=formula.unready))
    skills = np.maximum((situation.catalog.skills_of(items) >= 0).sum(axis=-1), 1.0)
    crowding = skills**-formula.crowding
    tempered = np.where(owed > 0, closed**formula.trust * owed ** (1.0 - formula.trust), 0.0)
    rates = [rate * per_minute * by for rate in (closed, owed) for by in (np.ones_like(zone), zone, ready, crowding)]
    far = standardised(situation.affinity, situation.eligible)
    told = (
        tempered * per_minute * zone * ready * crowding,
        *rates,
        np.ones_like(owed),
        situation.catalog.minutes[items] / 10.0,
        success,
        picked(np.clip(far, -_FARTHEST, _FARTHEST)),
        picked(times_taken(situation)),
        situation.catalog.assessed[items].astype(np.float64),
        going_on(situation, items),
    )
    return np.stack(told, axis=-1)


def of_learner(situation: Situation) -> FloatArray:
    """What is the same for all candidates of a learner: debt, minutes left, mastery and its square, `[learners, 4]`.

    They say what is still to come, not what to choose.
    """
    left = np.minimum(situation.minutes_left, 60.0) / 60.0
    known = situation.mastery.mean(axis=1)
    return np.stack([np.nan_to_num(situation.debt), left, known, known**2], axis=-1)


def going_on(situation: Situation, items: IntArray) -> FloatArray:
    """1 where the main skill is that of the item taken last, `[learners, n]`."""
    if situation.last_item is None:
        return np.zeros(items.shape)
    main, last = main_skill(situation.catalog), situation.last_item
    skill = np.where(last >= 0, main[np.where(last >= 0, last, 0)], -1)[:, None]
    same: FloatArray = ((main[items] == skill) & (skill >= 0)).astype(np.float64)
    return same


def guess(situation: Situation, formula: DebtPerMinute) -> FloatArray:
    """A cheap guess at debt per minute, `[learners, C]`, -inf where not eligible: who is worth a closer look."""
    rate = formula.effect(situation) / formula.minutes_per_taken(situation)
    by_item = 1e-12 * situation.items  # equal guesses are shortlisted in catalog order, in whatever order they came
    return np.where(situation.eligible, promise(formula.aimed(situation)) * rate - by_item, -np.inf)
