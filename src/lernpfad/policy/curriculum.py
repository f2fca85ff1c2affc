"""The fixed list of items that a curriculum is: passes through the skills in the order of their prerequisites."""

from functools import lru_cache

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.situation import Situation


def main_skill(catalog: Catalog) -> IntArray:
    """The first skill of each item, `[I]`, -1 for an item without skills."""
    return catalog.item_skills[:, 0]


@lru_cache(maxsize=16)
def places(catalog: Catalog, visits: int) -> IntArray:
    """The place of each item in the list, `[I]`, 0 first.

    One pass goes through the skills in topological order and takes the next `visits` items of each (by main
    skill, in catalog order); then the next pass begins. Items without a skill come last.
    """
    main = main_skill(catalog)
    rank = np.argsort(catalog.skill_order)
    by_skill = np.argsort(main, kind="stable")
    nth = np.empty(len(main), dtype=np.int64)
    nth[by_skill] = np.arange(len(main)) - np.searchsorted(main[by_skill], main[by_skill], side="left")
    turn = np.where(main >= 0, nth // visits, len(main))
    listed = np.lexsort((nth, np.where(main >= 0, rank[main], 0), turn))
    place = np.empty(len(main), dtype=np.int64)
    place[listed] = np.arange(len(main))
    place.flags.writeable = False
    return place


def by_list(situation: Situation, *, visits: int) -> FloatArray:
    """Minus the place of each candidate in what is left of the list, `[learners, C]`.

    An item that was taken comes again only after all that was taken less often.
    """
    place = places(situation.catalog, visits)[situation.items]
    return -(place[None, :] + len(situation.catalog) * times_taken(situation))


def times_taken(situation: Situation) -> FloatArray:
    """How often each candidate was done, `[learners, C]`, wide enough to calculate with; 0 where nothing is known."""
    taken = np.zeros(situation.eligible.shape) if situation.taken is None else situation.taken
    return taken.astype(np.float64)
