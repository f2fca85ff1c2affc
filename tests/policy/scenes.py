"""A small office: two roles, three skills, eight items, and whatever estimates a test wants to plant."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from lernpfad.core import Catalog, FloatArray, Requirement, Situation

# skills: 0 sheets -> 1 charts, 2 talks (on its own). Items in catalog order, main skill first.
CATALOG = Catalog.of(
    items=["s1", "s2", "c1", "c2", "t1", "t2", "c+t", "quiz"],
    skills=["sheets", "charts", "talks"],
    item_skills=[[0], [0], [1], [1], [2], [2], [1, 2], []],
    minutes=[5, 10, 5, 10, 5, 10, 10, 2],
    prerequisites=[(0, 1)],
)


def scene(
    *,
    mastery: ArrayLike = ((0.2, 0.1, 0.7), (0.9, 0.3, 0.3)),
    level: ArrayLike = ((0.8, 0.8, 0.8), (0.8, 0.8, 0.8)),
    weight: ArrayLike = ((1.0, 1.0, 1.0), (1.0, 0.5, 0.0)),
    eligible: ArrayLike | None = None,
    taken: ArrayLike | None = None,
    last_item: ArrayLike | None = None,
    items: ArrayLike | None = None,
    catalog: Catalog = CATALOG,
    given: Mapping[str, FloatArray] | None = None,
    **more: object,
) -> Situation:
    """Two learners (or as many as `mastery` has rows) in front of every item of the catalog."""
    known = np.asarray(mastery, dtype=np.float64)
    candidates = np.arange(len(catalog)) if items is None else np.asarray(items)
    shape = (len(known), len(candidates))
    return Situation(
        catalog=catalog,
        items=candidates,
        eligible=np.ones(shape, dtype=bool) if eligible is None else np.asarray(eligible, dtype=bool),
        at=np.zeros(len(known)),
        minutes_left=np.full(len(known), np.inf),
        requirement=Requirement(np.asarray(level, dtype=np.float64), np.asarray(weight, dtype=np.float64)),
        taken=None if taken is None else np.asarray(taken),
        last_item=None if last_item is None else np.asarray(last_item),
        given={"mastery": known} | dict(given or {}),
        **more,  # type: ignore[arg-type]
    )


def crowd(learners: int, items: int, skills: int, *, seed: int = 0, eligible_share: float = 0.7) -> Situation:
    """A random catalog and random estimates; the first learner has nothing eligible."""
    rng = np.random.default_rng(seed)
    item_skills = [rng.choice(skills, size=min(skills, 1 + i % 3), replace=False).tolist() for i in range(items)]
    edges = [(k, k + 1) for k in range(skills - 1) if rng.random() < 0.5]
    catalog = Catalog.of(
        [f"i{i}" for i in range(items)],
        [f"k{k}" for k in range(skills)],
        item_skills,
        minutes=rng.uniform(2, 20, items),
        prerequisites=edges,
    )
    eligible = rng.random((learners, items)) < eligible_share
    eligible[0] = False
    return scene(
        mastery=rng.random((learners, skills)),
        level=rng.uniform(0.5, 1.0, (learners, skills)),
        weight=rng.random((learners, skills)) * (rng.random((learners, skills)) < 0.6),
        eligible=eligible,
        taken=rng.integers(0, 2, (learners, items)),
        last_item=rng.integers(-1, items, learners),
        catalog=catalog,
        given={"success": rng.uniform(0.01, 0.99, (learners, items)), "affinity": rng.normal(0, 3, (learners, items))},
    )
