"""Which real items stand for the items of a simulated catalog: the rule, without luck."""

from typing import Final

import numpy as np

from lernpfad.core import UNKNOWN, Catalog, ConfigError, IntArray
from lernpfad.simulate.catalogs import Traits
from lernpfad.simulate.ensemble import Counterparts, Source
from lernpfad.simulate.knowledge import ease

ENOUGH: Final = 10
"""Training answers from which on a real item is known well enough to stand for another."""


def counterparts(catalog: Catalog, traits: Traits, source: Source) -> Counterparts:
    """By size and by difficulty.

    1. The skill with most items in the catalog becomes the real skill with most training answers, the second the
       second, and so on, from the beginning again if there are more skills than real ones.
    2. The items of which it is the main skill, easiest first by their true difficulty, become real items of that real
       skill, easiest first by their share of right answers, spread evenly over all that have at least ten answers (over
       all there are if none has).
    3. An item of several skills keeps its further skills: they become real ones by 1.
    """
    skill = _skills(catalog, source)
    item = np.full(len(catalog), UNKNOWN, dtype=np.int64)
    easy = ease(catalog, traits)
    for number in range(len(catalog.skills)):
        mine = np.flatnonzero(catalog.item_skills[:, 0] == number)
        mine = mine[np.argsort(-easy[mine], kind="stable")]
        theirs = _known(source, int(skill[number]))
        item[mine] = theirs[np.round(np.linspace(0, len(theirs) - 1, len(mine))).astype(np.int64)]
    there = catalog.item_skills >= 0
    return Counterparts(item, np.where(there, skill[np.where(there, catalog.item_skills, 0)], UNKNOWN))


def _skills(catalog: Catalog, source: Source) -> IntArray:
    row, place = np.nonzero(source.item_skills >= 0)
    answers = np.bincount(source.item_skills[row, place], weights=source.answers[row], minlength=source.skills)
    real = np.argsort(-answers, kind="stable")[: int((answers > 0).sum())]
    if not len(real):
        raise ConfigError("the neural world was fitted on a log whose items have no skills; fit it on another one")
    size = np.bincount(catalog.item_skills[:, 0][catalog.item_skills[:, 0] >= 0], minlength=len(catalog.skills))
    found = np.empty(len(catalog.skills), dtype=np.int64)
    found[np.argsort(-size, kind="stable")] = real[np.arange(len(catalog.skills)) % len(real)]
    return found


def _known(source: Source, skill: int) -> IntArray:
    """Real items of a skill, easiest first."""
    of_skill = np.flatnonzero((source.item_skills == skill).any(axis=1))
    known = of_skill[source.answers[of_skill] >= ENOUGH]
    known = known if len(known) else of_skill[source.answers[of_skill] > 0]
    ordered: IntArray = known[np.argsort(-source.right[known], kind="stable")]
    return ordered
