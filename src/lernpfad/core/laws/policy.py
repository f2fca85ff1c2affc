"""What every policy promises. Hold your own to it: `check_policy(MyPolicy(...))`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.errors import LawBroken
from lernpfad.core.laws.law import Law, demand, hold, same
from lernpfad.core.laws.situations import planted_situations
from lernpfad.core.protocols import Policy, RankedDraw, Ranking, Reasoned
from lernpfad.core.situation import Situation
from lernpfad.core.state import copied, equal

SUM = 1e-6
"""How far from one rounding may move the sum of a row."""

PART = 1e-7
"""How far rounding may move the sum of parts, as a share of it."""


@dataclass(frozen=True, eq=False)
class PolicyCase:
    """A policy and the situations, by name, in which it is held to the laws. tolerance: between propensities."""

    policy: Policy
    situations: Mapping[str, Situation] = field(default_factory=planted_situations)
    tolerance: float = 1e-6

    @property
    def subject(self) -> str:
        """Name of the policy's class."""
        return type(self.policy).__name__

    @cached_property
    def propensities(self) -> dict[str, FloatArray]:
        """What the policy says in each situation."""
        return {name: self.policy.propensities(fresh(now)) for name, now in self.situations.items()}


def distribution(case: PolicyCase) -> None:
    """Rows are finite, non-negative and sum to one where anything is eligible; where nothing is, they are zero."""
    for name, now in case.situations.items():
        given = case.propensities[name]
        demand(
            given.shape == now.eligible.shape,
            f"{name}: propensities have shape {given.shape}, expected [learners, items] = {now.eligible.shape}",
        )
        demand(np.isfinite(given).all(), f"{name}: {int((~np.isfinite(given)).sum())} propensities are not finite")
        demand(given.min(initial=0.0) >= 0, f"{name}: a propensity is {given.min(initial=0.0):.3g}, below zero")
        total, possible = given.sum(axis=1), now.eligible.sum(axis=1) > 0
        for j in np.flatnonzero(np.abs(total - possible) > SUM):
            raise LawBroken(f"{name}: row {j} sums to {total[j]:.9g}, expected {int(possible[j])}")


def nothing_ineligible(case: PolicyCase) -> None:
    """What is not eligible for a learner has propensity zero."""
    for name, now in case.situations.items():
        wrong = (case.propensities[name] > 0) & ~now.eligible
        if wrong.any():
            learner, column = np.argwhere(wrong)[0]
            share = case.propensities[name][learner, column]
            raise LawBroken(
                f"{name}: candidate {column} is not eligible for learner {learner} and has propensity {share:.3g}"
            )


def deterministic(case: PolicyCase) -> None:
    """In the same situation a policy gives the same bits: luck belongs to `choose`, not to the policy."""
    for name, now in case.situations.items():
        same(
            case.policy.propensities(fresh(now)), case.propensities[name], what=f"{name}: propensities asked for again"
        )


def batch_partners_irrelevant(case: PolicyCase) -> None:
    """What a learner is offered does not depend on who else is in the batch."""
    for name, now in case.situations.items():
        for j in range(len(now)):
            alone = case.policy.propensities(only(now, np.array([j])))[0]
            same(alone, case.propensities[name][j], what=f"{name}: learner {j} alone", tolerance=case.tolerance)


def candidate_order_irrelevant(case: PolicyCase) -> None:
    """Propensities follow the candidates when these come in another order."""
    for name, now in case.situations.items():
        turned = case.policy.propensities(reordered(now, np.arange(len(now.items))[::-1]))[:, ::-1]
        same(turned, case.propensities[name], what=f"{name}: candidates reversed", tolerance=case.tolerance)


def situation_left_alone(case: PolicyCase) -> None:
    """A policy looks and does not touch: nothing in the situation changes, estimates and state included."""
    for name, now in case.situations.items():
        seen = fresh(now)
        before = _everything(seen)
        case.policy.propensities(seen)
        for what, array in _everything(seen).items():
            demand(equal(array, before[what]), f"{name}: the policy changed '{what}' of the situation")


def score_where_eligible(case: PolicyCase) -> None:
    """A policy that ranks gives -inf to what is not eligible, and never NaN or +inf."""
    assert isinstance(case.policy, Ranking)
    for name, now in case.situations.items():
        score = case.policy.score(fresh(now))
        demand(score.shape == now.eligible.shape, f"{name}: scores have shape {score.shape}, not {now.eligible.shape}")
        demand(not (np.isnan(score) | (score == np.inf)).any(), f"{name}: a score is NaN or +inf")
        demand((score[~now.eligible] == -np.inf).all(), f"{name}: a candidate that is not eligible has a score")


def drawn_from_the_score(case: PolicyCase) -> None:
    """What a policy draws from its score is what it offers."""
    assert isinstance(case.policy, RankedDraw)
    for name, now in case.situations.items():
        drawn = case.policy.drawn(case.policy.score(fresh(now)), fresh(now))
        same(drawn, case.propensities[name], what=f"{name}: drawn from the score")


def parts_make_the_order(case: PolicyCase) -> None:
    """The parts that a policy names add up to its order: nothing it weighed stands elsewhere than they say."""
    assert isinstance(case.policy, Reasoned)
    for name, now in case.situations.items():
        parts = [np.broadcast_to(part, now.eligible.shape) for part in case.policy.parts(fresh(now)).values()]
        score = case.policy.score(fresh(now)) if isinstance(case.policy, Ranking) else case.propensities[name]
        for j in range(len(now) if parts else 0):
            offered = now.eligible[j] & (score[j] > -np.inf)
            total = np.add.reduce([part[j] for part in parts])
            _ordered_alike(score[j][offered], total[offered], where=f"{name}: learner {j}")


def _ordered_alike(score: FloatArray, total: FloatArray, *, where: str) -> None:
    """What has the higher score has no lower total; what was not weighed (NaN) comes after all that was."""
    order = np.argsort(-score, kind="stable")
    total = np.where(np.isnan(total), -np.inf, total)[order]
    known = np.isfinite(total)
    demand(not (known[1:] & ~known[:-1] & (np.diff(score[order]) < 0)).any(), f"{where}: not weighed, yet ahead")
    step = np.diff(total[known]) / np.maximum(np.abs(total[known][1:]), 1.0)
    wrong = (step > PART) & (np.diff(score[order][known]) < 0)
    demand(
        not wrong.any(), f"{where}: the parts put a candidate {step.max(initial=0):.3g} above one with a higher score"
    )


def fresh(situation: Situation) -> Situation:
    """A deep copy without the estimates that were computed already."""
    given = {name: array.copy() for name, array in situation.given.items()}
    arrays = {
        f.name: getattr(situation, f.name).copy()
        for f in fields(situation)
        if isinstance(getattr(situation, f.name), np.ndarray)
    }
    state = None if situation.state is None else copied(situation.state)
    requirement = copied(situation.requirement)
    return replace(situation, **arrays, given=given, state=state, requirement=requirement)


def only(situation: Situation, learners: IntArray) -> Situation:
    """The same moment for some of the learners."""
    return situation.select(learners)


def reordered(situation: Situation, order: IntArray) -> Situation:
    """The same moment with the candidates in another order."""
    by_candidate = ("success", "affinity")
    return replace(
        situation,
        items=situation.items[order],
        eligible=situation.eligible[:, order],
        taken=None if situation.taken is None else situation.taken[:, order],
        given={name: a[:, order] if name in by_candidate else a for name, a in situation.given.items()},
    )


def _everything(situation: Situation) -> dict[str, Any]:
    """Copies of all that a policy could touch."""
    found = {f.name: getattr(situation, f.name) for f in fields(situation)}
    found = {name: array for name, array in found.items() if isinstance(array, np.ndarray)}
    found |= {name: getattr(situation, name) for name in ("success", "mastery", "affinity", "gap")}
    found |= dict(situation.given) | {"requirement": situation.requirement}
    if situation.state is not None:
        found["state"] = situation.state
    return {name: copied(value) for name, value in found.items()}


POLICY_LAWS: Final[tuple[Law[PolicyCase], ...]] = (
    Law(distribution),
    Law(nothing_ineligible),
    Law(deterministic),
    Law(batch_partners_irrelevant),
    Law(candidate_order_irrelevant),
    Law(situation_left_alone),
    Law(score_where_eligible, fits=lambda case: isinstance(case.policy, Ranking)),
    Law(drawn_from_the_score, fits=lambda case: isinstance(case.policy, RankedDraw)),
    Law(parts_make_the_order, fits=lambda case: isinstance(case.policy, Reasoned)),
)


def check_policy(policy: Policy, *, situations: Mapping[str, Situation] | None = None) -> None:
    """Hold a policy to every law that fits, in your own situations or in planted ones; LawBroken lists the broken."""
    case = PolicyCase(policy) if situations is None else PolicyCase(policy, situations)
    hold(POLICY_LAWS, case)
