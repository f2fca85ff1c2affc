"""The log of a rollout while it grows: cheap to append to, sorted by learner only when somebody asks."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from lernpfad.core import Array, Catalog, IntArray, Interactions, Sequences, StrArray

COLUMNS: Final = {
    "item": np.int32,
    "outcome": np.int8,
    "accepted": np.bool_,
    "minutes": np.float32,
    "time": np.float64,
}
EXTRA: Final = {
    "propensity": np.float64,
    "week": np.int16,
    "sitting": np.int8,
    "position": np.int16,
    "eligible": np.int32,
}
"""What travels with every offer: see `core.world.Rollout`."""


class Ledger:
    """Offers in the order in which they were made, on top of a past that is already sorted.

    `histories` is what the platform knows of some learners, past included; `log` is what was written here.
    """

    def __init__(self, past: Sequences) -> None:
        self._past = joined(past, np.empty(0, dtype=np.int64), {name: np.empty(0, k) for name, k in COLUMNS.items()})
        self._owners: list[IntArray] = []
        self._pages: list[dict[str, Array]] = []
        self._settled = 0

    def write(self, learners: IntArray, seen: Interactions, **extra: Array | int) -> None:
        """One offer to each of some learners (indices), with the columns of `EXTRA`."""
        page = {name: getattr(seen, name).astype(kind) for name, kind in COLUMNS.items()}
        page |= {name: np.broadcast_to(extra[name], learners.shape).astype(kind) for name, kind in EXTRA.items()}
        self._owners.append(learners)
        self._pages.append(page)

    def settle(self) -> None:
        """Sort what was written into the past, so that `histories` has little left to do."""
        owner, rows = self._written(COLUMNS, since=self._settled)
        self._past, self._settled = joined(self._past, owner, rows), len(self._pages)

    def histories(self, learners: IntArray) -> Sequences:
        """All that some learners (indices) were offered so far, oldest first."""
        owner, rows = self._written(COLUMNS, since=self._settled)
        local = np.full(len(self._past.learners), -1)
        local[learners] = np.arange(len(learners))
        here = np.flatnonzero(local[owner] >= 0)
        return joined(
            self._past.select(learners), local[owner[here]], {name: column[here] for name, column in rows.items()}
        )

    def log(self) -> Sequences:
        """Every offer written here, by learner, oldest first, with all its columns."""
        owner, rows = self._written(COLUMNS | EXTRA, since=0)
        return joined(unwritten(self._past.catalog, self._past.learners), owner, rows)

    def _written(self, kinds: Mapping[str, type], *, since: int) -> tuple[IntArray, dict[str, Array]]:
        nobody = np.empty(0, dtype=np.int64)
        owner = np.concatenate([nobody, *self._owners[since:]])
        pages = self._pages[since:]
        return owner, {
            n: np.concatenate([np.empty(0, kind), *(page[n] for page in pages)]) for n, kind in kinds.items()
        }


def unwritten(catalog: Catalog, learners: StrArray) -> Sequences:
    """Learners to whom nothing was offered yet."""
    nothing = np.empty(0, dtype=np.int64)
    return Sequences.of(catalog, learners, np.zeros(len(learners), dtype=np.int64), nothing, nothing)


def joined(past: Sequences, owner: IntArray, rows: Mapping[str, Array]) -> Sequences:
    """The past of each learner, then her new rows in their order.

    owner: learner index of each new row. rows: the columns of `COLUMNS`, and more that only new rows have when the
    past is empty; columns that are not in `rows` are dropped.
    """
    count = len(past.learners)
    offsets = past.offsets + np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))])
    order = np.argsort(owner, kind="stable")
    first_new = offsets[1:] - np.bincount(owner, minlength=count)
    rank = np.arange(len(owner)) - np.searchsorted(owner[order], owner[order], side="left")
    to_new, to_old = first_new[owner[order]] + rank, offsets[past.owner] + past.position

    def column(name: str) -> Array:
        out = np.empty(int(offsets[-1]), dtype=rows[name].dtype)
        out[to_new] = rows[name][order]
        if len(past):
            out[to_old] = getattr(past, name) if name in COLUMNS else past.extra[name]
        return out

    return Sequences(
        catalog=past.catalog,
        learners=past.learners,
        offsets=offsets,
        extra={name: column(name) for name in rows if name not in COLUMNS},
        **{name: column(name) for name in COLUMNS},
    )
