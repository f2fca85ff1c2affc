"""Items that stand for everything a learner did not take: a few of every popularity, the same for everybody."""

from typing import NamedTuple

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray


class Negatives(NamedTuple):
    """Items `[n]` and the share of all interactions that each stands for, `[n]`, which sums to 1."""

    item: IntArray
    chance: FloatArray

    @classmethod
    def of(cls, share: FloatArray, size: int) -> "Negatives":
        """At most `size` items at even steps of the interactions, ordered by popularity: what `implicit` draws."""
        order = np.argsort(-share, kind="stable")
        reached = np.cumsum(share[order])
        if not len(share) or reached[-1] == 0:
            return cls(np.empty(0, dtype=np.int64), np.empty(0))
        steps = (np.arange(size) + 0.5) / size * reached[-1]
        place, count = np.unique(np.searchsorted(reached, steps), return_counts=True)
        return cls(order[place], count / size)

    def apart_from(self, item: IntArray, there: BoolArray) -> FloatArray:
        """`chance` for each of some learners, 0 where she said something to the item, `[some, n]`.

        item: what each said something to, `[some, longest]`, as far as `there`.
        """
        told = ((item[:, :, None] == self.item) & there[:, :, None]).any(axis=1)
        return np.where(told, 0.0, self.chance)
