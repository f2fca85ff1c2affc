"""What decided that an item stands where it stands: a count that anybody can make again, not a story."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.protocols import Policy, Reasoned
from lernpfad.core.situation import Situation

_COMPARED = 1 << 22
"""Numbers that are compared at once; bounds memory, not results."""


@dataclass(frozen=True)
class Weighed:
    """One part of a policy's order, for one item.

    code: of the reason ("gap", "minutes", ...). overtaken: by how many more candidates the item would be passed if
    the policy left this part out. beaten: how many candidates have less of this part. ahead: how far the part lies
    above its mean over the learner's candidates, in the policy's own units.
    """

    code: str
    overtaken: int
    beaten: int
    ahead: float


def weighed(policy: Policy, situation: Situation, columns: IntArray) -> list[list[tuple[Weighed, ...]]]:
    """For some candidates of each learner `[learners, n]` the parts that decided, the leading one first.

    The leading part is the one without which most other candidates would overtake the item; of equals the one in which
    it beats most others, then the one that lies furthest ahead of the mean candidate. A part that is the same for all
    explains nothing and is left out. Empty for a policy that does not say what its order is made of, and for a
    candidate that it did not weigh.
    """
    if not isinstance(policy, Reasoned) or not columns.size:
        return [[() for _ in row] for row in columns]
    parts = policy.parts(situation)
    if not parts:
        return [[() for _ in row] for row in columns]
    return [
        _of_one(tuple(parts), np.stack([part[learner] for part in parts.values()]), situation.eligible[learner], row)
        for learner, row in enumerate(columns)
    ]


def _of_one(
    codes: tuple[str, ...], parts: FloatArray, eligible: BoolArray, columns: IntArray
) -> list[tuple[Weighed, ...]]:
    """The parts of one learner's policy, `[parts, C]`, for some columns, each by `_told`; () where it did not weigh."""
    among = np.flatnonzero(np.isfinite(parts).all(axis=0) & eligible)
    place = {int(column): n for n, column in enumerate(among)}
    known = np.array([place[int(one)] for one in columns if int(one) in place], dtype=np.int64)
    mine = parts[:, among]
    together = max(1, _COMPARED // max(mine.size, 1))
    pieces = (known[first : first + together] for first in range(0, len(known), together))
    told = iter([one for some in pieces for one in _told(codes, mine, some)])
    return [next(told) if int(one) in place else () for one in columns]


def _told(codes: tuple[str, ...], parts: FloatArray, places: IntArray) -> list[tuple[Weighed, ...]]:
    """Every part that differs between candidates, the leading one first, for the candidates at `places`.

    parts: `[parts, n]`, in the order of `codes`, of the n candidates that one learner's policy weighed.
    """
    whole: FloatArray = np.add.reduce(parts)
    before, passed = _passed_by(whole[None], places), _passed_by(whole - parts, places)
    overtaken = (passed & ~before).sum(axis=-1)
    beaten = (parts[:, None, :] < parts[:, places, None]).sum(axis=-1)
    ahead = parts[:, places] - parts.mean(axis=1, keepdims=True)
    differs = np.flatnonzero(np.ptp(parts, axis=1) > 0).tolist()
    counts = zip(overtaken.T.tolist(), beaten.T.tolist(), ahead.T.tolist(), strict=True)
    told = [[Weighed(codes[n], over[n], beat[n], lead[n]) for n in differs] for over, beat, lead in counts]
    return [tuple(sorted(mine, key=lambda one: (-one.overtaken, -one.beaten, -one.ahead))) for mine in told]


def _passed_by(orders: FloatArray, places: IntArray) -> BoolArray:
    """Who stands above some candidates in each of some orders `[orders, n]`: `[orders, places, n]`."""
    mine = orders[:, places, None]
    slack = 1e-9 * np.maximum(1.0, np.abs(mine))  # sums of the same addends in another order are no difference
    passed: BoolArray = orders[:, None, :] > mine + slack
    return passed
