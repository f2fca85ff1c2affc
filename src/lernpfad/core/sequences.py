"""Interactions: one step of many learners (`Interactions`), and whole histories, ragged and flat (`Sequences`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from lernpfad.core.arrays import Array, BoolArray, FloatArray, IntArray, StrArray
from lernpfad.core.catalog import Catalog
from lernpfad.core.errors import DataError

CORRECT: Final = 1
WRONG: Final = 0
NOT_ASSESSED: Final = -1
"""Outcome of an item that was taken but not graded (a text, a video), and of every declined offer."""

COLUMNS: Final = ("item", "outcome", "accepted", "minutes", "time")


@dataclass(frozen=True)
class Interactions:
    """One interaction for each of some learners; every field is `[learners]`.

    item: index into the catalog, -1 if unknown to it. outcome: 1 correct, 0 wrong, -1 not assessed.
    accepted: False if the offer was declined. minutes: effort. time: seconds since the epoch, UTC.
    """

    item: IntArray
    outcome: IntArray
    accepted: BoolArray
    minutes: FloatArray
    time: FloatArray

    def __len__(self) -> int:
        return len(self.item)

    def __getitem__(self, index: Array | slice) -> "Interactions":
        return Interactions(*(getattr(self, name)[index] for name in COLUMNS))


@dataclass(frozen=True, eq=False)
class Sequences:
    """Histories of many learners, oldest first: learner j owns rows `offsets[j]:offsets[j+1]`.

    learners: ids, `[J]`. offsets: `[J+1]`. item, outcome, accepted, minutes, time: `[N]` as in `Interactions`.
    extra: further columns that travel with the rows, each `[N]` (propensity, fold, ...).
    One answer is one row, however many skills its item has.
    """

    catalog: Catalog
    learners: StrArray
    offsets: IntArray
    item: IntArray
    outcome: IntArray
    accepted: BoolArray
    minutes: FloatArray
    time: FloatArray
    extra: Mapping[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rows = int(self.offsets[-1])
        if len(self.offsets) != len(self.learners) + 1 or self.offsets[0] != 0:
            raise DataError(
                f"sequences: {len(self.learners)} learners need {len(self.learners) + 1} offsets that "
                f"start at 0, got {len(self.offsets)}"
            )
        for name in COLUMNS:
            if len(getattr(self, name)) != rows:
                raise DataError(
                    f"sequences: column '{name}' has {len(getattr(self, name))} rows, offsets end at {rows}"
                )

    @classmethod
    def of(
        cls,
        catalog: Catalog,
        learners: StrArray | list[str],
        lengths: IntArray | list[int],
        item: IntArray,
        outcome: IntArray,
        *,
        accepted: BoolArray | None = None,
        minutes: FloatArray | None = None,
        time: FloatArray | None = None,
        extra: Mapping[str, Array] | None = None,
    ) -> "Sequences":
        """Sequences from per-learner lengths; what is left out is accepted, of catalog minutes, in row order.

        Without times, the k-th row of every learner is given second k: an order, not a clock.
        """
        offsets = np.concatenate([[0], np.cumsum(np.asarray(lengths, dtype=np.int64))])
        item = np.asarray(item, dtype=np.int32)
        if time is None:
            time = (np.arange(len(item)) - np.repeat(offsets[:-1], lengths)).astype(np.float64)
        if minutes is None:
            known = np.where(item >= 0, item, 0)
            minutes = np.where(item >= 0, catalog.minutes[known], 0.0) if len(catalog) else np.zeros(len(item))
        return cls(
            catalog=catalog,
            learners=np.asarray(learners, dtype=np.str_),
            offsets=offsets,
            item=item,
            outcome=np.asarray(outcome, dtype=np.int8),
            accepted=np.ones(len(item), dtype=bool) if accepted is None else np.asarray(accepted, dtype=bool),
            minutes=np.asarray(minutes, dtype=np.float32),
            time=np.asarray(time, dtype=np.float64),
            extra=dict(extra or {}),
        )

    @classmethod
    def empty(cls, catalog: Catalog, learners: int = 1) -> "Sequences":
        """Learners who have done nothing yet."""
        nothing = np.empty(0, dtype=np.int64)
        names = [f"new-{j}" for j in range(learners)]
        return cls.of(catalog, names, np.zeros(learners, dtype=np.int64), nothing, nothing)

    def __len__(self) -> int:
        """Number of interactions (rows), not of learners."""
        return int(self.offsets[-1])

    @property
    def lengths(self) -> IntArray:
        """Interactions of each learner, `[J]`."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> IntArray:
        """Learner index of each row, `[N]`."""
        return np.repeat(np.arange(len(self.learners)), self.lengths)

    @property
    def position(self) -> IntArray:
        """Place of each row in its learner's history, from 0, `[N]`."""
        return np.arange(len(self)) - np.repeat(self.offsets[:-1], self.lengths)

    @property
    def assessed(self) -> BoolArray:
        """Rows that carry a correct or wrong answer, `[N]`: what a tracer is scored on."""
        return self.accepted & (self.outcome >= 0)

    def rows(self, index: Array | slice) -> Interactions:
        """The rows at `index` as one step of that many learners."""
        return Interactions(*(getattr(self, name)[index] for name in COLUMNS))

    def select(self, learners: Array | slice) -> "Sequences":
        """Some learners (indices or mask over learners, in the given order) with their whole histories."""
        picked = np.arange(len(self.learners))[learners]
        lengths = self.lengths[picked]
        start = np.repeat(self.offsets[picked], lengths)
        within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        return self.picked(start + within, learners=self.learners[picked], lengths=lengths)

    def where(self, mask: BoolArray) -> "Sequences":
        """The rows where `mask` `[N]` holds, in order; every learner is kept, if need be with an empty history."""
        lengths = np.bincount(self.owner[mask], minlength=len(self.learners))
        return self.picked(np.flatnonzero(mask), learners=self.learners, lengths=lengths)

    def with_outcome(self, outcome: IntArray) -> "Sequences":
        """The same histories with other outcomes (for laws and counterfactuals)."""
        return replace(self, outcome=np.asarray(outcome, dtype=np.int8))

    def picked(self, rows: IntArray, *, learners: StrArray, lengths: IntArray) -> "Sequences":
        """The given rows in the given order as histories of `lengths` `[J']`; what `select` and `where` are made of."""
        columns = {name: getattr(self, name)[rows] for name in COLUMNS}
        extra = {name: column[rows] for name, column in self.extra.items()}
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        return Sequences(catalog=self.catalog, learners=learners, offsets=offsets, extra=extra, **columns)
