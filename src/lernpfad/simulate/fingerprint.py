"""Which world was it? A short hash for every table, so that no world is changed quietly."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any, Final

import numpy as np

LENGTH: Final = 12
"""Hexadecimal digits of a fingerprint."""

_PLACES: Final = ("folder",)
"""Settings that say where something lies. What was read from there counts, the place does not."""


def fingerprint(world: object) -> str:
    """Twelve hexadecimal digits over the class, every setting and the drawn truth: catalog, traits, roles, psychology.

    The same in every process, and on every machine whose exp and log agree to the last bit; any changed setting changes
    it. The people are no part of it: they are drawn by the seed of a roll-out. Raises TypeError for a part that has no
    content of its own (an open file, say).
    """
    hashed = hashlib.sha256()
    for piece in _pieces(world):
        hashed.update(len(piece).to_bytes(8, "little") + piece)
    return hashed.hexdigest()[:LENGTH]


def _pieces(value: object) -> Iterator[bytes]:
    """A value as bytes, part by part, each with what it is."""
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        yield f"{type(value).__name__} {value!r}".encode()
    elif isinstance(value, np.ndarray):
        yield f"array {value.dtype.str} {value.shape}".encode()
        yield repr(value.tolist()).encode() if value.dtype.kind in "US" else np.ascontiguousarray(value).tobytes()
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}".encode()
        for key in sorted(value, key=str):
            yield str(key).encode()
            yield from () if key in _PLACES else _pieces(value[key])
    elif isinstance(value, (list, tuple)):
        yield f"sequence {len(value)}".encode()
        for one in value:
            yield from _pieces(one)
    elif isinstance(value, partial):
        yield _name(value.func)
        yield from _pieces(value.keywords)
    elif isinstance(value, type) or callable(value):
        yield _name(value)
    else:
        yield _name(type(value))
        yield from _pieces(_parts(value))


def _parts(value: object) -> dict[str, Any]:
    """What makes an object what it is: the fields of a dataclass (caches are none), else its attributes."""
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if not hasattr(value, "__dict__"):
        raise TypeError(f"a {type(value).__name__} has no content to hash; keep a world's settings plain")
    return dict(vars(value))


def _name(kind: Any) -> bytes:
    return f"{kind.__module__}.{kind.__qualname__}".encode()
