"""A data set as everything else sees it, and its division into training, validation and test."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np

from lernpfad.core import Array, BoolArray, Catalog, DataError, Roles, Sequences
from lernpfad.core.sequences import COLUMNS

_PIECE = 1 << 20

TIES: Final = "rows of one time stay in the order of the log"
"""The tie rule of every split."""


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
                _feed(digest, array)
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

    What it promises, and `build.check` holds it to: by_learner: no learner is in two parts. cuts: seconds since the
    epoch after which validation and test are scored, training ends at the first. cold: no training row has an item of
    a scored row.
    """

    name: str
    train: Sequences
    valid: Sequences
    test: Sequences
    valid_scored: BoolArray
    test_scored: BoolArray
    leaky: bool = False
    by_learner: bool = False
    cuts: tuple[float, float] | None = None
    cold: bool = False

    def __post_init__(self) -> None:
        for name in ("valid", "test"):
            rows, scored = len(getattr(self, name)), len(getattr(self, f"{name}_scored"))
            if rows != scored:
                raise DataError(f"split '{self.name}': {name} has {rows} rows, but {name}_scored has {scored}")

    def manifest(self) -> dict[str, Any]:
        """What one needs to tell whether two results rest on the same division, as JSON: promises and hashes."""
        return {
            "name": self.name,
            "leaky": self.leaky,
            "by_learner": self.by_learner,
            "cuts": None if self.cuts is None else [float(cut) for cut in self.cuts],
            "cold": self.cold,
            "ties": TIES,
            "parts": {
                "train": _told(self.train),
                "valid": _told(self.valid, self.valid_scored),
                "test": _told(self.test, self.test_scored),
            },
        }


def _feed(digest: Any, array: Array) -> None:
    """The bytes of an array, in pieces: a mapped column is never held as a whole."""
    for first in range(0, max(len(array), 1), _PIECE):
        digest.update(np.ascontiguousarray(array[first : first + _PIECE]).data)


def _told(part: Sequences, scored: BoolArray | None = None) -> dict[str, Any]:
    """Size of a part, and SHA-256 in hex of its learners, of its rows (whose, what, when), and of what is scored."""
    rows = hashlib.sha256()
    for array in (part.offsets, part.item, part.time, part.accepted):
        _feed(rows, array)
    told: dict[str, Any] = {
        "learners": len(part.learners),
        "rows": len(part),
        "learners_sha256": hashlib.sha256("\0".join(part.learners.tolist()).encode()).hexdigest(),
        "rows_sha256": rows.hexdigest(),
    }
    if scored is not None:
        told |= {
            "scored": int(scored.sum()),
            "scored_sha256": hashlib.sha256(np.packbits(scored).tobytes()).hexdigest(),
        }
    return told


Splitter: TypeAlias = Callable[[Dataset], Split]
"""What divides a data set: `ByLearner(...)`, `Published(...)`, `Windowed(...)`, or any function of that shape."""
