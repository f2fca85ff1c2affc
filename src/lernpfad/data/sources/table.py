"""Our own table layout as a source; `lernpfad.data.table` describes and writes it."""

from collections.abc import Mapping
from pathlib import Path

from lernpfad.data import table
from lernpfad.data.dataset import Dataset


def read(folder: str | Path, *, name: str | None = None, sha256: Mapping[str, str] | None = None) -> Dataset:
    """The tables of a folder, Parquet or CSV. Raises DataError that names file, line (or row) and reason."""
    return table.read(folder, name=name, sha256=sha256)
