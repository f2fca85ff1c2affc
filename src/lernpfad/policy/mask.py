"""A policy that leaves some items out: by id, by skill or by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.catalog import KINDS
from lernpfad.core.errors import ConfigError, unknown_name
from lernpfad.core.protocols import Policy
from lernpfad.core.situation import Situation
from lernpfad.policy.combine import parts, ranked
from lernpfad.policy.skills import first_left


@dataclass(frozen=True)
class Mask:
    """A policy that keeps away from items of these ids, skills or kinds, as long as anything else is eligible.

    An id or a skill that the catalog does not hold masks nothing, so that one setting serves several catalogs. What
    must never be offered to anybody is not a matter of policy: leave it out of `Situation.eligible`.
    """

    policy: Policy
    items: Sequence[str] = ()
    skills: Sequence[str] = ()
    kinds: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("items", "skills", "kinds"):
            object.__setattr__(self, name, tuple(str(one) for one in getattr(self, name)))
        for kind in self.kinds:
            if kind not in KINDS:
                raise ConfigError(f"Mask: {unknown_name('kind', kind, KINDS)}")

    def score(self, situation: Situation) -> FloatArray:
        """The inner order, `[learners, C]`; -inf for what is not eligible or is masked."""
        return ranked(self.policy, self.within(situation))

    def parts(self, situation: Situation) -> Mapping[str, FloatArray]:
        """The inner parts of what is not masked."""
        return parts(self.policy, self.within(situation))

    def propensities(self, situation: Situation) -> FloatArray:
        """The inner propensities over what is not masked, `[learners, C]`."""
        return self.policy.propensities(self.within(situation))

    def within(self, situation: Situation) -> Situation:
        """The same moment with fewer eligible candidates."""
        return situation.among(first_left(situation.eligible & ~self.masked(situation), situation.eligible))

    def masked(self, situation: Situation) -> BoolArray:
        """Which candidates are masked, `[C]`."""
        catalog, items = situation.catalog, situation.items
        skills = catalog.skill_indices(list(self.skills))
        kinds = [KINDS.index(kind) for kind in self.kinds]
        by_skill = catalog.incidence[items][:, skills[skills >= 0]].any(axis=1)
        masked: BoolArray = by_skill | np.isin(items, catalog.indices(list(self.items)))
        return masked | np.isin(catalog.kind[items], kinds)
