"""A policy within rules that a company sets: mandatory first, not too long, prerequisites met, not the same again."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.protocols import Policy
from lernpfad.core.situation import Situation
from lernpfad.policy.combine import parts_within, ranked
from lernpfad.policy.curriculum import main_skill, times_taken
from lernpfad.policy.distribution import require_positive
from lernpfad.policy.skills import first_left


@dataclass(frozen=True)
class Constrain:
    """A policy over the candidates that keep these rules, the most important rule first.

    mandatory: ids of items that come before all others until they were taken. longest: minutes of an item at most,
    None for no limit. ready: believed prerequisites must be met. varied: not twice in a row the same main skill.
    A rule that would leave a learner nothing is dropped for her, so she is offered something as long as anything is
    eligible: of two rules that cannot both be kept the one named first here is.
    """

    policy: Policy
    mandatory: Sequence[str] = ()
    longest: float | None = None
    ready: bool = True
    varied: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "mandatory", tuple(str(one) for one in self.mandatory))
        if self.longest is not None:
            require_positive(self, longest=self.longest)

    def score(self, situation: Situation) -> FloatArray:
        """The inner order, `[learners, C]`; -inf for what is not eligible or breaks a rule."""
        return ranked(self.policy, self.within(situation))

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The inner parts, and the rules that took others away."""
        allowed, away = situation.eligible, {}
        for code, rule in self.rules(situation).items():
            kept = first_left(allowed & rule, allowed)
            allowed, away[code] = kept, allowed & ~kept
        return parts_within(self.policy, situation, away, allowed)

    def propensities(self, situation: Situation) -> FloatArray:
        """The inner propensities over what keeps the rules, `[learners, C]`."""
        return self.policy.propensities(self.within(situation))

    def within(self, situation: Situation) -> Situation:
        """The same moment with the candidates that keep the rules."""
        allowed = situation.eligible
        for rule in self.rules(situation).values():
            allowed = first_left(allowed & rule, allowed)
        return situation.among(allowed)

    def rules(self, situation: Situation) -> dict[str, BoolArray]:
        """Which candidates keep each rule, `[learners, C]`, by reason code, the most important one first."""
        kept: dict[str, BoolArray] = {}
        if self.mandatory:
            wanted = np.isin(situation.items, situation.catalog.indices(list(self.mandatory)))
            kept["mandatory"] = wanted & (times_taken(situation) == 0)
        if self.longest is not None:
            kept["minutes"] = np.broadcast_to(situation.minutes <= self.longest, situation.eligible.shape)
        if self.ready:
            kept["prerequisite"] = situation.ready
        if self.varied:
            kept["diversity"] = ~same_as_last(situation)
        return kept


def same_as_last(situation: Situation) -> BoolArray:
    """Candidates whose main skill is that of the item taken last, `[learners, C]`."""
    if situation.last_item is None or not len(situation.items):
        return np.zeros(situation.eligible.shape, dtype=bool)
    main, last = main_skill(situation.catalog), situation.last_item
    before = np.where(last >= 0, main[np.where(last >= 0, last, 0)], -2)
    same: BoolArray = (main[situation.items][None, :] == before[:, None]) & (before >= 0)[:, None]
    return same
