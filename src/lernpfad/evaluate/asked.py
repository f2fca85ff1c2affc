"""What a recommender is asked: who is shown with which past, and what of her future is to be found."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from lernpfad.core import BoolArray, ConfigError, DataError, FloatArray, IntArray, Sequences, StrArray, unknown_name

Targets: TypeAlias = Literal["all", "first", "last"]
"""Of the items taken up later: all of them, or the first or the last one alone."""


@dataclass(frozen=True, eq=False)
class Question:
    """Histories as the recommender may see them, and the targets, each once, oldest first.

    visible: every learner, if need be with an empty history. owner, item: learner and item of each target, `[T]`.
    """

    visible: Sequences
    owner: IntArray
    item: IntArray


@dataclass(frozen=True, eq=False)
class Asked:
    """What each evaluated learner was asked for and where it stood; her targets are `offsets[j]:offsets[j+1]`.

    names: ids, `[evaluated]`. history: rows that the recommender saw of her, `[evaluated]`.
    item: of each target, `[T]`. rank: its mid-rank from 1, inf beyond the longest list, `[T]`.
    takers: learners who took it in training, `[T]`. fifth: 1 (popular) to 5 (rare), 0 where nobody took it; see
    `exposure.fifths`, `[T]`.
    """

    names: StrArray
    history: IntArray
    offsets: IntArray
    item: IntArray
    rank: FloatArray
    takers: IntArray
    fifth: IntArray

    @property
    def count(self) -> IntArray:
        """Targets of each learner, `[evaluated]`."""
        return np.diff(self.offsets)

    @property
    def owner(self) -> IntArray:
        """Evaluated learner of each target, `[T]`."""
        return np.repeat(np.arange(len(self.names)), self.count)

    @property
    def cold(self) -> IntArray:
        """How many of her targets nobody took in training, `[evaluated]`."""
        return np.bincount(self.owner[self.takers == 0], minlength=len(self.names))

    @property
    def popularity(self) -> FloatArray:
        """Mean training takers of her targets, `[evaluated]`."""
        return np.bincount(self.owner, weights=self.takers, minlength=len(self.names)) / np.maximum(self.count, 1)


def question(histories: Sequences, scored: BoolArray, *, targets: Targets = "all", mask_seen: bool = True) -> Question:
    """What precedes the first scored row is visible, the items accepted in scored rows are to be found.

    "first": only the first of them. "last": only the last, and everything before it is visible, as where the next item
    is predicted. mask_seen: what she had taken before is no target. ConfigError for other words than these.
    """
    if targets not in get_args(Targets):
        raise ConfigError(unknown_name("choice of targets", targets, get_args(Targets)))
    if len(scored) != len(histories):
        raise DataError(f"ranking: scored has {len(scored)} entries for {len(histories)} rows; pass one per row")
    rows: IntArray = np.flatnonzero(scored & took(histories))
    hidden = _from(histories, scored)
    if targets == "last":
        fresh = _once(histories, np.flatnonzero(took(histories))) if mask_seen else rows
        rows = _ends(histories, np.intersect1d(rows, fresh, assume_unique=True), last=True)
        hidden = _from(histories, np.isin(np.arange(len(histories)), rows), otherwise=hidden)
    visible = histories.where(~hidden)
    rows = _once(histories, rows)
    if mask_seen:
        rows = rows[~np.isin(_keys(histories)[rows], _keys(visible)[took(visible)])]
    rows = _ends(histories, rows, last=False) if targets == "first" else rows
    return Question(visible, histories.owner[rows], histories.item[rows].astype(np.int64))


def took(histories: Sequences) -> BoolArray:
    """Rows in which a known item was accepted, `[N]`."""
    rows: BoolArray = histories.accepted & (histories.item >= 0)
    return rows


def _keys(histories: Sequences) -> IntArray:
    """A number for each pair of learner and item, `[N]`; no use for unknown items."""
    keys: IntArray = histories.owner * max(len(histories.catalog), 1) + histories.item
    return keys


def _from(histories: Sequences, mask: BoolArray, *, otherwise: BoolArray | None = None) -> BoolArray:
    """Rows from the learner's first marked one on, `[N]`; of learners without a mark, `otherwise`."""
    so_far = np.concatenate([[0], np.cumsum(mask)])
    before = np.repeat(so_far[histories.offsets[:-1]], histories.lengths)
    later: BoolArray = so_far[1:] > before
    if otherwise is None:
        return later
    marked = np.repeat(so_far[histories.offsets[1:]], histories.lengths) > before
    return np.where(marked, later, otherwise)


def _once(histories: Sequences, rows: IntArray) -> IntArray:
    """Of the given rows, in order, those in which a learner takes an item for the first time."""
    _, first = np.unique(_keys(histories)[rows], return_index=True)
    kept: IntArray = rows[np.sort(first)]
    return kept


def _ends(histories: Sequences, rows: IntArray, *, last: bool) -> IntArray:
    """The last, or the first, of the given rows of each learner."""
    owner = histories.owner[rows]
    new = np.concatenate([[True], owner[1:] != owner[:-1]]) if len(rows) else np.zeros(0, dtype=bool)
    kept: IntArray = rows[np.append(new[1:], True)[: len(rows)] if last else new]
    return kept
