"""A data set as everything else sees it, and its division into training, validation and test."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from lernpfad.core import Array, BoolArray, Catalog, DataError, Roles, Sequences
from lernpfad.core.sequences import COLUMNS

_PIECE = 1 << 20


@dataclass(frozen=True, eq=False)
class Dataset:
    """Histories with what is known of their learners.

    sequences: all interactions. learner: further columns, each `[J]`: "fold" and "part" of a published split,
    "role" and "target_role" as indices into `roles.names` (-1 without a role), or any other.
    """

    name: str
    sequences: Sequences
    learner: Mapping[str, Array] = field(default_factory=dict)
    roles: Roles | None = None

    def __post_init__(self) -> None:
        for name, column in self.learner.items():
            if len(column) != len(self.sequences.learners):
                raise DataError(
                    f"data set '{self.name}': learner column '{name}' has {len(column)} rows, "
                    f"expected one for each of the {len(self.sequences.learners)} learners"
                )

    @property
    def catalog(self) -> Catalog:
        """The items on offer."""
        return self.sequences.catalog

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every array and id, in hex: equal content, equal fingerprint, whatever file it came from."""
        digest = hashlib.sha256()
        for name, array in self._arrays():
            digest.update(f"{name} {array.dtype.kind} {array.shape}\n".encode())
            if array.dtype.kind in "US":
                digest.update("\0".join(array.ravel().tolist()).encode())
            else:
                for first in range(0, max(len(array), 1), _PIECE):  # a mapped column is never held as a whole
                    digest.update(np.ascontiguousarray(array[first : first + _PIECE]).data)
        return digest.hexdigest()

    def _arrays(self) -> Iterator[tuple[str, Array]]:
        for name in ("items", "skills", "item_skills", "minutes", "kind", "prerequisites"):
            yield f"catalog.{name}", getattr(self.catalog, name)
        for name in ("learners", "offsets", *COLUMNS):
            yield f"sequences.{name}", getattr(self.sequences, name)
        yield from ((f"extra.{name}", self.sequences.extra[name]) for name in sorted(self.sequences.extra))
        yield from ((f"learner.{name}", self.learner[name]) for name in sorted(self.learner))
        if self.roles is not None:
            yield from ((f"roles.{name}", getattr(self.roles, name)) for name in ("names", "valid_from"))
            yield from ((f"roles.{name}", getattr(self.roles, name)) for name in ("level", "weight"))


@dataclass(frozen=True, eq=False)
class Split:
    """Training, validation and test histories, and which rows of the latter two are predicted and scored.

    valid_scored, test_scored: `[rows of valid]`, `[rows of test]`; the other rows are history only. Tracing
    metrics score those of them that are assessed as well, ranking metrics those that were accepted.
    Windowed histories carry `extra["learner"]`, the learner's index in the data set, and `extra["position"]`,
    the row's place in the whole history. leaky: the future of some learners is in the past of others.
    """

    name: str
    train: Sequences
    valid: Sequences
    test: Sequences
    valid_scored: BoolArray
    test_scored: BoolArray
    leaky: bool = False

    def __post_init__(self) -> None:
        for name in ("valid", "test"):
            rows, scored = len(getattr(self, name)), len(getattr(self, f"{name}_scored"))
            if rows != scored:
                raise DataError(f"split '{self.name}': {name} has {rows} rows, but {name}_scored has {scored}")


Splitter: TypeAlias = Callable[[Dataset], Split]
"""What divides a data set: `ByLearner(...)`, `Published(...)`, `Windowed(...)`, or any function of that shape."""
