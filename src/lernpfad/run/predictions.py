"""What a tracer said of every scored answer, kept in its run folder: for stacks, slices and paired comparisons."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np

from lernpfad.core import BoolArray, FloatArray, IntArray, Sequences
from lernpfad.evaluate.results import TracerScores
from lernpfad.serve import files


@dataclass(frozen=True, eq=False)
class Predictions:
    """All `[scored]`, in the order of the split's rows.

    predicted: P(correct), float32. outcome: 1 or 0. owner: learner of each answer. number: which of her answers it is,
    from 1. before: rows that the tracer had to go by. met: whether the item occurs in the training histories.
    """

    predicted: FloatArray
    outcome: IntArray
    owner: IntArray
    number: IntArray
    before: IntArray
    met: BoolArray

    @classmethod
    def of(cls, found: TracerScores, train: Sequences) -> Self:
        """From what was measured on held-out histories."""
        return cls(
            predicted=found.predicted.astype(np.float32),
            outcome=found.outcome.astype(np.int8),
            owner=found.owner.astype(np.int32),
            number=found.number.astype(np.int32),
            before=found.before.astype(np.int32),
            met=np.isin(found.item, np.unique(train.item[train.assessed])),
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `write` wrote."""
        return cls(**files.read_arrays(folder))

    def write(self, folder: Path) -> None:
        """As arrays into `folder`."""
        files.write_arrays(folder, {one.name: getattr(self, one.name) for one in fields(self)})
