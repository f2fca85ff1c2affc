"""Ways to divide a data set. Each is a value that, called with a data set, gives a `Split`."""

import hashlib
from dataclasses import dataclass

import numpy as np

from lernpfad.core import Array, BoolArray, ConfigError, DataError, FloatArray, Sequences, StrArray
from lernpfad.data.dataset import Dataset, Split

ALWAYS_TEST = -1
"""Fold of the learners who belong to a fixed test set."""

ALWAYS_TRAIN = 0
"""Fold of the learners who are in no test file, where every fold is tested in turn."""

_CLOCK_HINT = "use ByLearner, or LeaveLastOut to compare with papers"


@dataclass(frozen=True)
class ByLearner:
    """Whole learners held out: a hash of (seed, learner id) sends `test` of them to test, the rest to `folds` folds.

    Fold number `fold` validates, the other folds train. The hash does not depend on who else is in the data.
    history: share of each held-out learner's rows that is given and not scored (strong generalisation; 0 scores all).
    """

    test: float = 0.2
    folds: int = 5
    fold: int = 0
    seed: int = 0
    history: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.test < 1 or not 0 <= self.history < 1:
            raise ConfigError(
                f"ByLearner: test and history are shares in [0, 1), got test={self.test}, history={self.history}"
            )
        if self.folds < 2 or not 0 <= self.fold < self.folds:
            raise ConfigError(f"ByLearner: fold {self.fold} of {self.folds}; expected 0 <= fold < folds and folds >= 2")

    def __call__(self, dataset: Dataset) -> Split:
        """The data set in three parts."""
        learners = dataset.sequences.learners
        test = uniform(learners, seed=self.seed, purpose="test") < self.test
        fold = np.floor(uniform(learners, seed=self.seed, purpose="fold") * self.folds).astype(np.int64)
        return by_learners(
            f"by learner, fold {self.fold} of {self.folds}, seed {self.seed}",
            dataset.sequences,
            valid=~test & (fold == self.fold),
            test=test,
            history=self.history,
        )


@dataclass(frozen=True)
class Published:
    """The split that came with the data, from the learner columns "part" and "fold"; whole learners are held out.

    * "part": "train" and "test" are fixed; `valid` of the training learners, drawn by a hash of (`seed`, id), validate.
    * "fold" with a fixed test set (-1): fold `fold` validates, the others train, -1 is tested.
    * "fold" without one, numbered from 1: fold `fold` is tested, the next one validates (the first after the last),
      the rest trains, as do learners of fold 0, who are in no test file.
    """

    fold: int = 0
    seed: int = 0
    valid: float = 0.2

    def __call__(self, dataset: Dataset) -> Split:
        """The data set in three parts."""
        if "part" in dataset.learner:
            return self._by_part(dataset)
        if "fold" not in dataset.learner:
            raise DataError(
                f"data set '{dataset.name}' has no published split: no learner column 'part' or 'fold'; use ByLearner"
            )
        fold = np.asarray(dataset.learner["fold"])
        fixed = bool(np.any(fold == ALWAYS_TEST))
        names = np.unique(fold[(fold != ALWAYS_TEST) if fixed else (fold != ALWAYS_TRAIN)])
        if self.fold not in names:
            there = f"{names.min()} to {names.max()}" if len(names) else "none"
            raise ConfigError(f"data set '{dataset.name}' has no fold {self.fold}; its folds are {there}")
        following = names[(int(np.searchsorted(names, self.fold)) + 1) % len(names)]
        return by_learners(
            f"published, fold {self.fold}",
            dataset.sequences,
            valid=fold == (self.fold if fixed else following),
            test=fold == (ALWAYS_TEST if fixed else self.fold),
        )

    def _by_part(self, dataset: Dataset) -> Split:
        part = np.asarray(dataset.learner["part"])
        odd = ~np.isin(part, ("train", "test"))
        if odd.any():
            raise DataError(
                f"data set '{dataset.name}': learner '{dataset.sequences.learners[np.argmax(odd)]}' is in part "
                f"'{part[np.argmax(odd)]}', expected 'train' or 'test'"
            )
        drawn = uniform(dataset.sequences.learners, seed=self.seed, purpose="valid") < self.valid
        return by_learners(
            f"published, validation seed {self.seed}",
            dataset.sequences,
            valid=(part == "train") & drawn,
            test=part == "test",
        )


@dataclass(frozen=True)
class ByTime:
    """One pair of cuts in time for all learners: train up to the first, validate up to the second, test after it.

    The cuts are quantiles of the times of all interactions. A learner's earlier rows come along as history that is
    not scored, so someone may be on both sides, but no training row is later than any scored one.
    """

    test_quantile: float = 0.9
    valid_quantile: float = 0.8

    def __post_init__(self) -> None:
        if not 0 < self.valid_quantile <= self.test_quantile < 1:
            raise ConfigError(
                f"ByTime: expected 0 < valid_quantile <= test_quantile < 1, "
                f"got {self.valid_quantile} and {self.test_quantile}"
            )

    def __call__(self, dataset: Dataset) -> Split:
        """The data set in three parts."""
        logs = dataset.sequences
        if np.array_equal(logs.time, logs.position):
            raise DataError(f"data set '{dataset.name}' has an order but no clock, so no cut in time; {_CLOCK_HINT}")
        first, second = np.quantile(logs.time, [self.valid_quantile, self.test_quantile])
        train = logs.where(logs.time <= first)
        valid, valid_scored = with_history(logs, scored=(logs.time > first) & (logs.time <= second))
        test, test_scored = with_history(logs, scored=logs.time > second)
        return Split(
            name=f"by time, validation from quantile {self.valid_quantile}, test from {self.test_quantile}",
            train=train.select(train.lengths > 0),
            valid=valid,
            test=test,
            valid_scored=valid_scored,
            test_scored=test_scored,
            cuts=(float(first), float(second)),
        )


@dataclass(frozen=True)
class LeaveLastOut:
    """The last row of each learner is tested and the one before validated; the rest trains. Only for comparisons.

    Leaky: training reaches past the dates of other learners' tests. validate: False leaves the last but one to
    training, as some papers do. sample: score only that many learners, as drawn by numpy's RandomState(0).choice,
    the same ones in validation and test; everybody trains, the others on their last but one as well.
    """

    validate: bool = True
    sample: int | None = None

    def __call__(self, dataset: Dataset) -> Split:
        """The data set in three parts."""
        logs = dataset.sequences
        back = np.repeat(logs.lengths, logs.lengths) - logs.position  # 1 for the last row of a learner
        long = np.repeat(logs.lengths, logs.lengths)
        tested = (back == 1) & (long >= 2)
        chosen = self._chosen(len(logs.learners))[logs.owner]
        validated = (back == 2) & (long >= 3) & chosen & self.validate
        valid, valid_scored = with_history(logs, scored=validated)
        test, test_scored = with_history(logs, scored=tested & chosen)
        return Split(
            name="leave last out (leaky)",
            train=logs.where(~tested & ~validated),
            valid=valid,
            test=test,
            valid_scored=valid_scored,
            test_scored=test_scored,
            leaky=True,
        )

    def _chosen(self, learners: int) -> BoolArray:
        chosen = np.ones(learners, dtype=bool)
        if self.sample is not None:
            if not 0 < self.sample <= learners:
                raise ConfigError(f"LeaveLastOut: sample={self.sample}, but there are {learners} learners")
            # the legacy generator, because published figures rest on its draw
            picked = np.random.RandomState(0).choice(learners, self.sample, replace=False)
            chosen = np.isin(np.arange(learners), picked)
        return chosen


def by_learners(name: str, logs: Sequences, *, valid: BoolArray, test: BoolArray, history: float = 0.0) -> Split:
    """The learner-wise split in which the masks `valid` and `test`, `[J]`, say who is held out; the rest trains."""
    held_out, tested = logs.select(valid), logs.select(test)
    return Split(
        name=name,
        train=logs.select(~valid & ~test),
        valid=held_out,
        test=tested,
        valid_scored=_after_share(held_out, history),
        test_scored=_after_share(tested, history),
        by_learner=True,
    )


def uniform(ids: StrArray, *, seed: int, purpose: str) -> FloatArray:
    """A number in [0, 1) for each id, `[J]`, fixed by (seed, purpose, id) alone, on every machine."""
    start = f"{seed}\x1f{purpose}\x1f"
    digests = [hashlib.blake2b((start + one).encode(), digest_size=8).digest() for one in ids.tolist()]
    whole = np.frombuffer(b"".join(digests), dtype="<u8")
    fraction: FloatArray = (whole >> np.uint64(11)).astype(np.float64) / 2.0**53
    return fraction


def _after_share(part: Sequences, share: float) -> BoolArray:
    given = np.floor(part.lengths * share).astype(np.int64)
    later: BoolArray = part.position >= np.repeat(given, part.lengths)
    return later


def with_history(logs: Sequences, *, scored: BoolArray) -> tuple[Sequences, BoolArray]:
    """The learners with a scored row, their histories up to the last scored one, and the mask over those rows."""
    last = np.full(len(logs.learners), -1, dtype=np.int64)
    rows: Array = np.flatnonzero(scored)
    np.maximum.at(last, logs.owner[rows], logs.position[rows])
    kept = logs.position <= np.repeat(last, logs.lengths)
    part = logs.where(kept)
    return part.select(last >= 0), scored[kept]
