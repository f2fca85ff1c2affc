"""What decided that an item stands where it stands: a count that anybody can make again, not a story."""

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
    parts = policy.parts(situation)
    if not parts:
        return [[() for _ in row] for row in columns]
    found: list[list[tuple[Weighed, ...]]] = [[() for _ in row] for row in columns]
    for learner, row in enumerate(columns):
        mine = np.stack([part[learner] for part in parts.values()])
        among = np.flatnonzero(np.isfinite(mine).all(axis=0) & situation.eligible[learner])
        place = {int(column): n for n, column in enumerate(among)}
        weighing = _Weighing(tuple(parts), mine[:, among])
        found[learner] = [weighing.of(place[int(one)]) if int(one) in place else () for one in row]
    return found


class _Weighing:
    """The candidates that one learner's policy weighed. parts: `[parts, n]`, in the order of `codes`."""

    def __init__(self, codes: tuple[str, ...], parts: FloatArray) -> None:
        self.codes, self.parts = codes, parts
        self.whole: FloatArray = np.add.reduce(parts)
        self.without = self.whole - parts
        self.mean = parts.mean(axis=1) if parts.shape[1] else np.zeros(len(parts))
        self.differs = np.ptp(parts, axis=1) > 0 if parts.shape[1] else np.zeros(len(parts), dtype=bool)

    def of(self, place: int) -> tuple[Weighed, ...]:
        """Every part that differs between candidates, for one of them, the leading one first."""
        mine = self.parts[:, place]
        before = _passed_by(self.whole[None], place)
        overtaken = (_passed_by(self.without, place) & ~before).sum(axis=1)
        beaten = (self.parts < mine[:, None]).sum(axis=1)
        told = [
            Weighed(code, overtaken=int(overtaken[n]), beaten=int(beaten[n]), ahead=float(mine[n] - self.mean[n]))
            for n, code in enumerate(self.codes)
            if self.differs[n]
        ]
        return tuple(sorted(told, key=lambda one: (-one.overtaken, -one.beaten, -one.ahead)))


def _passed_by(orders: FloatArray, place: int) -> BoolArray:
    """Who stands above one candidate in each of some orders, `[orders, n]`."""
    mine = orders[:, place, None]
    slack = 1e-9 * np.maximum(1.0, np.abs(mine))  # sums of the same addends in another order are no difference
    passed: BoolArray = orders > mine + slack
    return passed
