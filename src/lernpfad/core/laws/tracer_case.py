"""A tracer together with the planted answers on which it is held to the laws."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.laws.measure import reloaded
from lernpfad.core.laws.planted import START, UNSEEN_ITEM, PlantedAnswers, planted_answers
from lernpfad.core.protocols import KnowledgeTracer
from lernpfad.core.sequences import NOT_ASSESSED, Interactions, Sequences
from lernpfad.core.trace import state_after

Tracer = KnowledgeTracer[Any]


@dataclass(frozen=True, eq=False)
class TracerCase:
    """A tracer and the planted answers on which it is held to the laws; it is fitted when first asked for.

    make: a new tracer, not fitted. reload: saves and loads a fitted one, None where that is not to be tried.
    twin: the exported form of a fitted one. tolerance: between two ways to the same probability.
    fitted: an already fitted tracer instead of `make` (a loaded bundle); laws that fit again are left out.
    """

    make: Callable[[], Tracer] | None = None
    planted: PlantedAnswers = field(default_factory=planted_answers)
    reload: Callable[[Any], Tracer] | None = reloaded
    twin: Callable[[Any], Tracer] | None = None
    tolerance: float = 1e-5
    fitted: Tracer | None = None

    @property
    def subject(self) -> str:
        """Name of the tracer's class."""
        return type(self.tracer).__name__

    @cached_property
    def tracer(self) -> Tracer:
        """The tracer, fitted on the planted answers; shared by the laws, which do not change it."""
        return self.fitted if self.fitted is not None else self.new().fit(self.planted.train, self.planted.valid)

    def new(self) -> Tracer:
        """Another tracer, not fitted."""
        assert self.make is not None, "this case holds a fitted tracer and cannot make another"
        return self.make()

    @cached_property
    def state(self) -> Any:
        """Where the learners of `probe` stand after their histories."""
        return state_after(self.tracer, self.probe)

    @property
    def probe(self) -> Sequences:
        """Histories with every awkward case."""
        return self.planted.probe

    @property
    def now(self) -> FloatArray:
        """A moment after all of `probe`, for each of its learners."""
        return np.full(len(self.probe.learners), self.probe.time.max(initial=START) + 3_600.0)

    @property
    def candidates(self) -> IntArray:
        """Every item and an unknown one, for each learner of `probe`, each in an order of her own."""
        one = np.append(np.arange(len(self.planted.catalog)), -1)
        return np.stack([np.roll(one, j) for j in range(len(self.probe.learners))])

    def step(self, learners: int, outcome: int) -> Interactions:
        """One accepted item of each learner; a text among them is not graded."""
        item = (2 * np.arange(learners) + 1) % UNSEEN_ITEM
        graded = self.planted.catalog.assessed[item]
        return Interactions(
            item=item,
            outcome=np.where(graded, outcome, NOT_ASSESSED).astype(np.int8),
            accepted=np.ones(learners, dtype=bool),
            minutes=np.full(learners, 4.0),
            time=self.now[:learners],
        )
