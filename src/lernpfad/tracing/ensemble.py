"""An ensemble: tracers fitted on different learners, whose disagreement says how little the log tells."""

from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from lernpfad.core import ConfigError, FloatArray, IntArray, KnowledgeTracer, Reports, Sequences, SkillHead, WhatIf
from lernpfad.tracing.composite import Composite, CompositeState, logit, place_of_its_own, sigmoid


class Ensemble(Composite):
    """Log-odds = mean of the members' log-odds; `opinions` tells the members apart for a policy that plans with care.

    Each member is fitted on a share of the learners, drawn without replacement with `seed` (subagging, Buehlmann & Yu
    2002), so that equal members differ by what they happened to see. members: by name. share: 1 for all learners.
    """

    weight_: FloatArray
    what_if: Callable[[CompositeState, IntArray, FloatArray], FloatArray]

    def __init__(self, members: Mapping[str, KnowledgeTracer[Any]], *, share: float = 0.6, seed: int = 0) -> None:
        super().__init__(members, seed=seed)
        if not 0 < share <= 1:
            raise ConfigError(f"Ensemble: share={share}, expected a share above 0 and at most 1")
        self.share = share
        if all(isinstance(one, SkillHead) and isinstance(one, WhatIf) for one in self.members.values()):
            self.what_if = self._what_if

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Fit each member on its draw of the learners; all stop early on the same `valid`."""
        learners = len(train.learners)
        count = max(1, round(self.share * learners))
        for place, (name, member) in enumerate(self.members.items()):
            drawn = np.random.default_rng([self.seed, place]).permutation(learners)[:count]
            if isinstance(member, Reports):
                member.listeners = [self._told(name)]
            with place_of_its_own(member, name):
                member.fit(train.select(np.sort(drawn)), valid)
        self.weight_ = np.full(len(self.members), 1.0 / len(self.members))
        return self

    def opinions(self, state: CompositeState) -> list[tuple[KnowledgeTracer[Any], Any]]:
        """Each member with its own state."""
        return [(member, state[name]) for name, member in self.members.items()]

    def _what_if(self, state: CompositeState, items: IntArray, at: FloatArray) -> FloatArray:
        """The members' what-ifs, combined as their skill heads are, `[learners, items, 2, M]`."""
        quick = [(name, member) for name, member in self.members.items() if isinstance(member, WhatIf)]
        told = [member.what_if(state[name], items, at) for name, member in quick]
        return self._combined(logit(np.stack(told, axis=-1)), np.zeros(1, dtype=np.int64))

    def _combined(self, logits: FloatArray, before: IntArray) -> FloatArray:
        return sigmoid(logits @ self.weight_)
