"""Model-predictive planning: the tracer as world model, a few items ahead, careful where opinions differ."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.catalog import mean_over_skills
from lernpfad.core.situation import Situation
from lernpfad.policy.beam import Beam
from lernpfad.policy.debtperminute import UPKEEP, DebtPerMinute, best, met_in
from lernpfad.policy.distribution import require_positive, require_share
from lernpfad.policy.lasting import lasting

_TOGETHER = 64
"""Learners planned for at once: their imagined futures stay in the cache."""


@dataclass(frozen=True, kw_only=True)
class Planner(DebtPerMinute):
    """Offers the first item of the sequence that is expected to close most debt per minute; plans anew after each.

    A beam search: each sequence is followed through right and wrong answers by the tracer's own `update`, with the
    probabilities that it predicts, and each item is worth what `DebtPerMinute` says of it in that future. The worth of
    a tracer that holds several opinions (`Opinions`) is their mean less `caution` deviations, so that what only one of
    them believes in is not chosen for it. Sequences are compared by sum of worth over sum of minutes.

    horizon: items ahead. kept: sequences that are kept. breadth: items that they are made of, the best by
    debt per minute. discount: of each further item in a sequence, since a sitting may end before it.
    """

    horizon: int = 3
    kept: int = 6
    breadth: int = 12
    caution: float = 0.5
    discount: float = 0.8
    ahead: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(self, horizon=self.horizon, kept=self.kept, breadth=self.breadth, discount=self.discount)
        require_share(self, discount=self.discount)

    def score(self, situation: Situation) -> FloatArray:
        """Debt per minute of the best sequence that begins with each candidate, the others below, `[learners, C]`."""
        now = super().score(situation)
        if situation.tracer is None or self.horizon == 1:
            return now
        short = best(now, self.breadth)
        short = np.take_along_axis(short, np.argsort(situation.items[short], axis=1), axis=1)
        cost = np.take_along_axis(self.minutes_per_taken(situation), short, axis=1)
        cost = np.where(np.take_along_axis(situation.eligible, short, axis=1), cost, np.inf)
        parts = [slice(first, first + _TOGETHER) for first in range(0, len(situation), _TOGETHER)]
        aimed, items = self.aimed(situation), situation.items[short]
        found = [self._planned(aimed.select(part), items[part], cost[part]) for part in parts]
        return planned(np.concatenate(found), short, now) if found else now

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """What the best sequence that begins with each candidate is expected to teach; it has no factors."""
        score = self.score(situation)
        return {"gain": np.where(np.isfinite(score), score, np.nan)}

    def _planned(self, situation: Situation, items: IntArray, cost: FloatArray) -> FloatArray:
        beam = Beam(horizon=self.horizon, width=self.kept, caution=self.caution, discount=self.discount)
        if not self.ahead:
            return beam.search(situation, items, cost, self.worth)
        share = lasting(situation, items, days=self.ahead)

        def that_lasts(cases: Situation, items: IntArray, success: FloatArray) -> FloatArray:
            return self.worth(cases, items, success) * np.repeat(share, len(items) // len(share), axis=0)

        return beam.search(situation, items, cost, that_lasts)

    def worth(self, cases: Situation, items: IntArray, success: FloatArray) -> FloatArray:
        """The debt that items close in imagined cases, with its effect, `[rows, n]`."""
        skills = cases.catalog.skills_of(items)
        count = np.maximum((skills >= 0).sum(axis=-1), 1.0)
        closed = np.maximum(cases.debt_reduction(items), 1e-9)
        asked = cases.requirement
        total = (asked.weight * asked.level).sum(axis=1, keepdims=True)
        owed = asked.weight * np.maximum(cases.gap, UPKEEP) / np.where(total > 0, total, 1.0)
        missing = mean_over_skills(owed, skills, default=0.0) * count
        value = np.where(missing > 0, closed**self.trust * missing ** (1.0 - self.trust), 0.0)
        effect = count**-self.crowding * self.zone(success)
        if self.unready < 1.0:
            effect = effect * self._readiness(cases, skills)
        worth: FloatArray = value * effect
        return worth

    def _readiness(self, cases: Situation, skills: IntArray) -> FloatArray:
        return self.unready + (1 - self.unready) * mean_over_skills(met_in(cases), skills, default=1.0)


def planned(found: FloatArray, short: IntArray, before: FloatArray) -> FloatArray:
    """What was planned, `[learners, n]` at the columns `short`, above what was not, in the order of `before`."""
    reached = np.isfinite(found)
    others = before.copy()
    row = np.broadcast_to(np.arange(len(found))[:, None], short.shape)
    others[row[reached], short[reached]] = -np.inf
    top = np.where(np.isfinite(others), others, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    lowest = np.where(reached, found, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    shift = np.where(np.isfinite(top) & np.isfinite(lowest), lowest - 1.0 - np.where(np.isfinite(top), top, 0.0), 0.0)
    score = before + shift
    score[row[reached], short[reached]] = found[reached]
    return score
