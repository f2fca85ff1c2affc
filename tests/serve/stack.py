"""A small fitted stack to export: two skills known by heart, one tracer of a few lines."""

from pathlib import Path
from typing import Any, Self

import numpy as np

from lernpfad.core import (
    Catalog,
    FloatArray,
    IntArray,
    Interactions,
    NextBest,
    Policy,
    Roles,
    Sequences,
    mean_over_skills,
)
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.serve import bundle

TRUST = (__name__,)
START = 1_767_600_000.0
DAY = 86_400.0
METRICS = {"test/auc": 0.731, "closed_loop": {"debt_weeks_per_hour": np.float64(0.42)}, "skipped": float("nan")}
PROVENANCE = {"data_hash": "ab" * 32, "data": "planted", "commit": "0123abc", "limits": ["Planted data only."]}


class Recency:
    """Mastery per skill moves towards each answer by `rate`, half as much for a wrong one; `[learners, K]`."""

    base_: FloatArray
    item_skills_: IntArray

    def __init__(self, rate: float = 0.3) -> None:
        self.rate = rate

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        answers = train.outcome[train.assessed]
        self.base_ = np.full(len(train.catalog.skills), (answers.sum() + 1) / (len(answers) + 2))
        self.item_skills_ = train.catalog.item_skills
        return self

    def start(self, learners: int) -> FloatArray:
        return np.tile(self.base_, (learners, 1))

    def update(self, state: FloatArray, seen: Interactions) -> FloatArray:
        after = state.copy()
        learner, place = np.nonzero((self._skills(seen.item) >= 0) & (seen.outcome >= 0)[:, None])
        skill = self._skills(seen.item)[learner, place]
        moved = self.rate * np.where(seen.outcome[learner] > 0, 1.0, 0.5)
        after[learner, skill] += moved * (seen.outcome[learner] - state[learner, skill])
        return after

    def predict(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        mean = mean_over_skills(state, self._skills(items), default=0.5)
        return np.clip(mean, 0.01, 0.99)

    def mastery(self, state: FloatArray, at: FloatArray) -> FloatArray:
        return state

    def _skills(self, items: IntArray) -> IntArray:
        return np.where((items >= 0)[..., None], self.item_skills_[np.maximum(items, 0)], -1)


class Counts:
    """How often each item was accepted."""

    taken_: IntArray

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        known = train.accepted & (train.item >= 0)
        self.taken_ = np.bincount(train.item[known], minlength=len(train.catalog))
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        return np.tile(self.taken_[items].astype(float), (len(histories.learners), 1))


def catalog(items: int = 24, skills: int = 6) -> Catalog:
    rows = [[i % skills] if i % 3 else [i % skills, (i + 1) % skills] for i in range(items)]
    edges = [(k, k + 1) for k in range(skills // 2)]
    return Catalog.of(
        [f"i{i}" for i in range(items)],
        [f"s{k}" for k in range(skills)],
        rows,
        minutes=3.0 + np.arange(items) % 5,
        prerequisites=edges,
    )


def roles(skills: int = 6) -> Roles:
    level = np.full((2, 2, skills), 0.6)
    level[1, 0, 0] = 0.95
    return Roles(
        names=np.array(["analyst", "engineer"]),
        valid_from=np.array([START, START + 30 * DAY]),
        level=level,
        weight=np.ones((2, 2, skills)),
    )


def histories(of: Catalog, *, learners: int = 20, rows: int = 15, seed: int = 1) -> Sequences:
    rng = np.random.default_rng(seed)
    total = learners * rows
    accepted = rng.random(total) < 0.8
    outcome = np.where(accepted, rng.integers(0, 2, total), -1)
    time = START + np.tile(np.arange(rows) * DAY, learners)
    names = [f"l{j}" for j in range(learners)]
    item = rng.integers(0, len(of), total)
    return Sequences.of(of, names, [rows] * learners, item, outcome, accepted=accepted, time=time)


def fitted(*, tracer: Any = None, recommender: Any = None, policy: Policy | None = None) -> NextBest:
    stack = NextBest(tracer or Recency(), recommender or Counts(), policy or DebtPerMinute())
    return stack.fit(histories(catalog()))


def written(folder: Path, stack: NextBest | None = None, **changed: Any) -> Path:
    stack = stack or fitted()
    given = {
        "tracer": stack.tracer,
        "recommender": stack.recommender,
        "policy": stack.policy,
        "catalog": catalog(),
        "roles": roles(),
        "metrics": METRICS,
        "provenance": PROVENANCE,
        "trust": TRUST,
    }
    return bundle.write(folder, **(given | changed))


def posted(log: Sequences, learner: int) -> list[dict[str, Any]]:
    """A learner's rows as the API takes them."""
    words = {1: "correct", 0: "wrong", -1: "not_assessed"}
    return [
        {
            "item": str(log.catalog.items[log.item[row]]) if log.item[row] >= 0 else "unheard-of",
            "outcome": words[int(log.outcome[row])],
            "accepted": bool(log.accepted[row]),
            "minutes": float(log.minutes[row]),
            "time": float(log.time[row]),
        }
        for row in range(log.offsets[learner], log.offsets[learner + 1])
    ]
