"""The top k next items of each learner, with reasons in data and in a plain sentence."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.protocols import Policy, RankedDraw, Ranking
from lernpfad.core.situation import Situation


@dataclass(frozen=True)
class Recommendation:
    """One offered item and why.

    propensity: probability with which the policy offers it now. success: predicted P(correct).
    debt_reduction: expected fall of learning debt. minutes: expected effort. affinity: the recommender's score.
    gaps: (skill, gap) of the item's skills that the role misses, widest first.
    """

    item: str
    propensity: float
    success: float
    debt_reduction: float
    minutes: float
    affinity: float
    gaps: tuple[tuple[str, float], ...]
    reason: str


def recommend(policy: Policy, situation: Situation, k: int = 5) -> list[list[Recommendation]]:
    """The k best eligible items of each learner, best first; fewer where fewer are eligible.

    Ranked by the policy's own score where it has one (`Ranking`), else by propensity; ties by catalog order.
    """
    order, propensities = _asked(policy, situation)
    order = np.where(situation.eligible, order, -np.inf)
    k = min(k, order.shape[1])
    top = np.argsort(-order, axis=1, kind="stable")[:, :k]
    gain = situation.debt_reduction(situation.items[top])
    return [
        [
            _explained(situation, learner, column, float(propensities[learner, column]), float(gain[learner, place]))
            for place, column in enumerate(top[learner])
            if np.isfinite(order[learner, column])
        ]
        for learner in range(len(situation))
    ]


def _asked(policy: Policy, situation: Situation) -> tuple[FloatArray, FloatArray]:
    """The order of the candidates and their propensities, both `[learners, C]`; the score is computed once."""
    if isinstance(policy, RankedDraw):
        score = policy.score(situation)
        return score, policy.drawn(score, situation)
    propensities = policy.propensities(situation)
    return (policy.score(situation) if isinstance(policy, Ranking) else propensities), propensities


def _explained(situation: Situation, learner: int, column: int, propensity: float, gain: float) -> Recommendation:
    catalog = situation.catalog
    skills = [int(k) for k in situation.skills[column] if k >= 0]
    weight, missing = situation.requirement.weight[learner], situation.gap[learner]
    gaps = sorted(
        ((str(catalog.skills[k]), float(missing[k])) for k in skills if weight[k] * missing[k] > 0),
        key=lambda pair: -pair[1],
    )
    minutes = float(situation.minutes[column])
    success = float(situation.success[learner, column])
    return Recommendation(
        item=str(catalog.items[situation.items[column]]),
        propensity=propensity,
        success=success,
        debt_reduction=gain,
        minutes=minutes,
        affinity=float(situation.affinity[learner, column]),
        gaps=tuple(gaps),
        reason=_sentence(gaps, success, gain, minutes),
    )


def _sentence(gaps: list[tuple[str, float]], success: float, gain: float, minutes: float) -> str:
    why = f"closes a gap of {gaps[0][1]:.0%} in {gaps[0][0]}" if gaps else "keeps what you know fresh"
    what = f"; expected to cut your learning debt by {100 * gain:.2f} points" if gain > 0 else ""
    return f"{why[0].upper()}{why[1:]} in about {minutes:.0f} minutes{what}; you succeed with {success:.0%}."
