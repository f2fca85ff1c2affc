"""Marginal maximum likelihood for IRT on a grid of abilities (Bock & Aitkin 1981), with items around their skills."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lernpfad.core import FloatArray, IntArray, Sequences

_NEWTON_STEPS = 3


@dataclass(frozen=True)
class Parameters:
    """difficulty, slope: `[I]`. skill: mean difficulty of each skill, `[K]`. common: of an unknown item."""

    difficulty: FloatArray
    slope: FloatArray
    skill: FloatArray
    common: float
    common_slope: float


class Expected(NamedTuple):
    """Expected answers and right answers of each item at each ability, both `[I, G]`."""

    answers: FloatArray
    right: FloatArray


@dataclass(frozen=True)
class Marginal:
    """The answers to fit, and the grid. owner, item, right: `[N]`, assessed answers to known items only."""

    owner: IntArray
    item: IntArray
    right: FloatArray
    learners: int
    grid: FloatArray
    pair_item: IntArray
    pair_skill: IntArray
    items: int
    skills: int
    item_spread: float
    slope_spread: float

    @classmethod
    def of(cls, train: Sequences, grid: FloatArray, *, item_spread: float, slope_spread: float) -> "Marginal":
        """The scored answers of the training histories."""
        scored = train.assessed & (train.item >= 0) & train.extra.get("scored", np.ones(len(train), dtype=bool))
        pair_item, place = np.nonzero(train.catalog.item_skills >= 0)
        return cls(
            owner=train.owner[scored],
            item=train.item[scored],
            right=(train.outcome[scored] == 1).astype(np.float64),
            learners=len(train.learners),
            grid=grid,
            pair_item=pair_item,
            pair_skill=train.catalog.item_skills[pair_item, place],
            items=len(train.catalog),
            skills=len(train.catalog.skills),
            item_spread=item_spread,
            slope_spread=slope_spread,
        )

    def start(self) -> Parameters:
        """All items alike: as difficult as the share of wrong answers says."""
        share = float(np.clip(self.right.mean(), 0.02, 0.98)) if len(self.right) else 0.5
        common = -float(np.log(share / (1 - share)))
        return Parameters(
            np.full(self.items, common), np.ones(self.items), np.full(self.skills, common), common, common_slope=1.0
        )

    def expected(self, now: Parameters) -> tuple[Expected, float]:
        """Posterior of every learner's ability, summed up by item; and the loss in nats per answer."""
        logit = now.slope[:, None] * (self.grid - now.difficulty[:, None])
        wrong = -np.logaddexp(0.0, logit)  # log P(wrong); log P(correct) is that plus the logit
        prior = -0.5 * self.grid**2
        prior = prior - np.log(np.exp(prior).sum())
        posterior = np.empty((self.learners, len(self.grid)))
        for g in range(len(self.grid)):
            told = wrong[self.item, g] + self.right * logit[self.item, g]
            posterior[:, g] = prior[g] + np.bincount(self.owner, told, minlength=self.learners)
        top = posterior.max(axis=1, keepdims=True)
        weight = np.exp(posterior - top)
        total = weight.sum(axis=1, keepdims=True)
        loss = -float((np.log(total) + top).sum()) / max(len(self.right), 1)
        weight /= total
        answers, right = (np.empty((self.items, len(self.grid))) for _ in range(2))
        for g in range(len(self.grid)):
            at = weight[self.owner, g]
            answers[:, g] = np.bincount(self.item, at, minlength=self.items)
            right[:, g] = np.bincount(self.item, at * self.right, minlength=self.items)
        return Expected(answers, right), loss

    def maximised(self, now: Parameters, expected: Expected, *, slopes: bool) -> Parameters:
        """A few Newton steps of every item at once, then the means they lie around."""
        centre = self._centre(now)
        difficulty, log_slope = now.difficulty, np.log(now.slope)
        for _ in range(_NEWTON_STEPS):
            slope = np.exp(log_slope)
            success = 1 / (1 + np.exp(-slope[:, None] * (self.grid - difficulty[:, None])))
            residual, weight = expected.right - expected.answers * success, expected.answers * success * (1 - success)
            pull = 1 / self.item_spread**2
            gradient = -slope * residual.sum(axis=1) - pull * (difficulty - centre)
            curvature = slope**2 * weight.sum(axis=1) + pull
            difficulty = difficulty + np.clip(gradient / curvature, -1.0, 1.0)
            away = (self.grid - difficulty[:, None]) * slope[:, None]
            hold = 1 / self.slope_spread**2
            if slopes:
                turn = (residual * away).sum(axis=1) - hold * (log_slope - np.log(now.common_slope))
                bend = (weight * away**2).sum(axis=1) + hold
                log_slope = log_slope + np.clip(turn / bend, -0.5, 0.5)
            else:
                turn, bend = (residual * away).sum(), (weight * away**2).sum() + 1e-9
                log_slope = log_slope + np.clip(turn / bend, -0.5, 0.5)
        answered = expected.answers.sum(axis=1)
        after = replace(now, difficulty=difficulty, slope=np.exp(log_slope))
        return self._recentred(after, answered)

    def over_skills(self, curves: FloatArray, skills: int, *, default: FloatArray) -> FloatArray:
        """Mean of the items' curves `[I, G]` for each skill, `[K, G]`; a skill without items gets `default`."""
        sums = np.zeros((skills, curves.shape[1]))
        np.add.at(sums, self.pair_skill, curves[self.pair_item])
        count = np.bincount(self.pair_skill, minlength=skills)[:, None]
        return np.where(count > 0, sums / np.maximum(count, 1), default)

    def _centre(self, now: Parameters) -> FloatArray:
        """What each item's difficulty is drawn to: the mean of its skills', `[I]`."""
        sums = np.bincount(self.pair_item, now.skill[self.pair_skill], minlength=self.items)
        count = np.bincount(self.pair_item, minlength=self.items)
        return np.where(count > 0, sums / np.maximum(count, 1), now.common)

    def _recentred(self, now: Parameters, answered: FloatArray) -> Parameters:
        """Means over the items that were answered, each counting by how well it is known; a new skill is common."""
        known = answered / (answered + 1.0)
        total = known.sum()
        common = float((known * now.difficulty).sum() / total) if total else now.common
        slope = float(np.exp((known * np.log(now.slope)).sum() / total)) if total else now.common_slope
        weight = np.bincount(self.pair_skill, known[self.pair_item], minlength=self.skills)
        sums = np.bincount(self.pair_skill, (known * now.difficulty)[self.pair_item], minlength=self.skills)
        return replace(now, skill=(sums + common) / (weight + 1.0), common=common, common_slope=slope)
