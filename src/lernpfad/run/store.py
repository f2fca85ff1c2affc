"""Fitted models in run folders, without pickle: settings as JSON, arrays as safetensors, catalog and roles beside."""

from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lernpfad.core import Catalog, ConfigError, Roles, persist
from lernpfad.run.places import existing
from lernpfad.serve import files
from lernpfad.serve.models import Exports, model_class

MODEL_FILE = "model.json"
TAKERS = "takers"
"""Beside a recommender: how many training learners took each item."""

_CATALOG, _ROLES, _LEARNED, _MEMBERS = "catalog", "roles", "learned", "members"
_NEURAL_NEEDS, _CLASSICAL_NEEDS = ("torch", "lightning"), ("scipy",)
_CLASS, _CALL = "class", "call"


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model with what it was fitted for. facts: metrics, data hash and the like, as JSON."""

    model: Any
    catalog: Catalog
    roles: Roles | None
    facts: dict[str, Any]
    folder: Path

    @property
    def name(self) -> str:
        """What it was called when it was trained: the stem of its YAML file."""
        return str(self.facts.get("name") or type(self.model).__name__.lower())


def save(folder: Path, model: Any, *, catalog: Catalog, roles: Roles | None, facts: dict[str, Any]) -> Path:
    """Write a fitted tracer or recommender; returns the folder."""
    persist.require_fitted(model)
    (folder / MODEL_FILE).unlink(missing_ok=True)  # comes back last: a folder that has it is whole
    entry = _kept(model, folder)
    files.write_arrays(folder / _CATALOG, _columns(catalog))
    if roles is not None:
        files.write_arrays(folder / _ROLES, _columns(roles))
    needs = sorted({library for one in _whole(model) for library in _needs(one)})
    files.write_json(folder / MODEL_FILE, {**entry, "needs": needs, "facts": files.jsonable(facts)})
    return folder


def load(folder: str | Path, *, part: str | None = None) -> Fitted:
    """The fitted model in a folder: a model folder, or a run folder that holds one called `part`.

    Raises ConfigError that names what is there instead. A run folder is one's own, so the class that it names is
    imported; bundles, which travel, are read by `lernpfad.serve.bundle` and are not believed.
    """
    folder = _model_folder(Path(folder), part)
    entry = files.read_json(folder / MODEL_FILE)
    model = _revived(entry, folder)
    roles = Roles(**files.read_arrays(folder / _ROLES)) if (folder / _ROLES).is_dir() else None
    return Fitted(model, Catalog(**files.read_arrays(folder / _CATALOG)), roles, entry["facts"], folder)


def needs(folder: Path) -> tuple[str, ...]:
    """The libraries without which the model in a folder cannot be loaded."""
    return tuple(files.read_json(folder / MODEL_FILE)["needs"])


def same_items(one: Fitted, catalog: Catalog, *, where: str) -> None:
    """Refuse a model that was fitted for other items than those of `catalog`."""
    mine = one.catalog.items
    if len(mine) != len(catalog.items) or not bool((mine == catalog.items).all()):
        raise ConfigError(
            f"the model in '{one.folder}' was fitted for {len(mine)} items, {where} has {len(catalog.items)} "
            "other ones; train on a log of the same catalog"
        )


def _model_folder(folder: Path, part: str | None) -> Path:
    existing(folder, what="run folder")
    places: list[Path] = [folder, *([folder / part] if part else [])]
    for place in places:
        if (place / MODEL_FILE).is_file():
            return place
    there = sorted(path.parent.name for path in folder.glob(f"*/{MODEL_FILE}"))
    raise ConfigError(
        f"no fitted {part or 'model'} in '{folder}'; "
        + (f"there is: {', '.join(there)}" if there else "give the folder of a finished lernpfad train")
    )


def _kept(model: Any, folder: Path) -> dict[str, Any]:
    """Write what a model and its members learned; returns what it takes to build them again."""
    files.write_arrays(folder / _LEARNED, persist.learned(model))
    return {
        "class": _path_of(type(model)),
        "settings": {name: _written(value) for name, value in persist.settings(model).items()},
        "members": {name: _kept(one, folder / _MEMBERS / name) for name, one in persist.members(model).items()},
    }


def _revived(entry: dict[str, Any], folder: Path) -> Any:
    arguments = {name: _read(value) for name, value in entry["settings"].items()}
    made_of = {name: _revived(one, folder / _MEMBERS / name) for name, one in entry.get("members", {}).items()}
    arrays = files.read_arrays(folder / _LEARNED)
    return persist.revived(_class_at(entry["class"]), arguments, arrays, made_of=made_of)


def _whole(model: Any) -> list[Any]:
    return [model, *(inner for one in persist.members(model).values() for inner in _whole(one))]


def _needs(model: Any) -> tuple[str, ...]:
    return _NEURAL_NEEDS if isinstance(model, Exports) else _CLASSICAL_NEEDS


def _written(value: Any) -> Any:
    """A constructor argument as JSON: plain data, a dataclass of such, or a class with some of its arguments."""
    if isinstance(value, partial):
        return {_CALL: _path_of(value.func), "arguments": {key: _written(one) for key, one in value.keywords.items()}}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            _CLASS: _path_of(type(value)),
            "arguments": {key: _written(one) for key, one in _columns(value).items()},
        }
    return files.jsonable(value, exact=True)


def _read(value: Any) -> Any:
    if not isinstance(value, dict) or not (value.keys() & {_CLASS, _CALL}):
        return value
    arguments = {key: _read(one) for key, one in value["arguments"].items()}
    kind: Any = _class_at(value[_CLASS] if _CLASS in value else value[_CALL])
    return kind(**arguments) if _CLASS in value else partial(kind, **arguments)


def _class_at(path: str) -> type[Any]:
    return model_class(path, trust=(path.partition(".")[0],))


def _columns(value: Any) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


def _path_of(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
