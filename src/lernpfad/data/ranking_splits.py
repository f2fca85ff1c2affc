"""Ways to divide a data set that recommenders are judged by: whole learners as published, and items nobody knows."""

from dataclasses import dataclass, replace

import numpy as np

from lernpfad.core import BoolArray, ConfigError, Sequences
from lernpfad.data.dataset import Dataset, Split, Splitter
from lernpfad.data.split import by_learners, uniform, with_history


@dataclass(frozen=True)
class StrongGeneralisation:
    """Whole learners held out by a drawn order, as published (Liang et al. 2018): the first share of each is given.

    The order is numpy's `RandomState(seed).permutation(J)`: its first `test` learners are tested, the next `valid`
    validate, the others train. Of a held-out history the first `int(history * n)` rows are given, the rest is scored.
    """

    test: int = 10_000
    valid: int = 10_000
    history: float = 0.8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.test < 1 or self.valid < 0 or not 0 <= self.history < 1:
            raise ConfigError(
                f"StrongGeneralisation: expected test >= 1, valid >= 0 and history in [0, 1), "
                f"got test={self.test}, valid={self.valid}, history={self.history}"
            )

    def __call__(self, dataset: Dataset) -> Split:
        """The data set in three parts."""
        learners = len(dataset.sequences.learners)
        if self.test + self.valid >= learners:
            raise ConfigError(
                f"StrongGeneralisation: test={self.test} and valid={self.valid} leave none of the {learners} learners "
                f"of data set '{dataset.name}' to train on; hold fewer out"
            )
        # the legacy generator, because published figures rest on its draw
        place = np.empty(learners, dtype=np.int64)
        place[np.random.RandomState(self.seed).permutation(learners)] = np.arange(learners)
        return by_learners(
            f"strong generalisation, {self.test} learners tested, order {self.seed}",
            dataset.sequences,
            valid=(place >= self.test) & (place < self.test + self.valid),
            test=place < self.test,
            history=self.history,
        )


@dataclass(frozen=True)
class ColdItems:
    """Another split in which only items are scored that nobody is trained on.

    Cold is what does not occur in the training rows of `split` (by a cut in time: items that came after it), and, drawn
    by a hash of (seed, item id), `share` of the others, whose rows are taken out of training. Her history is what
    precedes a learner's first scored row; a model finds items in it that it does not know.
    """

    split: Splitter
    share: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise ConfigError(f"ColdItems: share={self.share}, expected a share of the items in [0, 1)")

    def __call__(self, dataset: Dataset) -> Split:
        """The parts of the inner split, less the cold items' rows in training and the other items' scores."""
        whole = self.split(dataset)
        cold = uniform(dataset.catalog.items, seed=self.seed, purpose="cold") < self.share
        cold[np.setdiff1d(np.arange(len(cold)), whole.train.item)] = True
        train = whole.train.where(~_among(whole.train, cold))
        valid, valid_scored = with_history(whole.valid, scored=whole.valid_scored & _among(whole.valid, cold))
        test, test_scored = with_history(whole.test, scored=whole.test_scored & _among(whole.test, cold))
        return replace(
            whole,
            name=f"{whole.name}; cold items alone" + (f", {self.share:g} of them drawn" if self.share else ""),
            train=train.select(train.lengths > 0),
            valid=valid,
            test=test,
            valid_scored=valid_scored,
            test_scored=test_scored,
            cold=True,
        )


def _among(part: Sequences, items: BoolArray) -> BoolArray:
    """Rows whose item is one of those marked, `[rows]`; an unknown item is none."""
    rows: BoolArray = (part.item >= 0) & items[part.item]
    return rows
