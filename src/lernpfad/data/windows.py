"""Long histories cut into windows, with every window traceable to its learner and its place.

A window is a history of its own named `learner#first`, where `first` is the place of its first row in the whole
history. Its rows carry `extra["learner"]` (index of the learner) and `extra["position"]` (place in the whole history).
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lernpfad.core import BoolArray, ConfigError, IntArray, Sequences
from lernpfad.data.dataset import Dataset, Split, Splitter


@dataclass(frozen=True)
class _Cuts:
    """Windows by learner, first place and length, each `[W]`."""

    learner: IntArray
    first: IntArray
    length: IntArray

    def within(self) -> IntArray:
        """Place of each row in its window, `[rows]`."""
        return np.arange(int(self.length.sum())) - np.repeat(np.cumsum(self.length) - self.length, self.length)

    def rows(self, logs: Sequences) -> IntArray:
        """Row of `logs` behind each row of the windows."""
        return np.repeat(logs.offsets[self.learner] + self.first, self.length) + self.within()

    def those(self, kept: BoolArray) -> "_Cuts":
        return _Cuts(self.learner[kept], self.first[kept], self.length[kept])

    def apply(self, logs: Sequences) -> Sequences:
        traced = replace(logs, extra={"learner": logs.owner, "position": logs.position, **logs.extra})
        names = np.strings.add(np.strings.add(logs.learners[self.learner], "#"), self.first.astype(np.str_))
        return traced.picked(self.rows(logs), learners=names, lengths=self.length)


def chunks(sequences: Sequences, length: int = 200, minimum: int = 3) -> Sequences:
    """Each history cut into consecutive windows of `length` rows; a remainder stays if it has at least `minimum`."""
    return _chunk_cuts(sequences, length, minimum=minimum).apply(sequences)


def sliding(
    sequences: Sequences, length: int = 200, *, stride: int = 1, score_first: bool = False
) -> tuple[Sequences, BoolArray]:
    """Windows of `length` rows that score every row exactly once, and the mask of the scored rows.

    The first window of a learner is scored whole, each further one only in its last `stride` rows: with stride 1
    every row has `length - 1` earlier rows to go by, with `length // 2` at least half of them, at a fraction of the
    work. A learner's very first row is scored only with `score_first`.
    """
    cuts = _sliding_cuts(sequences, length, stride=stride)
    return cuts.apply(sequences), _sliding_scored(cuts, length, stride=stride, score_first=score_first)


@dataclass(frozen=True)
class Windowed:
    """Another split in windows: chunks to train and to validate on; the test in chunks or sliding windows.

    A window's first row is scored, and a target in training, only with `score_first`; of the held-out rows only those
    that the inner split scores. Held-out windows in which nothing is scored are left out. stride: see `sliding`.
    """

    split: Splitter
    length: int = 200
    minimum: int = 3
    score_first: bool = False
    test: Literal["sliding", "chunk"] = "sliding"
    stride: int = 1

    def __post_init__(self) -> None:
        if self.test not in ("sliding", "chunk"):
            raise ConfigError(f"Windowed: test='{self.test}', expected 'sliding' or 'chunk'")
        if self.length < 2 or not 1 <= self.stride <= self.length:
            raise ConfigError(
                f"Windowed: length={self.length}, stride={self.stride}; expected length >= 2 and 1 <= stride <= length"
            )

    def __call__(self, dataset: Dataset) -> Split:
        """The parts of the inner split, each in windows."""
        whole = self.split(dataset)
        index = {learner: j for j, learner in enumerate(dataset.sequences.learners.tolist())}
        train, valid, test = (_traced(part, index) for part in (whole.train, whole.valid, whole.test))
        valid_chunks, valid_scored = self._chunked(valid, whole.valid_scored)
        tested = self._slid if self.test == "sliding" else self._chunked
        test_windows, test_scored = tested(test, whole.test_scored)
        return replace(
            whole,
            name=f"{whole.name}; windows of {self.length}, test {self.test}",
            train=self._targeted(chunks(train, self.length, self.minimum)),
            valid=valid_chunks,
            test=test_windows,
            valid_scored=valid_scored,
            test_scored=test_scored,
        )

    def _targeted(self, windows: Sequences) -> Sequences:
        """Training windows whose column "scored" says what is a target, where that is not every row."""
        return (
            windows if self.score_first else replace(windows, extra={**windows.extra, "scored": windows.position > 0})
        )

    def _chunked(self, logs: Sequences, scored: BoolArray) -> tuple[Sequences, BoolArray]:
        cuts = _chunk_cuts(logs, self.length, minimum=self.minimum)
        return _kept(logs, cuts, scored[cuts.rows(logs)] & ((cuts.within() > 0) | self.score_first))

    def _slid(self, logs: Sequences, scored: BoolArray) -> tuple[Sequences, BoolArray]:
        cuts = _sliding_cuts(logs, self.length, stride=self.stride)
        mask = _sliding_scored(cuts, self.length, stride=self.stride, score_first=self.score_first)
        return _kept(logs, cuts, scored[cuts.rows(logs)] & mask)


def _chunk_cuts(logs: Sequences, length: int, *, minimum: int) -> _Cuts:
    full, rest = np.divmod(logs.lengths, length)
    count = full + ((rest >= minimum) & (rest > 0))
    learner = np.repeat(np.arange(len(count)), count)
    first = length * (np.arange(len(learner)) - np.repeat(np.cumsum(count) - count, count))
    return _Cuts(learner, first, np.minimum(length, logs.lengths[learner] - first))


def _sliding_cuts(logs: Sequences, length: int, *, stride: int) -> _Cuts:
    beyond = np.maximum(0, logs.lengths - length)
    count = np.where(logs.lengths > 0, 1 + -(-beyond // stride), 0)
    learner = np.repeat(np.arange(len(count)), count)
    first = stride * (np.arange(len(learner)) - np.repeat(np.cumsum(count) - count, count))
    return _Cuts(learner, first, np.minimum(length, logs.lengths[learner] - first))


def _sliding_scored(cuts: _Cuts, length: int, *, stride: int, score_first: bool) -> BoolArray:
    first = np.repeat(cuts.first, cuts.length)
    within = cuts.within()
    scored: BoolArray = np.where(first == 0, (within > 0) | score_first, within >= length - stride)
    return scored


def _kept(logs: Sequences, cuts: _Cuts, scored: BoolArray) -> tuple[Sequences, BoolArray]:
    """The windows in which something is scored, and the mask over their rows."""
    window = np.repeat(np.arange(len(cuts.length)), cuts.length)
    kept = np.bincount(window[scored], minlength=len(cuts.length)) > 0
    return cuts.those(kept).apply(logs), scored[kept[window]]


def _traced(logs: Sequences, index: dict[str, int]) -> Sequences:
    """The same histories whose rows carry their learner's index in the whole data set."""
    owner = np.asarray([index[one] for one in logs.learners.tolist()], dtype=np.int64)
    return replace(logs, extra={**logs.extra, "learner": np.repeat(owner, logs.lengths)})
