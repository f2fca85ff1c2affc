"""Why learning debt changed: new roles, rising requirements and forgetting on one side, learning on the other."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from lernpfad.core import Array, FloatArray, Requirement, debt
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, percentiles, ratio, ratios, resampled_sums


@dataclass(frozen=True, eq=False)
class Change:
    """What moved the learning debt of each learner, in debt, `[L]` or `[weeks, L]`; NaN without requirements.

    roles: another role asks for other things. drift: the role itself asks for more. forgetting: what faded in the
    week. learning: what the week taught, use on the job included; it counts against the others.
    """

    roles: FloatArray
    drift: FloatArray
    forgetting: FloatArray
    learning: FloatArray

    def __getitem__(self, learners: Array | slice) -> "Change":
        return Change(*(getattr(self, one.name)[..., learners] for one in fields(self)))

    @property
    def added(self) -> FloatArray:
        """Debt that came on top: `roles + drift + forgetting`."""
        return self.roles + self.drift + self.forgetting

    @property
    def net(self) -> FloatArray:
        """Change of the debt: `roles + drift + forgetting - learning`."""
        return self.added - self.learning

    def sums(self) -> "Change":
        """Over all weeks, `[L]`."""
        return Change(*(getattr(self, one.name).sum(axis=0) for one in fields(self)))

    @classmethod
    def stack(cls, weeks: Sequence["Change"]) -> Self:
        """Weeks `[L]` one after the other, `[weeks, L]`."""
        return cls(*(np.stack([getattr(week, one.name) for week in weeks]) for one in fields(cls)))


def decompose(
    old: Requirement,
    moved: Requirement,
    new: Requirement,
    *,
    before: FloatArray,
    decayed: FloatArray,
    after: FloatArray,
) -> Change:
    """The exact decomposition of a week, by substitution in the order roles, levels, mastery; `net` is its change.

    old: of the old role at the old levels. moved: of the new role at the old levels. new: of the new role at the new
    levels. before: mastery when the week began, `[L, K]`. decayed: mastery a week on, had nothing been learnt. after:
    mastery when it ended. Another order would share out the same total a little differently.
    """
    steps = [debt(old, before), debt(moved, before), debt(new, before), debt(new, decayed), debt(new, after)]
    return Change(
        roles=steps[1] - steps[0],
        drift=steps[2] - steps[1],
        forgetting=steps[3] - steps[2],
        learning=steps[3] - steps[4],
    )


def service_ratio(change: Change) -> float:
    """Learning over all that added debt, as a ratio of sums: above 1 the debt shrinks.

    NaN unless debt was added; learners without requirements are left out.
    """
    added = float(np.nansum(change.added))
    return ratio(float(np.nansum(change.learning)), added) if added > 0 else float("nan")


def service_interval(change: Change, *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """`service_ratio` with its 95 % interval; learners are drawn with all their weeks."""
    total = change if change.learning.ndim == 1 else change.sums()
    both = np.stack([total.learning, total.added], axis=1)
    drawn = resampled_sums(both[~np.isnan(both).any(axis=1)], resamples=resamples, seed=seed)
    shares = ratios(drawn[:, 0], np.where(drawn[:, 1] > 0, drawn[:, 1], 0.0))
    return Estimate(service_ratio(change), *percentiles(shares))
