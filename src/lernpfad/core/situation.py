"""All that a policy may see: candidates, eligibility, estimates, requirements; never the truth."""

from collections.abc import Callable, Hashable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from lernpfad.core.ahead import Moment, WhatIfs
from lernpfad.core.arrays import Array, BoolArray, FloatArray, IntArray, at_columns
from lernpfad.core.catalog import Catalog
from lernpfad.core.protocols import KnowledgeTracer, Recommender
from lernpfad.core.roles import Requirement, debt, gap
from lernpfad.core.sequences import Sequences
from lernpfad.core.state import take
from lernpfad.core.trace import mastery

T = TypeVar("T")

READY = 0.5
"""Mastery from which on a prerequisite counts as met."""

ESTIMATES = ("success", "affinity", "mastery")
"""What may be `given` instead of being computed."""


@dataclass(frozen=True, eq=False)
class Situation:
    """What is known at the moment of an offer. Estimates are computed when first asked for.

    catalog: as believed (its prerequisite graph may be wrong). items: candidates, `[C]`, the same for everybody.
    eligible: `[learners, C]`, what may be offered at all: fits the minutes, not done too often.
    at: `[learners]`, seconds. minutes_left: `[learners]`. requirement: of each learner's role.
    tracer, state: what the learner knows, open to what-ifs. recommender, histories: what she may take up.
    role: index of each learner's role, `[learners]`, -1 if none.
    taken: how often each candidate was done, `[learners, C]`.
    last_item: catalog index of the item taken last, `[learners]`, -1 if none.
    given: estimates that replace the computed ones ("success", "affinity", "mastery"), for tests and services.
    what_ifs: the tracer's answers so far, which other views of the same moment share.
    """

    catalog: Catalog
    items: IntArray
    eligible: BoolArray
    at: FloatArray
    minutes_left: FloatArray
    requirement: Requirement
    tracer: KnowledgeTracer[Any] | None = None
    state: Any = None
    recommender: Recommender | None = None
    histories: Sequences | None = None
    role: IntArray | None = None
    taken: IntArray | None = None
    last_item: IntArray | None = None
    given: Mapping[str, FloatArray] = field(default_factory=dict)
    what_ifs: WhatIfs = field(default_factory=WhatIfs, repr=False)

    def __len__(self) -> int:
        """Number of learners."""
        return len(self.at)

    def among(self, eligible: BoolArray) -> "Situation":
        """The same moment with other eligible candidates; estimates made already are kept, none depends on it."""
        other = copy(self)
        object.__setattr__(other, "eligible", eligible)
        vars(other).pop("_made", None)
        return other

    def select(self, learners: Array | slice) -> "Situation":
        """The same moment for some of the learners (indices or mask); estimates made already are kept."""

        def rows(array: Array | None) -> Any:
            return None if array is None else array[learners]

        made = {name: vars(self)[name] for name in ESTIMATES if name in vars(self)}
        return replace(
            self,
            eligible=self.eligible[learners],
            at=self.at[learners],
            minutes_left=self.minutes_left[learners],
            requirement=self.requirement[learners],
            state=None if self.state is None else take(self.state, learners),
            histories=None if self.histories is None else self.histories.select(learners),
            role=rows(self.role),
            taken=rows(self.taken),
            last_item=rows(self.last_item),
            given={name: array[learners] for name, array in (dict(self.given) | made).items()},
            what_ifs=WhatIfs(),
        )

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes of this situation, made once. key: who asks for what; a policy is its settings."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    @cached_property
    def _made(self) -> dict[Hashable, Any]:
        return {}

    @property
    def candidates(self) -> IntArray:
        """`items`, once for every learner: `[learners, C]`."""
        return np.broadcast_to(self.items, (len(self), len(self.items)))

    @cached_property
    def minutes(self) -> FloatArray:
        """Expected effort of each candidate, `[C]`, minutes."""
        return self.catalog.minutes[self.items]

    @cached_property
    def skills(self) -> IntArray:
        """Skills of each candidate, `[C, M]`, padded with -1."""
        return self.catalog.skills_of(self.items)

    @cached_property
    def breadth(self) -> IntArray:
        """How many skills each candidate trains, `[C]`."""
        return self.catalog.breadth[self.items]

    @cached_property
    def success(self) -> FloatArray:
        """Predicted P(correct) of each candidate, `[learners, C]`; .5 without a tracer."""
        if "success" in self.given:
            return self.given["success"]
        if self.tracer is None:
            return np.full(self.eligible.shape, 0.5)
        return self.tracer.predict(self.state, self.candidates, self.at)

    @cached_property
    def mastery(self) -> FloatArray:
        """Estimated mastery, `[learners, K]`; 0 without a tracer, so that every requirement is a gap."""
        if "mastery" in self.given:
            return self.given["mastery"]
        if self.tracer is None:
            return np.zeros((len(self), len(self.catalog.skills)))
        return mastery(self.tracer, self.state, self.at, catalog=self.catalog)

    @cached_property
    def affinity(self) -> FloatArray:
        """The recommender's score of each candidate, `[learners, C]`; 0 without one."""
        if "affinity" in self.given:
            return self.given["affinity"]
        if self.recommender is None or self.histories is None:
            return np.zeros(self.eligible.shape)
        return self.recommender.score(self.histories, self.items)

    @cached_property
    def gap(self) -> FloatArray:
        """Estimated gap to the role, `[learners, K]`."""
        return gap(self.requirement, self.mastery)

    @cached_property
    def debt(self) -> FloatArray:
        """Estimated learning debt, `[learners]`."""
        return debt(self.requirement, self.mastery)

    @cached_property
    def ready(self) -> BoolArray:
        """Candidates whose (believed) prerequisites are met by the estimated mastery, `[learners, C]`."""
        blocked = np.zeros((len(self), len(self.catalog.skills)), dtype=bool)
        needs = self.catalog.needs
        if len(needs.skill):
            blocked[:, needs.skill] = np.logical_or.reduceat(self.mastery[:, needs.before] < READY, needs.first, axis=1)
        touched = np.where(self.skills >= 0, self.skills, 0)
        held: BoolArray = np.any(blocked[:, touched] & (self.skills >= 0), axis=-1)
        return ~held

    def debt_reduction(self, items: IntArray) -> FloatArray:
        """Expected fall of the estimated debt if each item were taken now, `[learners, n]`.

        items: catalog indices, `[learners, n]`. `sum_o P(o) [D(m) - D(m after o)]` over the outcomes o, where
        only touched skills move; 0 without a tracer.
        """
        if self.tracer is None:
            return np.zeros(items.shape)
        skills = self.catalog.skills_of(items)
        there = skills >= 0
        flat = np.where(there, skills, 0).reshape(len(items), skills.shape[1] * skills.shape[2])

        def of_item(per_skill: FloatArray) -> FloatArray:
            picked: FloatArray = at_columns(per_skill, flat).reshape(skills.shape)
            return picked

        after, correct = self.what_ifs.of(Moment(self.tracer, self.state, self.at, self.catalog), items)
        left = np.maximum(0.0, of_item(self.requirement.level)[:, :, None] - np.where(there[:, :, None], after, 1.0))
        closed = of_item(self.requirement.weight)[:, :, None] * (of_item(self.gap)[:, :, None] - left)
        closed = np.where(there[:, :, None], closed, 0.0).sum(axis=-1)
        asked = (self.requirement.weight * self.requirement.level).sum(axis=-1, keepdims=True)
        expected = (1 - correct) * closed[:, :, 0] + correct * closed[:, :, 1]
        reduction: FloatArray = expected / np.where(asked > 0, asked, 1.0)
        return reduction
