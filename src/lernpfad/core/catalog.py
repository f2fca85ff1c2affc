"""What can be offered: items, the skills they train, their minutes, and prerequisites between skills."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from lernpfad.core.arrays import UNKNOWN, BoolArray, FloatArray, IntArray, StrArray, at_columns
from lernpfad.core.errors import DataError

KINDS: Final = ("exercise", "read", "video", "task")
"""Kinds of items; `Catalog.kind` holds indices into this tuple."""


class Edges(NamedTuple):
    """Some prerequisites, those that end (or begin) in the same skill next to each other.

    before, after: skills of each edge, `[e]`. skill: the skills that the groups are of, `[n]`. first: where each group
    begins, `[n]`, as `ufunc.reduceat` takes it.
    """

    before: IntArray
    after: IntArray
    skill: IntArray
    first: IntArray

    @classmethod
    def grouped(cls, edges: IntArray, *, by: int) -> "Edges":
        """edges: `[e, 2]`. by: 0 for groups that begin in the same skill, 1 for those that end in it."""
        edges = edges[np.argsort(edges[:, by], kind="stable")].astype(np.int64)
        skill, first = np.unique(edges[:, by], return_index=True)
        return cls(edges[:, 0], edges[:, 1], skill, first)


@dataclass(frozen=True, eq=False)
class Catalog:
    """The items on offer. Items and skills are known by index inside, by id at the boundary.

    items: ids, `[I]`. skills: ids, `[K]`.
    item_skills: skill indices of each item, `[I, M]`, padded with -1 on the right.
    minutes: expected effort, `[I]`, minutes. kind: index into `KINDS`, `[I]`.
    prerequisites: `[E, 2]`, rows (before, after) of skill indices.
    """

    items: StrArray
    skills: StrArray
    item_skills: IntArray
    minutes: FloatArray
    kind: IntArray
    prerequisites: IntArray

    def __post_init__(self) -> None:
        count = len(self.items)
        for name in ("item_skills", "minutes", "kind"):
            if len(getattr(self, name)) != count:
                raise DataError(
                    f"catalog: {name} has {len(getattr(self, name))} rows, expected one for each of the {count} items"
                )
        if count and self.item_skills.max(initial=UNKNOWN) >= len(self.skills):
            raise DataError(
                f"catalog: an item names skill {self.item_skills.max()}, but there are only "
                f"{len(self.skills)} skills; add the skill or mend the item"
            )

    @classmethod
    def of(
        cls,
        items: Sequence[str],
        skills: Sequence[str],
        item_skills: Sequence[Sequence[int]],
        *,
        minutes: Sequence[float] | FloatArray | float = 5.0,
        kind: Sequence[int] | IntArray | int = 0,
        prerequisites: Sequence[tuple[int, int]] | IntArray = (),
    ) -> "Catalog":
        """A catalog from plain lists; scalars are repeated for every item."""
        width = max((len(row) for row in item_skills), default=1)
        table = np.full((len(items), max(width, 1)), UNKNOWN, dtype=np.int32)
        for row, skills_of_item in enumerate(item_skills):
            table[row, : len(skills_of_item)] = skills_of_item
        return cls(
            items=np.asarray(items, dtype=np.str_),
            skills=np.asarray(skills, dtype=np.str_),
            item_skills=table,
            minutes=np.broadcast_to(np.asarray(minutes, dtype=np.float64), (len(items),)).copy(),
            kind=np.broadcast_to(np.asarray(kind, dtype=np.int8), (len(items),)).copy(),
            prerequisites=np.asarray(prerequisites, dtype=np.int32).reshape(-1, 2),
        )

    def __len__(self) -> int:
        return len(self.items)

    def skills_of(self, items: IntArray) -> IntArray:
        """Skill indices of the given items: `[...]` to `[..., M]`; an unknown item (-1) has none."""
        known = np.asarray(items) >= 0
        if not len(self):
            return np.full((*known.shape, 1), UNKNOWN, np.int32)
        rows: IntArray = self.item_skills[items]  # of the last item for an unknown one
        return rows if known.all() else np.where(known[..., None], rows, UNKNOWN)

    def indices(self, ids: Sequence[str] | StrArray) -> IntArray:
        """Item ids to indices, `[n]`; an id that the catalog does not hold becomes -1."""
        index = self._item_index
        return np.asarray([index.get(one, UNKNOWN) for one in map(str, ids)], dtype=np.int64)

    def skill_indices(self, ids: Sequence[str] | StrArray) -> IntArray:
        """Skill ids to indices, `[n]`; an id that the catalog does not hold becomes -1."""
        return np.asarray([self._skill_index.get(str(one), UNKNOWN) for one in ids], dtype=np.int64)

    def with_prerequisites(self, prerequisites: IntArray) -> "Catalog":
        """The same items under another (believed) prerequisite graph."""
        return replace(self, prerequisites=np.asarray(prerequisites, dtype=np.int32).reshape(-1, 2))

    @cached_property
    def assessed(self) -> BoolArray:
        """Items whose taking ends with a correct or wrong answer, `[I]`; a text to read does not."""
        graded: BoolArray = self.kind != KINDS.index("read")
        return graded

    @cached_property
    def breadth(self) -> IntArray:
        """How many skills each item trains, `[I]`."""
        count: IntArray = (self.item_skills >= 0).sum(axis=1)
        return count

    @cached_property
    def probes(self) -> IntArray:
        """`probing` with five items for each skill."""
        return self.probing(5)

    def probing(self, per_skill: int) -> IntArray:
        """Items that stand for each skill, those with the fewest others first: `[K, per_skill]`, padded with -1."""
        table = np.full((len(self.skills), per_skill), UNKNOWN, dtype=np.int64)
        item, place = np.nonzero(self.item_skills >= 0)
        skill = self.item_skills[item, place]
        order = np.lexsort((item, self.breadth[item], skill))
        item, skill = item[order], skill[order]
        rank = np.arange(len(skill)) - np.searchsorted(skill, skill, side="left")
        kept = rank < per_skill
        table[skill[kept], rank[kept]] = item[kept]
        return table

    @cached_property
    def incidence(self) -> BoolArray:
        """Which item trains which skill, `[I, K]`."""
        table = np.zeros((len(self), len(self.skills)), dtype=bool)
        row, column = np.nonzero(self.item_skills >= 0)
        table[row, self.item_skills[row, column]] = True
        return table

    @cached_property
    def skill_order(self) -> IntArray:
        """Skills in a topological order of the prerequisites, `[K]`; ties by index. A cycle is a DataError."""
        waiting = np.bincount(self.prerequisites[:, 1], minlength=len(self.skills))
        order: list[int] = []
        free = [k for k in range(len(self.skills)) if waiting[k] == 0]
        while free:
            skill = free.pop(0)
            order.append(skill)
            for after in self.prerequisites[self.prerequisites[:, 0] == skill, 1]:
                waiting[after] -= 1
                if waiting[after] == 0:
                    free.append(int(after))
            free.sort()
        if len(order) < len(self.skills):
            stuck = sorted(set(range(len(self.skills))) - set(order))
            raise DataError(
                f"catalog: prerequisites form a cycle through skill '{self.skills[stuck[0]]}'; remove one of its edges"
            )
        return np.asarray(order, dtype=np.int64)

    @cached_property
    def needs(self) -> Edges:
        """The prerequisites, by the skill that needs them."""
        return Edges.grouped(self.prerequisites, by=1)

    @cached_property
    def needed(self) -> dict[int, tuple[int, ...]]:
        """The same for whoever asks of one skill at a time; a skill that needs no other is left out."""
        ends = [*self.needs.first[1:], len(self.needs.before)]
        groups = zip(self.needs.skill, self.needs.first, ends, strict=True) if len(self.needs.skill) else ()
        return {int(skill): tuple(map(int, self.needs.before[first:end])) for skill, first, end in groups}

    @cached_property
    def upstream(self) -> list[Edges]:
        """The prerequisites in waves, by the skill that is needed: what no other skill builds on comes first.

        All that builds on the later skill of an edge is in an earlier wave, so that what is passed on from there to its
        foundations is complete when the edge has its turn.
        """
        rank = np.argsort(self.skill_order)
        wave = np.zeros(len(self.skills), dtype=np.int64)
        for before, after in self.prerequisites[np.argsort(-rank[self.prerequisites[:, 1]], kind="stable")]:
            wave[before] = max(wave[before], wave[after] + 1)
        turn = wave[self.prerequisites[:, 1]]
        return [Edges.grouped(self.prerequisites[turn == one], by=0) for one in np.unique(turn)]

    @cached_property
    def _item_index(self) -> dict[str, int]:
        return {str(item): index for index, item in enumerate(self.items)}

    @cached_property
    def _skill_index(self) -> dict[str, int]:
        return {str(skill): index for index, skill in enumerate(self.skills)}


def mean_over_skills(values: FloatArray, skills: IntArray, *, default: float = np.nan) -> FloatArray:
    """Mean of a per-skill value over the skills of each item.

    values: `[learners, K]`. skills: `[learners or 1, items, M]` indices padded with -1 (see `Catalog.skills_of`).
    Returns `[learners, items]`; an item without skills gets `default`.
    """
    padded = np.concatenate([values, np.zeros((len(values), 1))], axis=1)  # -1, no skill, is the zero at the end
    total, count = np.zeros((len(values), skills.shape[1])), np.zeros(skills.shape[:2])
    for skill in np.moveaxis(skills, -1, 0):  # one pass for each place: much faster than a sum over a short last axis
        total += padded.take(skill[0], axis=1) if len(skill) == 1 else at_columns(padded, skill)
        count += skill >= 0
    mean: FloatArray = np.divide(total, count, out=np.full(total.shape, default), where=count > 0)
    return mean
