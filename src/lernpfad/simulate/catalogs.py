"""What a simulated company offers: skills with prerequisites, items, and the true traits of both."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator

from lernpfad.core import KINDS, UNKNOWN, BoolArray, Catalog, FloatArray, IntArray, StrArray

KIND_SHARES: Final = (0.60, 0.15, 0.15, 0.10)
"""Shares of `core.KINDS`: exercise, read, video with check, task."""

SKILLS_SHARES: Final = (0.75, 0.20, 0.05)
"""How many items train one, two, three skills."""

SURE_ITEMS: Final = 3
"""Items that every skill has at least, where there are enough; the supply of further ones is lognormal over skills."""

TASTES: Final = 6
"""Dimensions in which items and learners have a taste."""

_FIELDS: Final = ("data", "safety", "finance", "software", "sales", "leading", "quality", "logistics", "law", "people")


@dataclass(frozen=True, eq=False)
class Traits:
    """The truth about skills and items that no policy sees.

    skill_level: c, `[K]`, logits. skill_factor: learning rate of each skill, `[K]`. cluster: `[K]`. tool: `[K]`, the
    skills that come and go with technology. before: prerequisites of each skill, `[K, 2]`, padded with -1.
    difficulty, discrimination, slip, guess: b, a, s, g of each item, `[I]`. mandatory: `[I]`, items that nobody
    declines. taste: `[I, TASTES]`.
    """

    skill_level: FloatArray
    skill_factor: FloatArray
    cluster: IntArray
    tool: BoolArray
    before: IntArray
    difficulty: FloatArray
    discrimination: FloatArray
    slip: FloatArray
    guess: FloatArray
    mandatory: BoolArray
    taste: FloatArray


def make(rng: Generator, *, skills: int, items: int, cluster_size: int, tools: float) -> tuple[Catalog, Traits]:
    """A catalog with its truth. Clusters have `cluster_size` skills; a share `tools` of the skills are tools."""
    cluster = np.arange(skills) // cluster_size
    names = np.asarray([_skill_name(k, cluster_size) for k in range(skills)])
    return over(rng, names, cluster, items=items, tool=tools)


def over(
    rng: Generator, skills: StrArray, cluster: IntArray, *, items: int, tool: BoolArray | float
) -> tuple[Catalog, Traits]:
    """A catalog over given skills, `[K]`, in clusters, `[K]`, and its truth. tool: which are tools, or their share."""
    prerequisites = _prerequisites(rng, cluster)
    table = _skills_of_items(rng, cluster, items=items)
    catalog = Catalog(
        items=np.asarray([f"item-{i:04d}" for i in range(items)]),
        skills=skills,
        item_skills=table,
        minutes=np.clip(6.0 * np.exp(rng.normal(0.0, 0.5, items)), 2.0, 20.0).round(1),
        kind=rng.choice(len(KINDS), size=items, p=KIND_SHARES).astype(np.int8),
        prerequisites=prerequisites,
    )
    return catalog, _traits(rng, catalog, cluster, tool=tool)


def believed(rng: Generator, catalog: Catalog, cluster: IntArray, *, wrong: float) -> Catalog:
    """What the platform believes: a share `wrong` of the edges is replaced by edges that are not there.

    A wrong edge runs from an earlier to a later skill of one cluster like a true one, so the graph stays acyclic.
    """
    edges = catalog.prerequisites
    before, after = np.triu_indices(len(cluster), k=1)
    true = set(map(tuple, edges.tolist()))
    absent = [pair for pair in zip(before, after, strict=True) if cluster[pair[0]] == cluster[pair[1]]]
    absent = [pair for pair in absent if (int(pair[0]), int(pair[1])) not in true]
    count = min(round(wrong * len(edges)), len(absent))
    if not count:
        return catalog
    lost = rng.choice(len(edges), size=count, replace=False)
    invented = np.asarray(absent)[rng.choice(len(absent), size=count, replace=False)]
    kept = np.delete(edges, lost, axis=0)
    mixed = np.concatenate([kept, invented.astype(kept.dtype)])
    return catalog.with_prerequisites(mixed[np.lexsort((mixed[:, 0], mixed[:, 1]))])


def _skill_name(skill: int, cluster_size: int) -> str:
    field = skill // cluster_size
    again = field // len(_FIELDS)
    return f"{_FIELDS[field % len(_FIELDS)]}{again + 1 if again else ''}-{skill % cluster_size + 1:02d}"


def _prerequisites(rng: Generator, cluster: IntArray) -> IntArray:
    """None, one or two earlier skills of the cluster for each skill, as edges `[E, 2]`."""
    edges: list[tuple[int, int]] = []
    for skill in range(len(cluster)):
        earlier = np.flatnonzero(cluster[:skill] == cluster[skill])
        count = min(int(rng.integers(0, 3)), len(earlier))
        edges += [(int(before), skill) for before in sorted(rng.choice(earlier, size=count, replace=False))]
    return np.asarray(edges, dtype=np.int32).reshape(-1, 2)


def _skills_of_items(rng: Generator, cluster: IntArray, *, items: int) -> IntArray:
    """One to three skills of one cluster for each item; some skills have many more items than others."""
    skills = len(cluster)
    sure = np.tile(np.arange(skills), SURE_ITEMS)[:items]
    supply = np.exp(rng.normal(0.0, 0.5, skills))
    first = np.concatenate([sure, rng.choice(skills, size=items - len(sure), p=supply / supply.sum())])
    first = rng.permutation(first)
    count = 1 + rng.choice(len(SKILLS_SHARES), size=items, p=SKILLS_SHARES)
    table = np.full((items, len(SKILLS_SHARES)), UNKNOWN, dtype=np.int32)
    for item in range(items):
        others = np.flatnonzero((cluster == cluster[first[item]]) & (np.arange(skills) != first[item]))
        more = rng.choice(others, size=min(int(count[item]) - 1, len(others)), replace=False)
        table[item, : 1 + len(more)] = [first[item], *more]
    return table


def _traits(rng: Generator, catalog: Catalog, cluster: IntArray, *, tool: BoolArray | float) -> Traits:
    skills, items = len(catalog.skills), len(catalog)
    level = rng.normal(0.0, 0.5, skills)
    there = catalog.item_skills >= 0
    mean_level = np.where(there, level[catalog.item_skills], 0.0).sum(axis=1) / there.sum(axis=1)
    options = rng.integers(3, 6, items)
    return Traits(
        skill_level=level.astype(np.float32),
        skill_factor=np.exp(rng.normal(0.0, 0.25, skills)).astype(np.float32),
        cluster=cluster,
        tool=tool if isinstance(tool, np.ndarray) else _drawn_tools(rng, skills, share=tool),
        before=_table_of(catalog.prerequisites, skills),
        difficulty=rng.normal(mean_level, 1.0).astype(np.float32),
        discrimination=np.exp(rng.normal(0.0, 0.2, items)).astype(np.float32),
        slip=rng.uniform(0.02, 0.10, items).astype(np.float32),
        guess=np.where(rng.random(items) < 1 / 3, 1.0 / options, 0.0).astype(np.float32),
        mandatory=rng.random(items) < 0.05,
        taste=rng.normal(0.0, 1.0, (items, TASTES)).astype(np.float32),
    )


def _drawn_tools(rng: Generator, skills: int, *, share: float) -> BoolArray:
    return np.isin(np.arange(skills), rng.choice(skills, size=round(share * skills), replace=False))


def _table_of(edges: IntArray, skills: int) -> IntArray:
    """Prerequisites of each skill, `[K, P]`, padded with -1."""
    count = np.bincount(edges[:, 1], minlength=skills)
    table = np.full((skills, max(1, int(count.max(initial=0)))), UNKNOWN, dtype=np.int64)
    place = np.zeros(skills, dtype=np.int64)
    for before, after in edges:
        table[after, place[after]] = before
        place[after] += 1
    return table
