"""How many learners took an item lately: popularity with a memory as short as a season."""

from typing import Self

import numpy as np

from lernpfad.collaborative.popularity import within
from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.errors import ConfigError, DataError
from lernpfad.core.events import taken_pairs
from lernpfad.core.persist import require_fitted
from lernpfad.core.sequences import Sequences

_DAY = 86_400.0


class RecentPopularity:
    """Scores an item by the learners who took it in the last `days` of the training log, the same for every history.

    Among items that were taken equally often lately, those that were taken more often before come first. Declined
    offers do not count. Learned: `learners_` `[I]`, within the days; `share_` `[I]`, of all learners, ever.
    """

    learners_: FloatArray
    share_: FloatArray

    def __init__(self, days: float = 30.0) -> None:
        if days <= 0:
            raise ConfigError(f"RecentPopularity: days={days}, expected above 0")
        self.days = days

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Count the learners of each item. DataError for a log that has an order, but no clock; `valid` is not used."""
        if len(train) and np.array_equal(train.time, train.position):
            raise DataError(
                "RecentPopularity: the log has an order, but no clock, so nothing in it is recent; use popularity"
            )
        items = len(train.catalog)
        recent = train.where(train.time > train.time.max(initial=-np.inf) - self.days * _DAY)
        counts = [np.bincount(taken_pairs(part, items)[1], minlength=items) for part in (recent, train)]
        self.learners_ = counts[0].astype(np.float64)
        self.share_ = counts[1] / (len(train.learners) + 1)
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Recent learners, plus the share of all (below 1), `[learners, items]`; 0 for an item unknown at `fit`."""
        require_fitted(self)
        scores = np.append(self.learners_ + self.share_, 0.0)[within(items, len(self.learners_))]
        return np.repeat(scores[None, :], len(histories.learners), axis=0)
