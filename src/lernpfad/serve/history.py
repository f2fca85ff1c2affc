"""A learner's interactions in columns, with items by id: what is posted and stored, before a bundle reads it."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from lernpfad.core import Catalog, Sequences
from lernpfad.serve.files import canonical


@dataclass(frozen=True)
class Rows:
    """One learner's interactions, oldest first, every column as long as the others.

    outcome: 1 correct, 0 wrong, -1 not assessed. minutes: None where the item's own count. time: seconds, UTC.
    """

    item: tuple[str, ...] = ()
    outcome: tuple[int, ...] = ()
    accepted: tuple[bool, ...] = ()
    minutes: tuple[float | None, ...] = ()
    time: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.item)

    def digest(self, first: int) -> str:
        """A hash of the first rows: equal if and only if they say the same in the same order."""
        if first not in self._digests:
            columns = (self.item, self.outcome, self.accepted, self.minutes, self.time)
            self._digests[first] = sha256(canonical([column[:first] for column in columns])).hexdigest()
        return self._digests[first]

    @cached_property
    def _digests(self) -> dict[int, str]:
        return {}

    def history(self, catalog: Catalog) -> Sequences:
        """The rows as models take them; an item that the catalog does not hold is an unknown item of no minutes."""
        item = catalog.indices(self.item)
        usual = catalog.minutes[item] if len(catalog) else np.zeros(len(self))
        expected = np.where(item >= 0, usual, 0.0)
        spent = [given if given is not None else expected[n] for n, given in enumerate(self.minutes)]
        return Sequences.of(
            catalog,
            ["posted"],
            [len(self)],
            item,
            np.asarray(self.outcome, dtype=np.int8),
            accepted=np.asarray(self.accepted, dtype=bool),
            minutes=np.asarray(spent, dtype=np.float32),
            time=np.asarray(self.time, dtype=np.float64),
        )
