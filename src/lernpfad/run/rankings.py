"""How a recommender ranked what each learner took up later: one row a learner, kept as Parquet in the run folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from lernpfad.core import BoolArray, FloatArray, IntArray, Sequences, StrArray
from lernpfad.evaluate.ranking import RankingResult
from lernpfad.evaluate.ranking_slices import rarity

RANKINGS_FILE: Final = "learners.parquet"
_OWN: Final = ("learner", "history", "targets", "rarity")


@dataclass(frozen=True, eq=False)
class Rankings:
    """All `[evaluated]`, in the order of the split's learners.

    learner: ids. history: items that she had taken before. targets: items that there were to find. rarity: where these
    stand among all that was taken in training, mean over them (see `ranking_slices.rarity`); 1 where nobody took any.
    values: every metric by name, `{"ndcg@10": ...}`.
    """

    learner: StrArray
    history: IntArray
    targets: IntArray
    rarity: FloatArray
    values: dict[str, FloatArray]

    @classmethod
    def of(cls, found: RankingResult, histories: Sequences, scored: BoolArray, *, train: Sequences) -> Self:
        """From what was measured on the rows `scored` of these histories; train: where takers are counted."""
        owner, item = _targets(histories, scored)
        count = len(histories.learners)
        place = np.bincount(owner, weights=rarity(takers(train))[item], minlength=count)
        targets, history = np.bincount(owner, minlength=count), _length_before(histories, scored)
        mine = found.learners
        return cls(
            learner=histories.learners[mine],
            history=history[mine],
            targets=targets[mine],
            rarity=place[mine] / np.maximum(targets[mine], 1),
            values=dict(found.per_learner),
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `write` wrote."""
        import pyarrow.parquet as pq

        table = pq.read_table(folder / RANKINGS_FILE)
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
        own = {name: columns.pop(name) for name in _OWN}
        return cls(**{**own, "learner": own["learner"].astype(np.str_)}, values=columns)

    def write(self, folder: Path) -> None:
        """As a table of Parquet into `folder`."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        own = {name: getattr(self, name) for name in _OWN} | {"learner": self.learner.tolist()}
        pq.write_table(pa.table(own | self.values), folder / RANKINGS_FILE)


def takers(train: Sequences) -> IntArray:
    """How many learners took each item of the catalog, `[I]`."""
    return np.bincount(_pairs(train, np.ones(len(train), dtype=bool))[1], minlength=len(train.catalog))


def _length_before(histories: Sequences, scored: BoolArray) -> IntArray:
    """Items that each learner had taken before her first scored row, `[J]`."""
    return np.bincount(_pairs(histories, _before(histories, scored))[0], minlength=len(histories.learners))


def _targets(histories: Sequences, scored: BoolArray) -> tuple[IntArray, IntArray]:
    """(learner, item) of everything new that was taken in the scored rows, each pair once."""
    later, seen = _pairs(histories, scored), _pairs(histories, _before(histories, scored))
    items = max(len(histories.catalog), 1)
    new = np.setdiff1d(later[0] * items + later[1], seen[0] * items + seen[1])
    return new // items, new % items


def _before(histories: Sequences, scored: BoolArray) -> BoolArray:
    """Rows before the learner's first scored one, `[N]`."""
    first = np.full(len(histories.learners), len(histories))
    rows = np.flatnonzero(scored)
    np.minimum.at(first, histories.owner[rows], rows)
    before: BoolArray = np.arange(len(histories)) < first[histories.owner]
    return before


def _pairs(histories: Sequences, rows: BoolArray) -> tuple[IntArray, IntArray]:
    """(learner, item) of what was taken in these rows, each pair once."""
    took, items = rows & histories.accepted & (histories.item >= 0), max(len(histories.catalog), 1)
    pairs = np.unique(histories.owner[took] * items + histories.item[took])
    return pairs // items, pairs % items
