"""A list of offers without near-duplicates, with the propensity of every slot."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator

from lernpfad.core.arrays import NOBODY, BoolArray, FloatArray, IntArray
from lernpfad.core.choose import pick
from lernpfad.core.protocols import Policy, RankedDraw
from lernpfad.core.situation import Situation
from lernpfad.policy.combine import FAR, parts, ranked
from lernpfad.policy.distribution import require_positive, require_share
from lernpfad.policy.skills import first_left


@dataclass(frozen=True)
class Drawn:
    """Lists that were drawn. columns: of the candidates, `[learners, k]`, -1 where a list ends early.

    propensity: of each slot given the slots before it, `[learners, k]`; their product is that of the whole list.
    """

    columns: IntArray
    propensity: FloatArray


@dataclass(frozen=True)
class Slate:
    """A policy whose lists of `k` hold no two items that share at least `alike` of their skills (Jaccard).

    Slot after slot the policy is asked over what is left: not listed, and not too much like anything listed; where
    only near-duplicates are left they may come. The first slot is the policy itself, so that a list of one is an
    ordinary offer.
    """

    policy: Policy
    k: int = 5
    alike: float = 0.5

    def __post_init__(self) -> None:
        require_positive(self, k=self.k, alike=self.alike)
        require_share(self, alike=self.alike)

    def propensities(self, situation: Situation) -> FloatArray:
        """Those of the policy: what the first slot is drawn from, `[learners, C]`."""
        return self.policy.propensities(situation)

    def score(self, situation: Situation) -> FloatArray:
        """An order whose first k are a list without near-duplicates, `[learners, C]`; -inf where not eligible.

        k down to 1 for what is listed; below 0 the others in the order of the policy, near-duplicates last.
        """
        slot, like, order = self._listed(situation)
        others = _below_zero(order) - np.where(like, len(situation.items) + 1.0, 0.0)
        return np.where(situation.eligible, np.where(slot >= 0, self.k - slot, others), -np.inf)

    def parts(self, situation: Situation) -> Mapping[str, FloatArray]:
        """The inner parts, and what puts near-duplicates of listed items behind all others."""
        inner = parts(self.policy, situation)
        like = self._listed(situation)[1]
        return dict(inner) | {"diversity": np.where(like, -FAR, 0.0)} if inner else {}

    def _listed(self, situation: Situation) -> tuple[IntArray, BoolArray, FloatArray]:
        """The slot of each candidate, -1 for none; whether it is like an item listed before it; the inner order."""
        order = ranked(self.policy, situation)
        slot, like = np.full(order.shape, NOBODY), np.zeros(order.shape, dtype=bool)
        left = _Left.at_first(situation)
        for place in range(self.k):
            column = _first(order, left.open)
            rows = np.flatnonzero(column >= 0)
            slot[rows, column[rows]] = place
            like = np.where(slot == place, left.like, like)
            left = left.without(column, alike=self.alike)
        return slot, np.where(slot >= 0, like, left.like), order

    def draw(self, situation: Situation, rng: Generator) -> Drawn:
        """Draw the list of each learner, with one uniform for each slot and learner."""
        luck = rng.random((len(situation), self.k))
        columns, propensity = np.full(luck.shape, NOBODY), np.zeros(luck.shape)
        ask, left = self._asked(situation), _Left.at_first(situation)
        for slot in range(self.k):
            given = ask(situation.among(left.open))
            columns[:, slot] = pick(given, luck[:, slot])
            rows = np.flatnonzero(columns[:, slot] >= 0)
            propensity[rows, slot] = given[rows, columns[rows, slot]]
            left = left.without(columns[:, slot], alike=self.alike)
        return Drawn(columns, propensity)

    def _asked(self, situation: Situation) -> Callable[[Situation], FloatArray]:
        """From what is left to its propensities; a policy that draws from its score is asked for that once."""
        if not isinstance(self.policy, RankedDraw):
            return self.policy.propensities
        score = self.policy.score(situation)
        return partial(self.policy.drawn, score)


@dataclass(frozen=True)
class _Left:
    """What a list may go on with. trains: `[C, K]`. unlisted, like: `[learners, C]`, `like` something listed."""

    trains: FloatArray
    unlisted: BoolArray
    like: BoolArray

    @classmethod
    def at_first(cls, situation: Situation) -> "_Left":
        trains = situation.catalog.incidence[situation.items].astype(np.float32)
        return cls(trains, situation.eligible, np.zeros_like(situation.eligible))

    @property
    def open(self) -> BoolArray:
        """What the next slot may hold."""
        return first_left(self.unlisted & ~self.like, self.unlisted)

    def without(self, column: IntArray, *, alike: float) -> "_Left":
        """What is left after each learner's list got one more candidate, `[learners]`, -1 for none."""
        rows = np.flatnonzero(column >= 0)
        unlisted, like = self.unlisted.copy(), self.like.copy()
        unlisted[rows, column[rows]] = False
        listed = self.trains[column[rows]]
        shared = listed @ self.trains.T
        either = listed.sum(axis=1)[:, None] + self.trains.sum(axis=1)[None, :] - shared
        like[rows] |= (shared > 0) & (shared >= alike * either)
        return _Left(self.trains, unlisted, like)


def _below_zero(order: FloatArray) -> FloatArray:
    """Minus the rank of each candidate, ties alike, `[learners, C]`: the same order, all below 0."""
    ranks = [np.unique(-row, return_inverse=True)[1] for row in order]
    return -1.0 - np.reshape(ranks, order.shape).astype(np.float64)


def _first(order: FloatArray, among: BoolArray) -> IntArray:
    """The best column of each learner among some, ties to the first, -1 where there are none, `[learners]`."""
    if not among.shape[1]:
        return np.full(len(among), NOBODY)
    column = np.where(among, order, -np.inf).argmax(axis=1)
    return np.where(among.any(axis=1), column, NOBODY)
