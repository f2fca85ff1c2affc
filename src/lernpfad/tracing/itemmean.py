"""The floor for every tracer: how often an item is answered correctly, whoever is asked."""

from typing import Self

import numpy as np

from lernpfad.core import FloatArray, IntArray, Interactions, Sequences, mean_over_skills
from lernpfad.core.persist import require_fitted


class ItemMean:
    """Share of correct answers per item, smoothed towards its skills' mean, and that towards the global mean.

    smoothing: pseudo-answers that the prior counts for; the more, the longer a rare item looks like its skills.
    Knows nothing about the learner, so its state is empty: `[learners, 0]`.
    """

    item_success_: FloatArray
    skill_success_: FloatArray

    def __init__(self, smoothing: float = 5.0) -> None:
        self.smoothing = smoothing

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Count; `valid` is not used."""
        catalog = train.catalog
        known = train.assessed & (train.item >= 0)
        item, outcome = train.item[known], train.outcome[known].astype(np.float64)
        overall = (train.outcome[train.assessed].sum() + 1.0) / (train.assessed.sum() + 2.0)
        row, place = np.nonzero(catalog.item_skills[item] >= 0)
        skill = catalog.item_skills[item][row, place]
        self.skill_success_ = self._smoothed(skill, outcome[row], np.full(len(catalog.skills), overall))
        prior = mean_over_skills(self.skill_success_[None], catalog.item_skills[None], default=overall)[0]
        # the global mean comes last, where the index -1 of an unknown item finds it
        self.item_success_ = np.append(self._smoothed(item, outcome, prior), overall)
        return self

    def _smoothed(self, index: IntArray, outcome: FloatArray, prior: FloatArray) -> FloatArray:
        correct = np.bincount(index, weights=outcome, minlength=len(prior))
        asked = np.bincount(index, minlength=len(prior))
        mean: FloatArray = (correct + self.smoothing * prior) / (asked + self.smoothing)
        return mean

    def start(self, learners: int) -> FloatArray:
        """Nothing to remember, `[learners, 0]`."""
        require_fitted(self)
        return np.empty((learners, 0))

    def update(self, state: FloatArray, seen: Interactions) -> FloatArray:
        """The same: answers do not move an item's mean after the fit."""
        return state

    def predict(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        """The item's mean, `[learners, items]`; the global mean for an unknown item."""
        require_fitted(self)
        return self.item_success_[items]

    def trace(self, histories: Sequences) -> FloatArray:
        """The item's mean for every row, `[N]`."""
        require_fitted(self)
        return self.item_success_[histories.item]

    def mastery(self, state: FloatArray, at: FloatArray) -> FloatArray:
        """The skill's mean, the same for every learner, `[learners, K]`."""
        require_fitted(self)
        return np.tile(self.skill_success_, (len(at), 1))
