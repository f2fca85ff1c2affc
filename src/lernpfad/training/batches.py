"""Histories of about equal length side by side, so that next to nothing is padded."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from lernpfad.core import NOT_ASSESSED, UNKNOWN, Array, BoolArray, IntArray, Sequences
from lernpfad.training.network import Batch

_BLUR = 0.1
"""Lengths are blurred by this share when shuffled, so that long histories do not always meet the same company."""


def targets(histories: Sequences) -> BoolArray:
    """Rows whose answer is to be predicted, `[N]`: assessed and, where the column `extra["scored"]` exists, in it."""
    scored = histories.extra.get("scored")
    return histories.assessed if scored is None else histories.assessed & scored


def buckets(lengths: IntArray, budget: int, rng: np.random.Generator | None = None) -> list[IntArray]:
    """Indices grouped so that `count * longest <= budget` in each group (a single longer one is a group of its own).

    Without `rng` in order of length. With it, in random order and company: lengths are blurred before sorting, so
    that a group may hold a little more than the budget; the number of groups stays the same, as Lightning expects.
    """
    cuts = _cuts(np.sort(lengths), budget)
    key = lengths if rng is None else lengths * rng.uniform(1 - _BLUR, 1 + _BLUR, len(lengths))
    groups: list[IntArray] = list(np.split(np.argsort(key, kind="stable"), cuts)) if len(lengths) else []
    return groups if rng is None else [groups[g] for g in rng.permutation(len(groups))]


def _cuts(ascending: IntArray, budget: int) -> list[int]:
    """Where a new group begins."""
    cuts: list[int] = []
    first = 0
    for place, length in enumerate(ascending.tolist()):
        if length * (place - first + 1) > budget and place > first:
            cuts.append(place)
            first = place
    return cuts


class _Ragged(NamedTuple):
    """Columns of ragged rows and where each learner's rows begin."""

    offsets: IntArray
    columns: dict[str, Array]

    def padded(self, learners: IntArray, **fill: Any) -> dict[str, torch.Tensor]:
        """Rectangles `[learners, longest]` of the columns named in `fill`, with that value as padding."""
        first, length = self.offsets[learners], self.offsets[learners + 1] - self.offsets[learners]
        place = np.arange(max(int(length.max(initial=0)), 1))
        there = place < length[:, None]
        rows = (first[:, None] + place)[there]
        padded = {name: np.full(there.shape, value, self.columns[name].dtype) for name, value in fill.items()}
        for name, rectangle in padded.items():
            rectangle[there] = self.columns[name][rows]
        return {name: torch.from_numpy(rectangle) for name, rectangle in padded.items()}


class Histories(Dataset[Batch]):
    """Histories as batches: index it with learners, get their `Batch`."""

    def __init__(self, histories: Sequences) -> None:
        took = histories.accepted
        done = np.concatenate([[0], np.cumsum(took)])
        scored = targets(histories)
        self.lengths = histories.lengths
        self._history = _Ragged(
            done[histories.offsets],
            {"item": histories.item[took].astype(np.int64), "outcome": histories.outcome[took].astype(np.int64)},
        )
        self._questions = _Ragged(
            histories.offsets,
            {
                "asked": histories.item.astype(np.int64),
                "before": done[:-1] - np.repeat(done[histories.offsets[:-1]], histories.lengths),
                "answer": np.where(scored, histories.outcome, 0).astype(np.float32),
                "scored": scored,
                "row": np.arange(len(histories)),
            },
        )

    def __getitem__(self, learners: IntArray) -> Batch:
        return Batch(
            **self._history.padded(learners, item=UNKNOWN, outcome=NOT_ASSESSED),
            **self._questions.padded(learners, asked=UNKNOWN, before=0, answer=0.0, scored=False),
        )

    def rows(self, learners: IntArray) -> IntArray:
        """Row of the histories behind each question of a batch, `[B, T]`, -1 for padding."""
        rows: IntArray = self._questions.padded(learners, row=-1)["row"].numpy()
        return rows


class Buckets(Sampler[IntArray]):
    """Which learners share a batch; reshuffled in every epoch by seed and epoch alone, so that a resume is exact."""

    def __init__(self, lengths: IntArray, budget: int, *, seed: int | None = None) -> None:
        self.lengths, self.budget, self.seed = lengths, budget, seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this at the start of an epoch."""
        rng = None if self.seed is None else np.random.default_rng([self.seed, epoch])
        self._groups = buckets(self.lengths, self.budget, rng)

    def __iter__(self) -> Iterator[IntArray]:
        # a generator looks at the groups only when the first is asked for: on a resume, Lightning takes the iterator
        # before it sets the epoch
        yield from self._groups

    def __len__(self) -> int:
        return len(self._groups)


def loader(histories: Sequences, budget: int, *, seed: int | None = None) -> DataLoader[Batch]:
    """Batches of the learners who have something to predict; in a fixed order without a seed."""
    useful = np.unique(histories.owner[targets(histories)])
    data = Histories(histories.select(useful))
    return DataLoader(data, sampler=Buckets(data.lengths, budget, seed=seed), batch_size=None)
