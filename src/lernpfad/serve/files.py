"""Arrays, JSON and checksums on disk: all that a bundle is made of. Nothing here can run code."""

import hashlib
import json
import math
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import Array, BundleError

ARRAYS = "arrays.safetensors"
STRINGS = "strings.json"
_NUMBERS = "biuf"


def sha256(path: Path) -> str:
    """Checksum of a file, hex; reads it in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical(value: object) -> bytes:
    """JSON that is the same for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def write_json(path: Path, value: object) -> None:
    """Write a value as readable JSON, standard JSON only; whoever reads meanwhile finds the old file or the new one."""
    text = json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    """What a JSON file holds. A file that is not JSON is a BundleError that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise BundleError(f"{path.name} in {path.parent} is not JSON ({problem}); export the bundle again") from problem


def write_arrays(folder: Path, arrays: Mapping[str, Array]) -> None:
    """Numbers as safetensors, strings as JSON lists: two files in `folder`, the second only if needed."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    strings = {name: array.tolist() for name, array in arrays.items() if array.dtype.kind == "U"}
    numbers = {name: _plain(name, array) for name, array in arrays.items() if name not in strings}
    save_file(numbers, folder / ARRAYS)
    if strings:
        write_json(folder / STRINGS, strings)


def read_arrays(folder: Path) -> dict[str, Array]:
    """What `write_arrays` wrote."""
    numbers = read_tensors(folder / ARRAYS)
    strings = read_json(folder / STRINGS) if (folder / STRINGS).exists() else {}
    return numbers | {name: np.asarray(values, dtype=np.str_) for name, values in strings.items()}


def read_tensors(path: Path) -> dict[str, Array]:
    """The arrays of a safetensors file. A damaged file is a BundleError that names it."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays: dict[str, Array] = load_file(path)
    except (SafetensorError, OSError, ValueError) as problem:
        raise BundleError(f"cannot read {path.name} in {path.parent} ({problem}); export the bundle again") from problem
    return arrays


def jsonable(value: object, *, exact: bool = False) -> Any:
    """A value as standard JSON: NumPy scalars and arrays unwrapped, paths as text, NaN and infinity as null.

    exact: refuse NaN and infinity instead. BundleError for what JSON cannot hold.
    """
    if isinstance(value, Mapping):
        return {str(key): jsonable(one, exact=exact) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return jsonable(value.tolist(), exact=exact)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [jsonable(one, exact=exact) for one in value]
    if isinstance(value, float) and not math.isfinite(value) and not exact:
        return None
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Path):
        return str(value)
    raise BundleError(f"{value!r} cannot be written as JSON; use finite numbers, strings, lists and dicts")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _plain(name: str, array: Array) -> Array:
    if array.dtype.kind not in _NUMBERS:
        raise BundleError(
            f"array '{name}' is of {array.dtype}, which a bundle cannot hold; "
            "keep what was learned as numbers, booleans or strings"
        )
    # safetensors writes the buffer as it lies in memory, whatever its strides say
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
