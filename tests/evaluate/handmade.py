"""Small logs and roll-outs whose every number is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lernpfad.core import Catalog, FloatArray, IntArray, Roles, Rollout, Sequences

MONDAY = 1_700_000_000.0


def catalog(items: int = 7, skills: int = 2) -> Catalog:
    return Catalog.of(
        [f"item-{i}" for i in range(items)],
        [f"skill-{k}" for k in range(skills)],
        [[i % skills] for i in range(items)],
        minutes=10.0,
    )


def log(histories: Sequence[Sequence[tuple[int, int]]], of: Catalog | None = None, **columns: Any) -> Sequences:
    """histories: per learner, (item, outcome) pairs."""
    flat = [pair for history in histories for pair in history]
    return Sequences.of(
        of or catalog(),
        [f"learner-{j}" for j in range(len(histories))],
        [len(history) for history in histories],
        np.asarray([item for item, _ in flat], dtype=np.int32),
        np.asarray([outcome for _, outcome in flat], dtype=np.int8),
        **columns,
    )


def rollout(
    debt: Any,
    hours: Any,
    *,
    policy: str = "policy",
    active: Any = None,
    history: Sequences | None = None,
    mastery: FloatArray | None = None,
    watched: IntArray | None = None,
    before: Rollout | None = None,
) -> Rollout:
    """debt: `[L][weeks + 1]`, hours: `[L][weeks]`, as one would write them down, learner by learner."""
    debts, spent = np.asarray(debt, dtype=float).T, np.asarray(hours, dtype=float).T
    learners = debts.shape[1]
    return Rollout(
        policy=policy,
        log=history or log([[] for _ in range(learners)]),
        role=np.zeros(learners, dtype=np.int64),
        start=MONDAY,
        debt=debts,
        hours=spent,
        active=np.ones(spent.shape, dtype=bool) if active is None else np.asarray(active, dtype=bool),
        mastery=np.zeros((len(debts), 0, 2)) if mastery is None else mastery,
        watched=np.zeros(0, dtype=np.int64) if watched is None else watched,
        world_state=None,
        before=before,
    )


def roles(level: Sequence[float] = (0.8, 0.6), weight: Sequence[float] = (1.0, 1.0)) -> Roles:
    return Roles(np.asarray(["analyst"]), np.asarray([0.0]), np.asarray([[level]]), np.asarray([[weight]]))
