"""Policies made of policies: a variant wraps, it adds no flag to what it varies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.errors import ConfigError
from lernpfad.core.protocols import Policy, Ranking, Reasoned
from lernpfad.core.situation import Situation
from lernpfad.policy.distribution import greedy, require_share, uniform

FAR = 1e6
"""Further below than any part of a policy lies."""


def ranked(policy: Policy, situation: Situation) -> FloatArray:
    """The order that a policy gives the candidates: its score, or its propensities where it has none."""
    order = policy.score(situation) if isinstance(policy, Ranking) else policy.propensities(situation)
    return np.where(situation.eligible, order, -np.inf)


def parts(policy: Policy, situation: Situation) -> Mapping[str, FloatArray]:
    """What a policy says its order is made of; nothing where it does not say."""
    return policy.parts(situation) if isinstance(policy, Reasoned) else {}


def parts_within(
    policy: Policy, situation: Situation, rules: Mapping[str, BoolArray], kept: BoolArray
) -> dict[str, FloatArray]:
    """The parts of a policy over the candidates that were `kept`, and of rules that took the others away.

    rules: by code, which candidates each took away, `[learners, C]`. What was taken away has the parts that it would
    have had without rules, and is put far below by its rule. So have those that were kept, unless being among others
    changed their order: then they have the parts that ranked them.
    """
    inside, outside = parts(policy, situation.among(kept)), parts(policy, situation)
    if not inside:
        return {}
    alike = _ordered_alike(np.add.reduce(list(inside.values())), np.add.reduce(list(outside.values())), among=kept)
    found = {code: np.where(kept & ~alike, inside[code], outside[code]) for code in inside}
    for code, away in rules.items():
        there = found.get(code, np.zeros(kept.shape))
        found[code] = np.where(away & situation.eligible, there - FAR, there)
    return found


def _ordered_alike(one: FloatArray, other: FloatArray, *, among: BoolArray) -> BoolArray:
    """Learners whose candidates among some stand in the same order by both, `[learners, 1]`."""
    one, other = (np.where(among & ~np.isnan(total), total, -np.inf) for total in (one, other))
    order = np.argsort(-one, axis=1, kind="stable")
    first, second = (np.take_along_axis(total, order, axis=1) for total in (one, other))
    moved = (first[:, 1:] < first[:, :-1]) & (second[:, 1:] > second[:, :-1])
    lost = np.isfinite(first) != np.isfinite(second)
    alike: BoolArray = ~(np.any(moved, axis=1, keepdims=True) | np.any(lost, axis=1, keepdims=True))
    return alike


@dataclass(frozen=True)
class Legal:
    """A policy that keeps to candidates whose (believed) prerequisites are met; to all where none is."""

    policy: Policy

    def score(self, situation: Situation) -> FloatArray:
        """The inner order, `[learners, C]`; -inf for what is not eligible or not yet legal."""
        return ranked(self.policy, situation.among(legal(situation)))

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The inner parts, and the prerequisites that keep the others back."""
        kept = legal(situation)
        return parts_within(self.policy, situation, {"prerequisite": ~kept}, kept)

    def propensities(self, situation: Situation) -> FloatArray:
        """The inner propensities over legal candidates, `[learners, C]`."""
        return self.policy.propensities(situation.among(legal(situation)))


def legal(situation: Situation) -> BoolArray:
    """Eligible candidates whose prerequisites are met, or every eligible one where no such is left."""
    ready = situation.eligible & situation.ready
    return np.where(ready.any(axis=1, keepdims=True), ready, situation.eligible)


@dataclass(frozen=True)
class Explore:
    """A policy that draws a share `rate` of its offers uniformly over the eligible candidates."""

    policy: Policy
    rate: float = 0.05

    def __post_init__(self) -> None:
        require_share(self, rate=self.rate)

    def score(self, situation: Situation) -> FloatArray:
        """The inner order, `[learners, C]`; exploring does not change it."""
        return ranked(self.policy, situation)

    def parts(self, situation: Situation) -> Mapping[str, FloatArray]:
        """The inner parts."""
        return parts(self.policy, situation)

    def propensities(self, situation: Situation) -> FloatArray:
        """`(1 - rate) inner + rate / eligible`, `[learners, C]`."""
        inner = self.policy.propensities(situation)
        return (1.0 - self.rate) * inner + self.rate * uniform(situation.eligible)


@dataclass(frozen=True)
class Softened:
    """The best of a ranking, softened: `(1 - epsilon) [argmax] + epsilon / eligible`."""

    policy: Policy
    epsilon: float = 0.05

    def __post_init__(self) -> None:
        require_share(self, epsilon=self.epsilon)

    def score(self, situation: Situation) -> FloatArray:
        """The inner order, `[learners, C]`."""
        return ranked(self.policy, situation)

    def parts(self, situation: Situation) -> Mapping[str, FloatArray]:
        """The inner parts."""
        return parts(self.policy, situation)

    def propensities(self, situation: Situation) -> FloatArray:
        """`(1 - epsilon) [argmax] + epsilon / eligible`, ties shared evenly, `[learners, C]`."""
        return self.drawn(self.score(situation), situation)

    def drawn(self, score: FloatArray, situation: Situation) -> FloatArray:
        """The propensities that follow from the score, both `[learners, C]`."""
        return greedy(score, situation.eligible, epsilon=self.epsilon)


@dataclass(frozen=True)
class Mix:
    """Several policies, each asked with its share of the offers.

    weights: one for each policy, non-negative, not all 0; they are normalised to sum to one.
    """

    policies: Sequence[Policy]
    weights: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "policies", tuple(self.policies))
        object.__setattr__(self, "weights", tuple(float(weight) for weight in self.weights))
        if len(self.weights) != len(self.policies) or min(self.weights, default=-1.0) < 0 or sum(self.weights) <= 0:
            raise ConfigError(
                f"Mix: weights {list(self.weights)} for {len(self.policies)} policies, expected one share >= 0 "
                "for each and not all of them 0; mend the weights"
            )

    def propensities(self, situation: Situation) -> FloatArray:
        """The weighted mean of the propensities, `[learners, C]`."""
        total = sum(self.weights)
        mixed = np.zeros(situation.eligible.shape)
        for policy, weight in zip(self.policies, self.weights, strict=True):
            mixed += weight / total * policy.propensities(situation)
        return mixed
