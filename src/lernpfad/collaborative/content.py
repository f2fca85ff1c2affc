"""Items that train what a learner has been training: the honest answer for an item that nobody has taken yet."""

from typing import Self

import numpy as np

from lernpfad.collaborative.rows import opinions, share_taken, with_popularity
from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.persist import require_fitted
from lernpfad.core.sequences import Sequences

_TIES = 1e-9
"""Of equal scores the more popular item comes first."""


class Content:
    """Scores an item by the cosine between its skills and those of the items that the learner took.

    rare: a skill counts `log(1 + I / items of the skill)`, so that a skill that every item trains says little.
    declined: an item that was offered and never taken counts as minus so much of a taken one. Nothing is learned from
    who took what, so an item is served before anybody has taken it. An item without skills scores 0, as does every item
    for a learner whose items have none: in a catalog without skills this is popularity, and nothing else.
    A history without a taken item gets popularity. Learned: `skill_` `[I, M]` (padded with the number of skills),
    `weight_` `[I, M]` (of these skills, unit rows), `share_` `[I]`.
    """

    skill_: IntArray
    weight_: FloatArray
    share_: FloatArray

    def __init__(self, rare: bool = True, declined: float = 0.0) -> None:
        self.rare = rare
        self.declined = declined

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Read the catalog; `valid` is not used."""
        skill, skills = train.catalog.item_skills, len(train.catalog.skills)
        there = skill >= 0
        weight = there.astype(np.float64)
        if self.rare:
            items = np.bincount(skill[there], minlength=skills + 1)
            weight *= np.log1p(len(skill) / np.maximum(items, 1))[np.where(there, skill, skills)]
        self.skill_ = np.where(there, skill, skills)
        self.weight_ = _unit(weight).astype(np.float32)
        self.share_ = share_taken(train)
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Cosine, `[learners, items]` in [-1, 1]; 0 for an item that was not in the catalog at `fit`."""
        require_fitted(self)
        said = opinions(histories, len(self.share_), declined=self.declined)
        width = int(self.skill_.max(initial=0)) + 1
        profile: FloatArray = np.zeros((len(histories.learners), width))
        part = said.gain[:, None] * self.weight_[said.row]
        np.add.at(profile, (said.owner[:, None], self.skill_[said.row]), part)
        profile = _unit(profile)
        scores: FloatArray = np.zeros((len(profile), len(self.skill_)))
        for skill, weight in zip(self.skill_.T, self.weight_.T, strict=True):  # an item has few, the catalog many
            scores += profile[:, skill] * weight
        return with_popularity(scores, self.share_, histories, items, ties=_TIES)


def _unit(rows: FloatArray) -> FloatArray:
    """Rows of length 1; a row of zeros stays one."""
    size = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    unit: FloatArray = rows / np.where(size > 0, size, 1.0)
    return unit
