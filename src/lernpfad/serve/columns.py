"""Catalog and roles in a bundle: their columns, checked before anything looks an item up in them."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from lernpfad.core import KINDS, Array, BundleError, Catalog, Roles
from lernpfad.serve.files import read_arrays

_WHOLE, _REAL, _TEXT = "iu", "iuf", "U"
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "items": (_TEXT, "I"),
    "skills": (_TEXT, "K"),
    "item_skills": (_WHOLE, "I M"),
    "minutes": (_REAL, "I"),
    "kind": (_WHOLE, "I"),
    "prerequisites": (_WHOLE, "E 2"),
    "names": (_TEXT, "R"),
    "valid_from": (_REAL, "V"),
    "level": (_REAL, "V R K"),
    "weight": (_REAL, "V R K"),
}
"""Kinds of dtype and names of the axes of every column; the same name is the same length."""


def columns(value: Catalog | Roles) -> dict[str, Any]:
    """The fields of a catalog or of roles, as `write_arrays` takes them."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


def read_catalog(folder: Path) -> Catalog:
    """The catalog in a folder of a bundle. A column that does not fit the others is a BundleError that names it."""
    found = _read(folder, Catalog)
    lengths = _lengths(found, folder)
    skills = lengths.get("K", 0)
    _within(found, folder, item_skills=(-1, skills - 1), prerequisites=(0, skills - 1), kind=(0, len(KINDS) - 1))
    _within(found, folder, minutes=(0.0, np.finfo(np.float64).max))
    return Catalog(**found)


def read_roles(folder: Path, *, skills: int) -> Roles:
    """The roles in a folder of a bundle, likewise. skills: how many the catalog has."""
    found = _read(folder, Roles)
    lengths = _lengths(found, folder)
    if lengths["R"] and (lengths["K"] != skills or not lengths["V"]):
        raise _damaged(
            folder, f"level is of {lengths['V']} versions and {lengths['K']} skills, expected {skills} skills"
        )
    most = np.finfo(np.float64).max
    _within(found, folder, level=(0.0, 1.0), weight=(0.0, most), valid_from=(-most, most))
    if (np.diff(found["valid_from"]) < 0).any():
        raise _damaged(folder, "valid_from does not ascend")
    return Roles(**found)


def _read(folder: Path, kind: type[Catalog] | type[Roles]) -> dict[str, Array]:
    arrays = read_arrays(folder)
    names = {one.name for one in fields(kind)}
    if set(arrays) != names:
        raise BundleError(
            f"{folder.name} in {folder.parent} holds {sorted(arrays)}, expected {sorted(names)}; "
            "export the bundle again with this version"
        )
    return arrays


def _lengths(found: Mapping[str, Array], folder: Path) -> dict[str, int]:
    """The length of every axis by its name."""
    lengths = {"2": 2}
    for name, array in found.items():
        kinds, axes = _SHAPES[name][0], _SHAPES[name][1].split()
        if array.dtype.kind not in kinds and array.size:
            raise _damaged(folder, f"{name} is of {array.dtype}")
        if array.ndim != len(axes):
            raise _damaged(folder, f"{name} has {array.ndim} axes, expected {len(axes)}")
        for axis, length in zip(axes, array.shape, strict=True):
            if lengths.setdefault(axis, length) != length:
                raise _damaged(folder, f"{name} has {length} rows where other columns have {lengths[axis]}")
    return lengths


def _within(found: Mapping[str, Array], folder: Path, **bounds: tuple[float, float]) -> None:
    for name, (low, high) in bounds.items():
        if not ((found[name] >= low) & (found[name] <= high)).all():
            raise _damaged(folder, f"{name} holds a value that is not from {low:g} to {high:g}")


def _damaged(folder: Path, problem: str) -> BundleError:
    return BundleError(f"{folder.name} in {folder.parent}: {problem}; export the bundle again")
