"""Popular in role: what people with the same job took."""

from typing import Protocol, Self

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.events import taken_pairs
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation
from lernpfad.policy.curriculum import times_taken
from lernpfad.policy.distribution import greedy, require_positive, require_share


class Takers(Protocol):
    """Who took what in which role; an experience from a log of offers is one.

    log: histories. role: of each learner, `[J]`, -1 for none; None where nobody's is known.
    """

    @property
    def log(self) -> Sequences:
        """Histories."""
        ...

    @property
    def role(self) -> IntArray | None:
        """Role of each learner of the log."""
        ...


class PopularInRole:
    """Offers what the largest share of the learners in her role took, and she has taken least often.

    The share is drawn towards that among everybody by `prior` learners, so that a role of three has no say of its
    own; a learner without a role sees everybody's. Not fitted, nothing is known to be popular and all is alike.
    epsilon: share of offers drawn uniformly.
    """

    share_: FloatArray

    def __init__(self, *, prior: float = 10.0, epsilon: float = 0.05) -> None:
        self.prior = prior
        self.epsilon = epsilon
        require_positive(self, prior=prior)
        require_share(self, epsilon=epsilon)

    def fit(self, experience: Takers) -> Self:
        """Count takers; learns `share_`, `[R + 1, I]`: share of takers by role, in the last row among everybody."""
        log = experience.log
        role = np.full(len(log.learners), -1) if experience.role is None else np.asarray(experience.role)
        items = len(log.catalog)
        learner, item = taken_pairs(log, items)
        everybody = np.bincount(item, minlength=items) / max(len(log.learners), 1)
        roles = int(role.max(initial=-1)) + 1
        has = role[learner] >= 0
        took = np.bincount(role[learner[has]] * items + item[has], minlength=roles * items).reshape(roles, items)
        heads = np.bincount(role[role >= 0], minlength=roles)[:, None]
        self.share_ = np.vstack([(took + self.prior * everybody) / (heads + self.prior), everybody])
        return self

    def score(self, situation: Situation) -> FloatArray:
        """Share of takers, less 1 for each time she took it, `[learners, C]`; -inf where not eligible."""
        return np.where(situation.eligible, np.add.reduce(list(self.parts(situation).values())), -np.inf)

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """Share of takers, and what was not taken yet: the score is their sum."""
        return {"popular": self._share(situation), "new": -times_taken(situation)}

    def propensities(self, situation: Situation) -> FloatArray:
        """`(1 - epsilon) [argmax] + epsilon / eligible`, ties shared evenly, `[learners, C]`."""
        return self.drawn(self.score(situation), situation)

    def drawn(self, score: FloatArray, situation: Situation) -> FloatArray:
        """The propensities that follow from the score, both `[learners, C]`."""
        return greedy(score, situation.eligible, epsilon=self.epsilon)

    def _share(self, situation: Situation) -> FloatArray:
        if "share_" not in vars(self):
            return np.zeros(situation.eligible.shape)
        role = np.full(len(situation), -1) if situation.role is None else situation.role
        roles, items = len(self.share_) - 1, self.share_.shape[1]
        known = situation.items < items  # what is newer than the log was taken by nobody
        of_role = self.share_[np.where((role >= 0) & (role < roles), role, roles)]
        return np.where(known, of_role[:, np.where(known, situation.items, 0)], 0.0)
