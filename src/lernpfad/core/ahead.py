"""What would come of candidates, asked of a tracer once: the score, its reasons and the answer all want to know it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray, at_columns
from lernpfad.core.catalog import Catalog
from lernpfad.core.protocols import KnowledgeTracer
from lernpfad.core.trace import what_if

_COMPARED = 1 << 20
"""Pairs of items that are compared at most to find what is known already; beyond that, asking anew is cheaper."""


@dataclass(frozen=True, eq=False)
class Moment:
    """What an answer about the future depends on. tracer, state, at `[learners]`, catalog: as in `Situation`."""

    tracer: KnowledgeTracer[Any]
    state: Any
    at: FloatArray
    catalog: Catalog

    def same(self, other: "Moment") -> bool:
        """Whether it is made of the very same objects; a state is a value, so that it has not changed meanwhile."""
        mine, theirs = vars(self), vars(other)
        return all(mine[name] is theirs[name] for name in mine)


@dataclass(eq=False)
class WhatIfs:
    """Answers about one moment; those about another are forgotten when one comes."""

    moment: Moment | None = None
    items: IntArray = field(default_factory=lambda: np.empty((0, 0), np.int64))
    after: FloatArray = field(default_factory=lambda: np.empty((0, 0, 2, 0)))
    correct: FloatArray = field(default_factory=lambda: np.empty((0, 0)))

    def of(self, moment: Moment, items: IntArray) -> tuple[FloatArray, FloatArray]:
        """`core.what_if` of the items, `[learners, n, 2, M]`, and P(correct), `[learners, n]`.

        items: catalog indices, `[learners, n]`.
        """
        place = self._known(moment, items)
        if place is not None:
            return at_columns(self.after, place), at_columns(self.correct, place)
        after = what_if(moment.tracer, moment.state, items, moment.at, catalog=moment.catalog)
        correct = moment.tracer.predict(moment.state, items, moment.at)
        self.moment, self.items, self.after, self.correct = moment, items, after, correct
        return after, correct

    def _known(self, moment: Moment, items: IntArray) -> IntArray | None:
        """Where each item stands among those answered, `[learners, n]`; None unless every one does."""
        if self.moment is None or not self.moment.same(moment) or len(items) != len(self.items):
            return None
        if not items.size or items.size * self.items.shape[1] > _COMPARED:
            return None
        alike = items[:, :, None] == self.items[:, None, :]
        place: IntArray = alike.argmax(axis=2)
        return place if alike.any(axis=2).all() else None
