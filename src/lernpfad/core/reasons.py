"""What decided that an item stands where it stands: a count that anybody can make again, not a story."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.protocols import Policy, Reasoned
from lernpfad.core.situation import Situation


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
    parts = {code: np.where(situation.eligible, part, np.nan) for code, part in policy.parts(situation).items()}
    if not parts:
        return [[() for _ in row] for row in columns]
    found: list[list[tuple[Weighed, ...]]] = [[() for _ in row] for row in columns]
    for learner, row in enumerate(columns):
        mine = {code: part[learner] for code, part in parts.items()}
        found[learner] = [_of(mine, int(column)) for column in row]
    return found


def _of(parts: Mapping[str, FloatArray], column: int) -> tuple[Weighed, ...]:
    """Every part that differs between candidates, for one of them, the leading one first; parts are `[C]`."""
    whole: FloatArray = np.add.reduce(list(parts.values()))
    if not np.isfinite(whole[column]):
        return ()
    among = np.isfinite(whole)
    before = _passed_by(whole, column, among)
    told = [
        Weighed(
            code,
            overtaken=int((_passed_by(whole - part, column, among) & ~before).sum()),
            beaten=int((part[among] < part[column]).sum()),
            ahead=float(part[column] - part[among].mean()),
        )
        for code, part in parts.items()
        if np.ptp(part[among]) > 0
    ]
    return tuple(sorted(told, key=lambda one: (-one.overtaken, -one.beaten, -one.ahead)))


def _passed_by(order: FloatArray, column: int, among: BoolArray) -> BoolArray:
    slack = 1e-9 * max(1.0, abs(float(order[column])))  # sums of the same addends in another order are no difference
    passed: BoolArray = among & (np.where(among, order, -np.inf) > order[column] + slack)
    return passed
