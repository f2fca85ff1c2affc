"""What judging needs of a roll-out, learner by learner: small enough to keep, and to lay beside many others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from lernpfad.core import Array, BoolArray, Catalog, FloatArray, IntArray, Roles, Rollout
from lernpfad.evaluate.waste import wasted_minutes


@dataclass(frozen=True, eq=False)
class Lived:
    """A roll-out as far as judging it goes.

    debt: true, at the start of every week and at the end, `[weeks + 1, L]`. hours: `[weeks, L]`. rest: how many of the
    weeks, the last ones, had no offers. seed: which of the seeds each learner is of, `[L]`. role: at the end, `[L]`.
    began, stayed: who was there at the beginning and at the end, `[L]`. offered, accepted: offers, `[L]`. wasted,
    watched: minutes that were not needed or came too early, and all minutes, of watched learners; else 0, `[L]`.
    exposure: offers of each item, `[I]`.
    """

    policy: str
    debt: FloatArray
    hours: FloatArray
    rest: int
    seed: IntArray
    role: IntArray
    began: BoolArray
    stayed: BoolArray
    offered: IntArray
    accepted: IntArray
    wasted: FloatArray
    watched: FloatArray
    exposure: IntArray

    @classmethod
    def of(cls, done: Rollout, *, roles: Roles | None = None, catalog: Catalog | None = None) -> Self:
        """What is left of a roll-out. roles, catalog: the true ones; without roles nothing counts as watched."""
        learners, log = done.debt.shape[1], done.log
        nobody = np.zeros(learners)
        wasted, watched = (nobody, nobody) if roles is None else wasted_minutes(done, roles, catalog or log.catalog)
        return cls(
            policy=done.policy,
            debt=done.debt,
            hours=done.hours,
            rest=done.rest,
            seed=np.arange(learners) // max(1, learners // len(done.seeds)),
            role=done.role,
            began=np.ones(learners, dtype=bool) if done.before is None else done.before.active[-1],
            stayed=done.active[-1].astype(bool),
            offered=np.bincount(log.owner, minlength=learners),
            accepted=np.bincount(log.owner, weights=log.accepted, minlength=learners).astype(np.int64),
            wasted=wasted,
            watched=watched,
            exposure=np.bincount(log.item[log.item >= 0], minlength=len(log.catalog)),
        )

    def arrays(self) -> dict[str, Array]:
        """As arrays by name, to be kept; `revived` reads them."""
        kept = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "policy"}
        return {name: np.asarray(value) for name, value in kept.items()} | {"policy": np.asarray([self.policy])}

    @classmethod
    def revived(cls, arrays: Mapping[str, Array]) -> Self:
        """From what `arrays` gave."""
        plain: dict[str, Any] = dict(arrays)
        return cls(**plain | {"policy": str(plain["policy"][0]), "rest": int(plain["rest"])})


def as_lived(some: Any, *, roles: Roles | None = None, catalog: Catalog | None = None) -> Lived:
    """One roll-out or several, or what was kept of them, as one; their seeds are told apart."""
    parts = [some] if isinstance(some, (Rollout, Lived)) else list(some)
    whole = [one if isinstance(one, Lived) else Lived.of(one, roles=roles, catalog=catalog) for one in parts]
    return whole[0] if len(whole) == 1 else _joined(whole)


def _joined(whole: Sequence[Lived]) -> Lived:
    first = np.cumsum([0, *(int(one.seed.max(initial=-1)) + 1 for one in whole)])
    seeds = np.concatenate([one.seed + start for one, start in zip(whole, first, strict=False)])
    by_week = {name: np.concatenate([getattr(one, name) for one in whole], axis=1) for name in ("debt", "hours")}
    by_learner = ("role", "began", "stayed", "offered", "accepted", "wasted", "watched")
    flat = {name: np.concatenate([getattr(one, name) for one in whole]) for name in by_learner}
    exposure = np.sum([one.exposure for one in whole], axis=0)
    return Lived(policy=whole[0].policy, rest=whole[0].rest, seed=seeds, exposure=exposure, **by_week, **flat)
