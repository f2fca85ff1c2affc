"""Share of the missing role targets that was reached, E_p, after equal minutes."""

from typing import NamedTuple

import numpy as np

from lernpfad.core import FloatArray, IntArray
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, mean


class Targets(NamedTuple):
    """score: mean of `(E_end - E_start) / (E_full - E_start)` over learners. dropped: had nothing left to reach."""

    score: Estimate
    dropped: int


def at_minutes(passed: FloatArray | IntArray, hours: FloatArray, minutes: FloatArray) -> FloatArray:
    """Targets that each learner has reached once so many minutes are spent, `[L]`, straight lines between Mondays.

    passed: on every Monday, `[weeks + 1, L]`. hours: in every week, `[weeks, L]`. minutes: `[L]`; who never spends so
    many counts as she ends.
    """
    spent = 60.0 * np.concatenate([np.zeros((1, hours.shape[1])), np.cumsum(hours, axis=0)])
    wanted = np.minimum(minutes, spent[-1])
    week = np.clip((spent <= wanted).sum(axis=0) - 1, 0, len(hours) - 1)
    who = np.arange(len(wanted))
    wide = spent[week + 1, who] - spent[week, who]
    part = np.divide(wanted - spent[week, who], wide, out=np.ones(len(wanted)), where=wide > 0)
    reached: FloatArray = passed[week, who] + part * (passed[week + 1, who] - passed[week, who])
    return reached


def common_minutes(hours: dict[str, FloatArray]) -> FloatArray:
    """Minutes that each learner spends under every policy, `[L]`: the smallest; hours: policy to `[weeks, L]`."""
    least: FloatArray = 60.0 * np.min([one.sum(axis=0) for one in hours.values()], axis=0)
    return least


def targets_reached(
    passed: FloatArray | IntArray,
    full: FloatArray | IntArray,
    hours: FloatArray,
    minutes: FloatArray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Targets:
    """E_p at `minutes` of each learner; passed: `[weeks + 1, L]`, full: how many targets there are, `[L]`.

    Whoever starts with all of them has nothing to reach; she is left out and counted. Fading makes it negative.
    """
    start = np.asarray(passed[0], dtype=np.float64)
    open_ = full > start
    gain = at_minutes(passed, hours, minutes) - start
    score = gain[open_] / (full[open_] - start[open_])
    return Targets(mean(score, resamples=resamples, seed=seed), int((~open_).sum()))
