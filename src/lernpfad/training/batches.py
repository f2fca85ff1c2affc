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

_LOOKED_AT = 256
"""Learners that are looked at together to see who has something to predict."""


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


class _Rows(NamedTuple):
    """Which rows of the histories stand where in a rectangle `[learners, longest]`."""

    rows: IntArray
    there: BoolArray

    @classmethod
    def of(cls, rows: IntArray, lengths: IntArray) -> "_Rows":
        """rows: of all learners, one after the other. lengths: how many of them are whose."""
        place = np.arange(max(int(lengths.max(initial=0)), 1))
        return cls(rows, place < lengths[:, None])

    def padded(self, values: Array, *, fill: Any, dtype: Any) -> torch.Tensor:
        """The values of the rows, `[rows]`, in their places."""
        rectangle = np.full(self.there.shape, fill, dtype)
        rectangle[self.there] = values
        return torch.from_numpy(rectangle)


class Histories(Dataset[Batch]):
    """Histories as batches: index it with learners, get their `Batch`.

    Only the rows of a batch are ever looked at, so that mapped histories stay on disk.
    """

    def __init__(self, histories: Sequences) -> None:
        self.histories = histories
        self.lengths = histories.lengths
        self._scored = histories.extra.get("scored")

    def __getitem__(self, learners: IntArray) -> Batch:
        logs, asked = self.histories, self._asked(learners)
        seen = logs.rows(asked.rows)
        scored = seen.accepted & (seen.outcome >= 0)
        if self._scored is not None:
            scored &= self._scored[asked.rows]
        took = np.zeros(asked.there.shape, dtype=bool)
        took[asked.there] = seen.accepted
        before = np.cumsum(took, axis=1) - took
        did = _Rows.of(asked.rows[seen.accepted], took.sum(axis=1))
        return Batch(
            item=did.padded(seen.item[seen.accepted], fill=UNKNOWN, dtype=np.int64),
            outcome=did.padded(seen.outcome[seen.accepted], fill=NOT_ASSESSED, dtype=np.int64),
            asked=asked.padded(seen.item, fill=UNKNOWN, dtype=np.int64),
            before=asked.padded(before[asked.there], fill=0, dtype=np.int64),
            answer=asked.padded(np.where(scored, seen.outcome, 0), fill=0.0, dtype=np.float32),
            scored=asked.padded(scored, fill=False, dtype=bool),
        )

    def rows(self, learners: IntArray) -> IntArray:
        """Row of the histories behind each question of a batch, `[B, T]`, -1 for padding."""
        asked = self._asked(learners)
        rows: IntArray = asked.padded(asked.rows, fill=-1, dtype=np.int64).numpy()
        return rows

    def _asked(self, learners: IntArray) -> _Rows:
        lengths = self.lengths[learners]
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return _Rows.of(np.repeat(self.histories.offsets[learners], lengths) + within, lengths)


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
    useful = _with_targets(histories)
    data = Histories(histories if useful.all() else histories.select(useful))
    return DataLoader(data, sampler=Buckets(data.lengths, budget, seed=seed), batch_size=None)


def _with_targets(histories: Sequences) -> BoolArray:
    """Learners who have something to predict, `[J]`; looks at some hundred of them at a time."""
    useful = np.zeros(len(histories.learners), dtype=bool)
    for first in range(0, len(useful), _LOOKED_AT):
        part = histories.offsets[first : first + _LOOKED_AT + 1]
        rows = np.arange(part[0], part[-1])
        seen, scored = histories.rows(slice(part[0], part[-1])), histories.extra.get("scored")
        hit = seen.accepted & (seen.outcome >= 0)
        hit = hit if scored is None else hit & scored[part[0] : part[-1]]
        useful[first + np.searchsorted(part, rows[hit], side="right") - 1] = True
    return useful
