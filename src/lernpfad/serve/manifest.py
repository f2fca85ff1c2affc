"""The manifest: what a bundle is, and the checksum of every file in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256 as digest_of
from pathlib import Path, PurePosixPath
from typing import Any, Final

from lernpfad._version import __version__
from lernpfad.core import BundleError
from lernpfad.serve.files import canonical, read_json, sha256, write_json

SCHEMA: Final = 1
"""Version of the layout that this lernpfad writes; it reads this one and older ones."""

MANIFEST: Final = "manifest.json"
_VERSION_DIGITS = 12
_KINDS = {
    "lernpfad": str,
    "written": str,
    "models": dict,
    "max_repeats": int,
    "metrics": dict,
    "provenance": dict,
    "files": dict,
    "digest": str,
}


@dataclass(frozen=True)
class Manifest:
    """The content of `manifest.json`.

    models: "tracer", "recommender" and "policy", each described well enough to be built again.
    provenance: where it came from, free; `data_hash`, `commit`, `run`, `intended_use` and `limits` have a place in
    the model card. files: per relative path its "sha256" and "bytes". written: UTC, ISO 8601.
    digest: sha256 over all the rest, so that an edited manifest is noticed too.
    """

    schema: int
    lernpfad: str
    written: str
    models: Mapping[str, Any]
    max_repeats: int
    metrics: Mapping[str, Any]
    data_hash: str | None
    provenance: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    digest: str = ""

    @property
    def version(self) -> str:
        """Names the bundle in answers and logs: the first digits of its digest."""
        return self.digest[:_VERSION_DIGITS]

    def write(self, folder: Path) -> None:
        """Write `manifest.json`, its digest filled in."""
        content = asdict(self) | {"digest": ""}
        write_json(folder / MANIFEST, content | {"digest": _digest(content)})


def inventory(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and checksum of every file under `folder` except the manifest, by relative path."""
    return {
        name: {"sha256": sha256(folder / name), "bytes": (folder / name).stat().st_size} for name in _files_in(folder)
    }


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle, checked: its schema, its own digest, and every file it lists.

    Raises BundleError that names the file and the fix.
    """
    if not (folder / MANIFEST).is_file():
        raise BundleError(
            f"no bundle at {folder}: there is no {MANIFEST}; write one with `lernpfad export`, or mend the path"
        )
    manifest = _parsed(read_json(folder / MANIFEST), folder)
    if manifest.digest != _digest(asdict(manifest) | {"digest": ""}):
        raise BundleError(f"{MANIFEST} in {folder} was changed after the export; export the bundle again")
    _check_files(folder, manifest.files)
    return manifest


def _parsed(content: Any, folder: Path) -> Manifest:
    schema = content.get("schema") if isinstance(content, dict) else None
    if not isinstance(schema, int):
        raise BundleError(f"{MANIFEST} in {folder} names no schema version; it was not written by `lernpfad export`")
    if schema > SCHEMA:
        raise BundleError(
            f"{MANIFEST} in {folder} has schema {schema}, lernpfad {__version__} reads up to {SCHEMA}; "
            "upgrade lernpfad, or export the bundle with this version"
        )
    try:
        manifest = Manifest(**content)
    except TypeError as problem:
        raise BundleError(f"{MANIFEST} in {folder} lacks or adds an entry ({problem}); export it again") from problem
    for name, kind in _KINDS.items():
        if not isinstance(content.get(name), kind):
            raise BundleError(f"{MANIFEST} in {folder}: '{name}' is no {kind.__name__}; export the bundle again")
    return manifest


def _check_files(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    for name, expected in files.items():
        path = folder / name
        if not isinstance(expected, Mapping):
            raise BundleError(f"{MANIFEST} in {folder} has no size and sha256 of {name}; export the bundle again")
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BundleError(f"{MANIFEST} in {folder} lists '{name}', which is outside of the bundle; refuse it")
        if not path.is_file():
            raise BundleError(f"{name} is missing in {folder}; copy the bundle again, or export it again")
        size = path.stat().st_size
        if size != expected.get("bytes"):
            raise BundleError(
                f"{name} in {folder} has {size} bytes, the manifest says {expected.get('bytes')}; "
                "copy the bundle again, or export it again"
            )
        if sha256(path) != expected.get("sha256"):
            raise BundleError(f"{name} in {folder} was changed after the export; copy or export the bundle again")
    for name in _files_in(folder):
        if name not in files:
            raise BundleError(f"{name} in {folder} is not in the manifest; remove it, or export the bundle again")


def _files_in(folder: Path) -> list[str]:
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return [name for name in names if name != MANIFEST]


def _digest(content: Mapping[str, Any]) -> str:
    return digest_of(canonical(content)).hexdigest()
