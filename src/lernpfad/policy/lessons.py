"""Logged offers as rows to learn from: features, and the debt that they closed as far as the tracer believes it."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.experience import Decisions, Experience
from lernpfad.policy.debtperminute import DebtPerMinute, best
from lernpfad.policy.features import PER_MILLE, guess, of_candidates, of_learner


@dataclass(frozen=True, eq=False)
class Lessons:
    """One row for each logged offer, by learner, oldest first.

    offered: features of what was offered, `[N, F]`. others: those of `n` candidates that could have been, `[N, n, F]`.
    listed: which of them were there, `[N, n]`. learner: features of the learner, `[N, Z]`. closed: thousandths of the
    debt that the offer closed, `[N]`.
    cost: minutes that such an offer takes on average, declined ones included, `[N]`. minutes: that it took, `[N]`.
    follows: row of the learner's next offer, `[N]`, -1 for her last one.
    """

    offered: FloatArray
    others: FloatArray
    listed: BoolArray
    learner: FloatArray
    closed: FloatArray
    cost: FloatArray
    minutes: FloatArray
    follows: IntArray

    def __len__(self) -> int:
        """Number of offers."""
        return len(self.closed)

    @property
    def rate(self) -> FloatArray:
        """Thousandths of the debt that the offer closed per minute that such an offer takes, `[N]`."""
        per_minute: FloatArray = self.closed / self.cost
        return per_minute


def lessons(
    experience: Experience, formula: DebtPerMinute, *, others: int = 0, hindsight: int = 0, seed: int = 0
) -> Lessons:
    """The lessons of a log.

    others: candidates beside the offered one, half of them the best by the formula's guess, half drawn with `seed`.
    hindsight: how many further offers the tracer has seen when it is asked what the offer closed. An answer says what
    a learner knew, later ones whether she had learned it: with 0 a policy learns nothing that the tracer does not
    imagine anyway.
    """
    rng = np.random.default_rng(seed)
    log = experience.log
    skills = log.catalog.skills_of(log.item)
    parts = [_batch(one, formula, others=others, rng=rng) for one in experience.decisions()]
    order = np.argsort(np.concatenate([part["rows"] for part in parts]), kind="stable")
    told = {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}
    last = log.offsets[1:][log.owner] - 1
    later = np.minimum(np.arange(len(log)) + hindsight, last)
    return Lessons(
        offered=told["offered"],
        others=told["others"],
        listed=told["listed"].astype(bool),
        learner=told["learner"],
        closed=np.where(told["accepted"], PER_MILLE * closed(skills, told, later), 0.0),
        cost=told["cost"],
        minutes=told["minutes"],
        follows=np.where(np.arange(len(log)) < last, np.arange(len(log)) + 1, -1),
    )


def closed(skills: IntArray, told: dict[str, FloatArray], later: IntArray) -> FloatArray:
    """The fall of the debt in the skills of each item from before its offer until after row `later`, `[N]`.

    skills: `[N, M]`, padded with -1. told: "before" and "after", mastery `[N, K]`, "level", "weight", those of the
    role, `[N, K]`. `sum_k w_k (gap_k before - gap_k after) / sum_k w_k q_k` over the skills k of the item.
    """
    total = (told["level"] * told["weight"]).sum(axis=1)
    at, there = np.where(skills >= 0, skills, 0), skills >= 0

    def owed(mastery: FloatArray) -> FloatArray:
        gap = np.maximum(0.0, _of(told["level"], at) - _of(mastery, at))
        due: FloatArray = np.where(there, _of(told["weight"], at) * gap, 0.0).sum(axis=1)
        return due

    fall = owed(told["before"]) - owed(told["after"][later])
    return np.where(total > 0, fall / np.where(total > 0, total, 1.0), 0.0)


def _of(per_skill: FloatArray, skills: IntArray) -> FloatArray:
    return np.take_along_axis(per_skill, skills, axis=1)


def _batch(
    decisions: Decisions, formula: DebtPerMinute, *, others: int, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """What is kept of one batch. Single precision: a long log has many rows."""
    now, each = decisions.situation, np.arange(len(decisions))
    columns = np.concatenate([decisions.offered[:, None], beside(decisions, formula, others, rng)], axis=1)
    features = of_candidates(now, columns, formula)
    accept, aimed = formula.acceptance(now)[each, decisions.offered], formula.aimed(now)
    usual = now.minutes[decisions.offered]
    kept = {
        "offered": features[:, 0],
        "others": features[:, 1:],
        "learner": of_learner(now),
        "cost": accept * usual + (1.0 - accept) * formula.declined_minutes,
        "minutes": decisions.minutes,
        "before": now.mastery,
        "after": decisions.after,
        "level": aimed.requirement.level,
        "weight": aimed.requirement.weight,
    }
    listed = np.take_along_axis(now.eligible, columns[:, 1:], axis=1)
    exact = {"rows": decisions.rows, "accepted": decisions.accepted, "listed": listed}
    return exact | {name: value.astype(np.float32) for name, value in kept.items()}


def beside(decisions: Decisions, formula: DebtPerMinute, count: int, rng: np.random.Generator) -> IntArray:
    """Columns of candidates beside the offered one, `[n, count]`: the better half by guess, the others drawn."""
    now = decisions.situation
    if count == 0:
        return np.empty((len(now), 0), dtype=np.int64)
    good = best(guess(now, formula), min(count // 2, len(now.items)))
    drawn = rng.integers(0, len(now.items), (len(now), count - good.shape[1]))
    return np.concatenate([good, drawn], axis=1)
