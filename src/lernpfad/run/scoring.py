"""Histories in a Parquet file to recommendations in another, a few learners at a time, with the code that serves."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import BoolArray, ConfigError, IntArray, Requirement, recommend, unknown_name
from lernpfad.run.histories import Chunk, chunks
from lernpfad.serve.bundle import Bundle

MARK: Final = b"lernpfad"
"""The entry of an output's metadata that says what it was made from."""
_GROUP: Final = 20_000
"""Rows that are written at once; bounds memory, not results."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for every learner. k: items at most. role: of those who have none in the file, "" for none.

    minutes: that they have, None for any number. at: seconds since the epoch; a learner whose history ends later, and
    everybody where it is None, is answered for the moment of her last interaction. together: learners scored at once.
    """

    k: int = 5
    role: str = ""
    minutes: float | None = None
    at: float | None = None
    together: int = 64


@dataclass(frozen=True)
class Scored:
    """What came of one file. learners: who are in its output. fresh: False if the output was there already."""

    learners: int
    fresh: bool


class Scorer:
    """Scores files with one bundle. The output of a file depends on the file, the bundle and what is wanted alone."""

    def __init__(self, bundle: Bundle, wanted: Wanted) -> None:
        self.bundle = bundle
        self.wanted = wanted
        self._roles = {str(name): n for n, name in enumerate(bundle.roles.names)} if bundle.roles else {}
        self._role(wanted.role, where="role=")

    def score(self, source: Path, out: Path) -> Scored:
        """Write the recommendations for a file. What is there already, made of the same, stays as it is.

        The output appears under its name when it is whole. Raises DataError that names file and row.
        """
        made_of = self._made_of(source)
        if (there := _made_of(out)) is not None and there | {"learners": 0} == made_of | {"learners": 0}:
            return Scored(int(there["learners"]), fresh=False)
        draft = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}")
        try:
            learners = self._write(source, draft, made_of)
            draft.replace(out)
        finally:
            draft.unlink(missing_ok=True)
        return Scored(learners, fresh=True)

    def rows(self, chunk: Chunk) -> Iterator[dict[str, Any]]:
        """A row for each item offered to each learner of a chunk, best first."""
        wanted, logs, learners = self.wanted, chunk.histories, len(chunk.histories.learners)
        last = logs.time[logs.offsets[1:] - 1]
        at = last if wanted.at is None else np.maximum(last, wanted.at)
        role = np.array([self._role(name or wanted.role, where=chunk.source) for name in chunk.role])
        situation = self.bundle.next_best.situation(
            logs,
            requirement=self._requirement(role, at),
            role=role,
            minutes_left=None if wanted.minutes is None else np.full(learners, wanted.minutes),
            at=at,
            catalog=self.bundle.catalog,
        )
        for j, found in enumerate(recommend(self.bundle.next_best.policy, situation, k=wanted.k)):
            of_learner = {"learner": str(logs.learners[j]), "at": float(at[j]), "debt": float(situation.debt[j])}
            for place, one in enumerate(found):
                fields = {name: getattr(one, name) for name in _FIELDS}
                yield of_learner | {"place": place} | fields

    def _write(self, source: Path, draft: Path, made_of: Mapping[str, Any]) -> int:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([(name, getattr(pa, kind)()) for name, kind in _COLUMNS.items()])
        learners, waiting = 0, list[dict[str, Any]]()
        with pq.ParquetWriter(draft, schema) as writer:
            for chunk in chunks(source, self.bundle.catalog, together=self.wanted.together):
                waiting += self.rows(chunk)
                learners += len(chunk.histories.learners)
                if len(waiting) >= _GROUP:
                    writer.write_table(pa.Table.from_pylist(waiting, schema=schema))
                    waiting = []
            writer.write_table(pa.Table.from_pylist(waiting, schema=schema))
            writer.add_key_value_metadata({MARK: json.dumps(dict(made_of) | {"learners": learners})})
        return learners

    def _made_of(self, source: Path) -> dict[str, Any]:
        with source.open("rb") as file:
            digest = sha256()
            while block := file.read(1 << 20):
                digest.update(block)
        return {"bundle": self.bundle.version, "wanted": asdict(self.wanted), "source": digest.hexdigest()}

    def _role(self, name: str, *, where: str) -> int:
        if not name:
            return -1
        if name not in self._roles:
            raise ConfigError(f"{where}: {unknown_name('role', name, self._roles)}")
        return self._roles[name]

    def _requirement(self, role: IntArray, at: np.ndarray[Any, Any]) -> Requirement:
        """Of each learner's role; whoever has none wants every skill in full, as everywhere."""
        shape = (len(role), len(self.bundle.catalog.skills))
        full = Requirement(np.ones(shape), np.ones(shape))
        if self.bundle.roles is None:
            return full
        known: BoolArray = (role >= 0)[:, None]
        of_role = self.bundle.roles.at(np.maximum(role, 0), at)
        return Requirement(np.where(known, of_role.level, 1.0), np.where(known, of_role.weight, 1.0))


_FIELDS: Final = ("item", "reason", "propensity", "debt_reduction", "minutes", "success", "affinity")
_COLUMNS: Final = {
    "learner": "string",
    "at": "float64",
    "debt": "float64",
    "place": "int32",
    "item": "string",
    "reason": "string",
    **dict.fromkeys(_FIELDS[2:], "float64"),
}


def _made_of(out: Path) -> dict[str, Any] | None:
    """What an output was made from; None where there is none that is whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        found = pq.read_metadata(out).metadata or {}
        told = json.loads(found[MARK])
    except (OSError, KeyError, ValueError, pa.ArrowInvalid):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("learners"), int) else None
