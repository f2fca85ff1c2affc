"""Tracer + recommender + policy = one recommender."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.protocols import KnowledgeTracer, Policy, Ranking, Recommender
from lernpfad.core.roles import Requirement
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation
from lernpfad.core.trace import state_after

MAX_REPEATS = 2
"""An item that was taken this often is not offered again."""


@dataclass(frozen=True, eq=False)
class NextBest:
    """The next-best item for a history: what she knows, what she takes up, what she needs.

    Behaves as a `Recommender` whose score is the policy's, so it is ranked and served like any other.
    """

    tracer: KnowledgeTracer[Any]
    recommender: Recommender | None
    policy: Policy
    max_repeats: int = MAX_REPEATS

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Fit both models on the same histories."""
        self.tracer.fit(train, valid)
        if self.recommender is not None:
            self.recommender.fit(train, valid)
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """The policy's score, its propensity if it has none, `[learners, items]`; -inf where not eligible."""
        situation = self.situation(histories, items)
        ranked = isinstance(self.policy, Ranking)
        score = self.policy.score(situation) if ranked else self.policy.propensities(situation)  # type: ignore[attr-defined]
        return np.where(situation.eligible, score, -np.inf)

    def situation(
        self,
        histories: Sequences,
        items: IntArray | None = None,
        *,
        requirement: Requirement | None = None,
        role: IntArray | None = None,
        minutes_left: FloatArray | None = None,
        at: FloatArray | None = None,
        catalog: Catalog | None = None,
        state: Any = None,
    ) -> Situation:
        """Where each learner stands after her history, ready for `policy`, `choose` and `recommend`.

        Without a requirement every skill is wanted alike, in full. Without minutes nothing is too long.
        Without `at`, now is the time of the last interaction. Without `state`, that of the tracer after `histories`.
        """
        catalog = catalog or histories.catalog
        learners = len(histories.learners)
        items = np.arange(len(catalog)) if items is None else np.asarray(items)
        shape = (learners, len(catalog.skills))
        taken, last_item = counts(histories, len(catalog))
        if minutes_left is None:
            minutes_left = np.full(learners, np.inf)
        return Situation(
            catalog=catalog,
            items=items,
            eligible=eligible(taken[:, items], catalog.minutes[items], minutes_left, max_repeats=self.max_repeats),
            at=last_time(histories) if at is None else at,
            minutes_left=minutes_left,
            requirement=requirement or Requirement(np.ones(shape), np.ones(shape)),
            tracer=self.tracer,
            state=state_after(self.tracer, histories) if state is None else state,
            recommender=self.recommender,
            histories=histories,
            role=role,
            taken=taken[:, items],
            last_item=last_item,
        )


def eligible(
    taken: IntArray, minutes: FloatArray, minutes_left: FloatArray, *, max_repeats: int = MAX_REPEATS
) -> BoolArray:
    """What may be offered at all, `[learners, items]`: fits the minutes left and was not taken too often."""
    return (taken < max_repeats) & (minutes[None, :] <= minutes_left[:, None])


def counts(histories: Sequences, items: int) -> tuple[IntArray, IntArray]:
    """How often each learner took each item, `[learners, items]`, and the item she took last, `[learners]`."""
    learners = len(histories.learners)
    took = histories.accepted & (histories.item >= 0)
    owner, item = histories.owner[took], histories.item[took]
    taken = np.bincount(owner * items + item, minlength=learners * items).reshape(learners, items)
    last = np.full(learners, -1, dtype=np.int64)
    last[owner] = item  # rows are in order, the last assignment wins
    return taken, last


def last_time(histories: Sequences) -> FloatArray:
    """Time of each learner's last interaction, `[learners]`, seconds; 0 for an empty history."""
    time = np.zeros(len(histories.learners))
    some = histories.lengths > 0
    time[some] = histories.time[histories.offsets[1:][some] - 1]
    return time
