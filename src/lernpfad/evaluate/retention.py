"""What is left of what was trained, some weeks after the last training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lernpfad.core import BoolArray, DataError, FloatArray, Sequences
from lernpfad.evaluate.intervals import RESAMPLES, Estimate, ratio_of_sums

AFTER: Final = (4, 12)
"""Weeks after the end of the training."""


@dataclass(frozen=True)
class Retention:
    """after: weeks since the training ended. debt: mean over learners then. mastery: mean of the skills that were
    trained. kept: share of what training had gained in them that is still there, a ratio of sums.
    """

    after: int
    debt: float
    mastery: float
    kept: Estimate


def trained_skills(log: Sequences) -> BoolArray:
    """Which skills each learner trained: those of the items that she took, `[L, K]`."""
    row = np.flatnonzero(log.accepted & (log.item >= 0))
    skills = log.catalog.skills_of(log.item[row])
    place, column = np.nonzero(skills >= 0)
    found = np.zeros((len(log.learners), len(log.catalog.skills)), dtype=bool)
    found[log.owner[row[place]], skills[place, column]] = True
    return found


def retention(
    debt: FloatArray,
    mastery: FloatArray,
    trained: BoolArray,
    *,
    weeks: int,
    after: Sequence[int] = AFTER,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Retention]:
    """Debt, mastery and what is kept, at each delay.

    debt: `[weeks + rest + 1, L]`, of which `weeks` were training. mastery: `[weeks + rest + 1, W, K]` of the learners
    that are watched. trained: their skills, `[W, K]`. Use on the job goes on in the rest, so more than all may be kept.
    """
    if len(debt) - 1 < weeks + max(after, default=0):
        raise DataError(
            f"retention: {len(debt) - 1 - weeks} weeks after the training, {max(after)} are needed; "
            f"roll out with rest={max(after)}"
        )
    gained = ((mastery[weeks] - mastery[0]) * trained).sum(axis=1)
    found = []
    for delay in after:
        later = weeks + delay
        left = ((mastery[later] - mastery[0]) * trained).sum(axis=1)
        found.append(
            Retention(
                after=delay,
                debt=float(np.nanmean(debt[later])),
                mastery=float(mastery[later][trained].mean()) if trained.any() else float("nan"),
                kept=ratio_of_sums(left, gained, resamples=resamples, seed=seed),
            )
        )
    return found
