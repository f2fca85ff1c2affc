"""What a job needs: requirement per skill, and what is missing: gap and learning debt."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import Array, FloatArray, IntArray, StrArray


@dataclass(frozen=True)
class Requirement:
    """What each learner's role asks for. level: `[learners, K]` in [0, 1]. weight: `[learners, K]`, >= 0."""

    level: FloatArray
    weight: FloatArray

    def __getitem__(self, learners: Array | slice) -> "Requirement":
        return Requirement(self.level[learners], self.weight[learners])


@dataclass(frozen=True, eq=False)
class Roles:
    """Requirements of every role, in versions: version v holds from `valid_from[v]` on.

    names: `[R]`. valid_from: `[V]`, seconds since the epoch, ascending. level, weight: `[V, R, K]`.
    """

    names: StrArray
    valid_from: FloatArray
    level: FloatArray
    weight: FloatArray

    def at(self, role: IntArray, time: FloatArray | float) -> Requirement:
        """The requirement of each learner's role at a time; before the first version the first one holds."""
        version = np.searchsorted(self.valid_from, np.broadcast_to(time, np.shape(role)), side="right") - 1
        version = np.maximum(version, 0)
        return Requirement(self.level[version, role], self.weight[version, role])


def gap(requirement: Requirement, mastery: FloatArray) -> FloatArray:
    """What is missing in each skill: `max(0, level - mastery)`, `[learners, K]`."""
    return np.maximum(0.0, requirement.level - mastery)


def debt(requirement: Requirement, mastery: FloatArray) -> FloatArray:
    """Learning debt of each learner in [0, 1], `[learners]`: weighted gap over weighted requirement.

    `sum_k w_k max(0, q_k - m_k) / sum_k w_k q_k`; NaN, not 0, for a learner without requirements.
    """
    owed = (requirement.weight * gap(requirement, mastery)).sum(axis=-1)
    asked = (requirement.weight * requirement.level).sum(axis=-1)
    return np.where(asked > 0, owed / np.where(asked > 0, asked, 1.0), np.nan)
