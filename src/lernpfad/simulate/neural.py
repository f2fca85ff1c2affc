"""World S5: people answer as networks fitted on real logs expect them to; the answers are sampled."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final

import numpy as np

from lernpfad.core import Array, Catalog, FloatArray, IntArray, Interactions
from lernpfad.simulate import ensemble
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.counterparts import counterparts
from lernpfad.simulate.ensemble import Member
from lernpfad.simulate.knowledge import at_skills, ease, sigmoid
from lernpfad.simulate.population import BASELINE_MEAN, Fate, People, fate

PROBES: Final = 8
"""Items of each skill whose mean predicted success is the mastery of it, spread evenly over its items by difficulty."""

_AT_ONCE: Final = 1 << 19
"""Gates that are looked ahead for at once, so that they stay in the cache."""
_UNKNOWN_ITEM: Final = 0.5


@dataclass(frozen=True, eq=False)
class Neural:
    """An ensemble of DKTs as the truth, a `Psychology`: what practice does is what it did to real learners.

    folder: written by `lernpfad world`; every item of the catalog has a real counterpart in it (see `counterparts`).
    P(correct) is the mean over the members, and so is mastery: the mean predicted success of a skill's items. An answer
    is a step of every member. What is not assessed leaves no trace, since no log shows it; nothing fades, since a
    network does not know the time; work does nothing.

    past: answers that everybody has given before the world begins, or all would be alike. The items are drawn, and
    somebody answers as the network says, shifted by what her baseline has above the mean on the item's skills: who is
    able there in the main world is able here. Mind: `hidden` and `cell`, `[L, members, W]`, float64: matrix products in
    float32 depend on how many are multiplied at once, and nobody's luck may depend on who else is there.
    """

    learned: ClassVar[tuple[str, ...]] = ("mind",)

    catalog: Catalog
    traits: Traits
    folder: str | Path
    past: int = 20
    members: Sequence[Member] = field(init=False)

    def __post_init__(self) -> None:
        weights, source = ensemble.read(self.folder)
        real = counterparts(self.catalog, self.traits, source)
        object.__setattr__(self, "members", [Member.of(one, real) for one in weights])

    def begun(self, people: People) -> People:
        """Everybody after her past."""
        width = self.members[0].own.shape[0]
        empty = np.zeros((len(people), len(self.members), width))
        people = replace(people, mind={"hidden": empty, "cell": empty})
        graded = np.flatnonzero(self.catalog.assessed)
        items = graded[(fate(people, Fate.PAST_ITEMS, self.past) * len(graded)).astype(np.int64)]
        luck = fate(people, Fate.PAST_ANSWERS, self.past)
        for step in range(self.past):
            item = items[:, step]
            skills = self.catalog.skills_of(item)[:, None]
            there = skills >= 0
            able = (at_skills(people.baseline - BASELINE_MEAN, skills) * there).sum(axis=-1) / there.sum(axis=-1)
            chance = self.success(people.mind["hidden"], able[:, 0], item[:, None])[:, 0]
            people = self._stepped(people, np.arange(len(people)), item, (luck[:, step] < chance).astype(np.int64))
        return people

    def effective(self, people: People, at: FloatArray) -> FloatArray:
        """The hidden states, `[L, members, W]`."""
        return people.mind["hidden"]

    def mastery_of(self, effective: FloatArray) -> FloatArray:
        """Mean predicted success of a skill's probes, over the members, `[L, K]`."""
        count = self._probes.shape
        chance = self.success(effective, np.zeros(len(effective)), self._probes.reshape(1, -1))
        known: FloatArray = chance.reshape(len(effective), *count).mean(axis=-1)
        return known

    def success(self, effective: FloatArray, form: FloatArray, items: IntArray) -> FloatArray:
        """P(correct), `[L, n]`, the mean over the members; .5 for an unknown item."""
        known = np.where(items >= 0, items, 0)
        total = np.zeros((len(effective), items.shape[1]))
        for number, member in enumerate(self.members):
            hidden = effective[:, number]
            if len(items) == 1:
                logit = hidden @ member.weight[known[0]].T
            else:
                logit = np.einsum("lw,lnw->ln", hidden, member.weight[known])
            total += sigmoid(logit + member.bias[known] + form[:, None])
        return np.where(items >= 0, total / len(self.members), _UNKNOWN_ITEM)

    def what_if(self, people: People, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each item and outcome, `[L, n, 2, M]`.

        A step for every candidate, outcome and member: shortlist before asking for a whole catalog.
        """
        of_item = self.catalog.skills_of(items)
        skills = np.broadcast_to(of_item, (len(people), *of_item.shape[1:]))
        wide = np.broadcast_to(items, (len(people), items.shape[1]))
        graded = self.catalog.assessed[np.where(wide >= 0, wide, 0)]
        now = at_skills(self.mastery_of(people.mind["hidden"]), skills)
        after = np.repeat(np.where(skills >= 0, now, np.nan)[:, :, None], 2, axis=2).astype(np.float32)
        row, column = np.nonzero((wide >= 0) & graded)
        together = max(1, _AT_ONCE // (8 * self.members[0].own.shape[0]))
        for first in range(0, len(row), together):
            some = row[first : first + together], column[first : first + together]
            after[some] = np.where(skills[some][:, None] >= 0, self._looked(people, some[0], wide[some]), np.nan)
        return after

    def learn(self, people: People, seen: Interactions) -> People:
        """Every member reads the answers; what was not assessed leaves no trace."""
        graded = np.flatnonzero(seen.outcome >= 0)
        return self._stepped(people, graded, seen.item[graded], seen.outcome[graded])

    def expect(self, people: People, seen: Interactions) -> People:
        """What an answer does is no matter of luck here."""
        return self.learn(people, seen)

    def used_at_work(self, people: People, uses: IntArray, last: FloatArray) -> People:
        """Nothing: no log shows it."""
        return people

    @cached_property
    def _light(self) -> list[Member]:
        return [member.light() for member in self.members]

    @cached_property
    def _probes(self) -> IntArray:
        """Items of each skill, `[K, PROBES]`; a skill without items is asked with those of all skills."""
        table, easy = np.empty((len(self.catalog.skills), PROBES), dtype=np.int64), ease(self.catalog, self.traits)
        for skill in range(len(table)):
            mine = np.flatnonzero(self.catalog.incidence[:, skill])
            mine = mine if len(mine) else np.arange(len(self.catalog))
            mine = mine[np.argsort(-easy[mine], kind="stable")]
            table[skill] = mine[np.round(np.linspace(0, len(mine) - 1, PROBES)).astype(np.int64)]
        return table

    def _stepped(self, people: People, row: IntArray, item: IntArray, outcome: Array) -> People:
        hidden, cell = people.mind["hidden"].copy(), people.mind["cell"].copy()
        for number, member in enumerate(self.members):
            gates = member.entry[item, outcome] + hidden[row, number] @ member.own
            hidden[row, number], cell[row, number] = member.step(gates, cell[row, number])
        return replace(people, mind={"hidden": hidden, "cell": cell})

    def _looked(self, people: People, row: IntArray, item: IntArray) -> FloatArray:
        """Mastery of the skills of one item each, for people at `row`, after each outcome, `[n, 2, M]`."""
        skills = self.catalog.item_skills[item]
        probes = self._probes[np.where(skills >= 0, skills, 0)]
        total = np.zeros((len(row), 2, *probes.shape[1:]), dtype=np.float32)
        hidden_now, cell_now = (people.mind[name].astype(np.float32) for name in ("hidden", "cell"))
        for number, member in enumerate(self._light):
            own = hidden_now[:, number] @ member.own
            hidden, _ = member.step(own[row][:, None] + member.entry[item], cell_now[row, number][:, None])
            total += sigmoid(np.einsum("now,nmpw->nomp", hidden, member.weight[probes]) + member.bias[probes][:, None])
        known: FloatArray = total.mean(axis=-1) / len(self.members)
        return known
