"""Arrays, JSON and checksums on disk: all that a bundle is made of. Nothing here can run code."""

import hashlib
import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lernpfad.core import Array, BundleError

ARRAYS = "arrays.safetensors"
STRINGS = "strings.json"
_NUMBERS = "biuf"
_DEEPEST = 100
"""Levels of lists and objects in a JSON file; more are nobody's settings, and exhaust the stack of what walks them."""


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
    """What a JSON file holds. A file that is not JSON, or is nested too deeply, is a BundleError that names it."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
        _refuse_depths(value)
    except (ValueError, RecursionError) as problem:
        raise BundleError(f"{path.name} in {path.parent} is not JSON ({problem}); export the bundle again") from problem
    return value


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
    strings = _read_strings(folder / STRINGS) if (folder / STRINGS).exists() else {}
    return numbers | strings


def _read_strings(path: Path) -> dict[str, Array]:
    lists = read_json(path)
    if not isinstance(lists, dict):
        raise BundleError(f"{path.name} in {path.parent} holds no lists by name; export the bundle again")
    for name, values in lists.items():
        if not isinstance(values, list) or not all(isinstance(one, str) for one in _flat(values)):
            raise BundleError(f"{path.name} in {path.parent}: {name!r} is no list of strings; export the bundle again")
    try:
        return {name: np.asarray(values, dtype=np.str_) for name, values in lists.items()}
    except ValueError as problem:  # rows of several lengths
        raise BundleError(f"{path.name} in {path.parent} holds no arrays ({problem}); export it again") from problem


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


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:40]} is no finite number")
    return number


def _refuse_depths(value: object) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        inner = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [one for many in inner for one in many]
        if not level:
            return
    raise ValueError(f"it is nested more than {_DEEPEST} levels deep")


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for one in values:
        if isinstance(one, list):
            yield from _flat(one)
        else:
            yield one


def _plain(name: str, array: Array) -> Array:
    if array.dtype.kind not in _NUMBERS:
        raise BundleError(
            f"array '{name}' is of {array.dtype}, which a bundle cannot hold; "
            "keep what was learned as numbers, booleans or strings"
        )
    # safetensors writes the buffer as it lies in memory, whatever its strides say
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
