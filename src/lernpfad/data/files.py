"""The bytes of a raw file, plain or gzipped, held to the checksum that the configuration names."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lernpfad.core import DataError

GUIDE = "data/README.md says where to get it"


@dataclass(frozen=True)
class Raw:
    """One file, unpacked. path: where it lies. content: its bytes."""

    path: Path
    content: bytes


def existing_folder(folder: str | Path) -> Path:
    """The folder as a path, or a DataError that says how to point to it."""
    path = Path(folder)
    if not path.is_dir():
        raise DataError(f"{path}: no such folder; set data.root or LERNPFAD_DATA to where the logs lie ({GUIDE})")
    return path


def find(folder: Path, name: str) -> Path | None:
    """The file `name`, or `name.gz`, in the folder, if there is one."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def load(folder: str | Path, name: str, *, sha256: Mapping[str, str] | None = None) -> Raw:
    """The content of `name`, or of `name.gz`, unpacked.

    sha256: expected checksum (hex) of the unpacked content by file name; a file that it does not list is not checked.
    Raises DataError if the file is absent, damaged, or not the expected one.
    """
    path = find(existing_folder(folder), name)
    if path is None:
        raise DataError(f"{Path(folder) / name}: no such file, nor {name}.gz beside it; {GUIDE}")
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as problem:
            raise DataError(f"{path}: not a whole gzip file ({problem}); get it again, {GUIDE}") from problem
    verify(path, content, expected=(sha256 or {}).get(name))
    return Raw(path, content)


def verify(path: Path, content: bytes, *, expected: str | None) -> None:
    """Refuse content that has another checksum than expected; None expects nothing."""
    if expected is None:
        return
    found = hashlib.sha256(content).hexdigest()
    if found != expected.lower():
        raise DataError(
            f"{path}: sha256 of the unpacked content is {found}, expected {expected}; get the file named in "
            "data/README.md, or set data.source.sha256=null to read this one"
        )
