"""The top k next items of each learner, with reasons in data and in a plain sentence."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray, at_columns
from lernpfad.core.protocols import Policy, RankedDraw, Ranking
from lernpfad.core.reasons import Weighed, weighed
from lernpfad.core.situation import READY, Situation
from lernpfad.core.wording import sentence

DAY = 86_400.0


@dataclass(frozen=True)
class Recommendation:
    """One offered item and why.

    propensity: probability with which the policy offers it now. success: predicted P(correct).
    debt_reduction: expected fall of learning debt. minutes: expected effort. affinity: the recommender's score.
    gaps: (skill, gap) of the item's skills that the role misses, widest first. reason: all of it in a sentence.
    parts: what decided, the leading part first; see `core.reasons`. unmet: believed prerequisites below READY.
    days: since any of its skills was last taken, None if never or not known. taken: how often it was done.
    """

    item: str
    propensity: float
    success: float
    debt_reduction: float
    minutes: float
    affinity: float
    gaps: tuple[tuple[str, float], ...]
    reason: str
    parts: tuple[Weighed, ...] = ()
    unmet: tuple[str, ...] = ()
    days: float | None = None
    taken: int = 0

    @property
    def lead(self) -> str:
        """Code of the reason that decided, "" where the policy does not say."""
        return self.parts[0].code if self.parts else ""


def recommend(policy: Policy, situation: Situation, k: int = 5, *, language: str = "en") -> list[list[Recommendation]]:
    """The k best eligible items of each learner, best first; fewer where fewer are eligible.

    Ranked by the policy's own score where it has one (`Ranking`), else by propensity; ties by catalog order.
    language: of the sentences, see `core.wording`.
    """
    order, propensities = asked(policy, situation)
    order = np.where(situation.eligible, order, -np.inf)
    k = min(k, order.shape[1])
    top = np.argsort(-order, axis=1, kind="stable")[:, :k]
    listed = np.where(np.isfinite(at_columns(order, top)), top, -1)
    return explained(policy, situation, listed, propensities, language=language)


def explained(
    policy: Policy, situation: Situation, columns: IntArray, propensities: FloatArray, *, language: str = "en"
) -> list[list[Recommendation]]:
    """Some candidates of each learner as recommendations, `[learners, n]` columns, -1 for none.

    propensities: of all candidates, `[learners, C]`.
    """
    known = np.where(columns >= 0, columns, 0)
    gain = situation.debt_reduction(situation.items[known])
    parts = weighed(policy, situation, known)
    last = [_last_touched(situation, learner) for learner in range(len(situation))]
    return [
        [
            _explained(
                situation,
                (j, int(column)),
                propensity=float(propensities[j, column]),
                gain=float(gain[j, n]),
                parts=parts[j][n],
                last=last[j],
                language=language,
            )
            for n, column in enumerate(columns[j])
            if column >= 0
        ]
        for j in range(len(situation))
    ]


def asked(policy: Policy, situation: Situation) -> tuple[FloatArray, FloatArray]:
    """The order of the candidates and their propensities, both `[learners, C]`; the score is computed once."""
    if isinstance(policy, RankedDraw):
        score = policy.score(situation)
        return score, policy.drawn(score, situation)
    propensities = policy.propensities(situation)
    return (policy.score(situation) if isinstance(policy, Ranking) else propensities), propensities


def _explained(
    situation: Situation,
    place: tuple[int, int],
    *,
    propensity: float,
    gain: float,
    parts: tuple[Weighed, ...],
    last: FloatArray | None,
    language: str,
) -> Recommendation:
    learner, column = place
    minutes, success = float(situation.minutes[column]), float(situation.success[learner, column])
    skills = [k for k in situation.skills[column].tolist() if k >= 0]
    gaps, lead = _gaps(situation, learner, skills), parts[0].code if parts else ""
    return Recommendation(
        item=str(situation.catalog.items[situation.items[column]]),
        propensity=propensity,
        success=success,
        debt_reduction=gain,
        minutes=minutes,
        affinity=float(situation.affinity[learner, column]),
        gaps=gaps,
        reason=sentence(language, lead=lead, gaps=gaps, success=success, gain=gain, minutes=minutes),
        parts=parts,
        unmet=_unmet(situation, learner, skills),
        days=_days(situation, learner, skills, last),
        taken=0 if situation.taken is None else int(situation.taken[learner, column]),
    )


def _gaps(situation: Situation, learner: int, skills: list[int]) -> tuple[tuple[str, float], ...]:
    weight, missing = situation.requirement.weight[learner], situation.gap[learner]
    found = [(str(situation.catalog.skills[k]), float(missing[k])) for k in skills if weight[k] * missing[k] > 0]
    return tuple(sorted(found, key=lambda pair: -pair[1]))


def _unmet(situation: Situation, learner: int, skills: list[int]) -> tuple[str, ...]:
    catalog = situation.catalog
    needed = {before for k in skills for before in catalog.needed.get(k, ())}
    return tuple(str(catalog.skills[k]) for k in sorted(needed) if situation.mastery[learner, k] < READY)


def _last_touched(situation: Situation, learner: int) -> FloatArray | None:
    """When each skill was last taken, `[K]`, seconds, -inf for never; None where no history is known."""
    histories, catalog = situation.histories, situation.catalog
    if histories is None:
        return None
    rows = slice(histories.offsets[learner], histories.offsets[learner + 1])
    took = histories.accepted[rows] & (histories.item[rows] >= 0)
    skills, time = catalog.skills_of(histories.item[rows][took]), histories.time[rows][took]
    last = np.full(len(catalog.skills) + 1, -np.inf)
    for place in skills.T:
        np.maximum.at(last, place, time)  # -1, no skill, is the number too many at the end
    return last[:-1]


def _days(situation: Situation, learner: int, skills: list[int], last: FloatArray | None) -> float | None:
    if last is None or not skills or not np.isfinite(latest := last[skills].max()):
        return None
    return float(situation.at[learner] - latest) / DAY
