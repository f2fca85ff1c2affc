"""From a choice among skills to propensities of items: every item stands for its main skill."""

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import main_skill, times_taken
from lernpfad.policy.distribution import normalised


def offered(situation: Situation, eligible: BoolArray) -> BoolArray:
    """Skills that are the main skill of one of the eligible candidates, `[learners, K]`."""
    main = main_skill(situation.catalog)[situation.items]
    of_skill = _stands_for(situation)[main >= 0]
    there: BoolArray = eligible[:, main >= 0].astype(np.float32) @ of_skill > 0
    return there


def by_skill(situation: Situation, mass: FloatArray, eligible: BoolArray) -> FloatArray:
    """Propensities of items whose main skill is drawn by `mass` `[learners, K]`, all items of a skill alike.

    Of the items of a skill those taken least often share its mass. Uniform where no eligible item has any.
    """
    main = main_skill(situation.catalog)[situation.items]
    known = np.where(main >= 0, main, 0)
    fresh = eligible & (main >= 0) & (times_taken(situation) == _fewest(situation, eligible)[:, known])
    number = fresh.astype(np.float64) @ _stands_for(situation)
    share = np.where(fresh, mass[:, known] / np.maximum(number[:, known], 1.0), 0.0)
    return normalised(share, eligible)


def _fewest(situation: Situation, eligible: BoolArray) -> FloatArray:
    """The smallest number of times that an eligible item of each skill was taken, `[learners, K]`."""
    main = main_skill(situation.catalog)[situation.items]
    taken = np.where(eligible, times_taken(situation), np.inf)
    fewest = np.full((len(situation), len(situation.catalog.skills)), np.inf)
    order = np.argsort(main, kind="stable")
    order = order[main[order] >= 0]
    if len(order):
        skills, first = np.unique(main[order], return_index=True)
        fewest[:, skills] = np.minimum.reduceat(taken[:, order], first, axis=1)
    return fewest


def _stands_for(situation: Situation) -> FloatArray:
    """1 where a candidate's main skill is that skill, `[C, K]`."""
    main = main_skill(situation.catalog)[situation.items]
    stands: FloatArray = (main[:, None] == np.arange(len(situation.catalog.skills))).astype(np.float32)
    return stands


def first_left(*choices: BoolArray) -> BoolArray:
    """In each row the first of the choices that leaves anything, else the last, `[learners, n]`."""
    chosen = choices[-1]
    for one in reversed(choices[:-1]):
        chosen = np.where(one.any(axis=1, keepdims=True), one, chosen)
    return chosen


def laid(situation: Situation, known: BoolArray) -> BoolArray:
    """Skills all of whose believed prerequisites are known, `[learners, K]`; `known` has the same shape."""
    ready, needs = np.ones_like(known), situation.catalog.needs
    if len(needs.skill):
        ready[:, needs.skill] = np.logical_and.reduceat(known[:, needs.before], needs.first, axis=1)
    return ready
