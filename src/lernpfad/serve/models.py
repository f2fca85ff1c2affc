"""Models to and from a folder of a bundle: settings and arrays for classical ones, graphs for neural ones.

A model made of models is written with its members below it, each in its own way.
"""

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from lernpfad.core import BundleError, NotFittedError, persist, unknown_name
from lernpfad.serve.files import jsonable, read_arrays, write_arrays

HOME = "lernpfad"
ARRAYS, GRAPHS, MEMBERS = "arrays", "graphs", "members"


@runtime_checkable
class Exports(Protocol):
    """A neural model that writes itself as ONNX graphs, for `lernpfad.serve.neural` or `lernpfad.serve.encoder`."""

    def export(self, folder: Path) -> None:
        """Write the files that the module which opens them names."""
        ...


def write_model(model: object, folder: Path) -> dict[str, Any]:
    """Write what a model learned into `folder`; returns its entry of the manifest."""
    kind = _path(type(model))
    if isinstance(model, Exports):
        folder.mkdir(parents=True, exist_ok=True)
        model.export(folder)
        # a twin hands on what its original was
        return getattr(model, "described", None) or {"class": kind, "form": GRAPHS, "settings": _told(model)}
    try:
        persist.require_fitted(model)
        arrays = persist.learned(model)
    except (NotFittedError, TypeError) as problem:
        raise BundleError(f"cannot export {type(model).__name__}: {problem}") from problem
    write_arrays(folder, arrays)
    entry = {"class": kind, "form": ARRAYS, "settings": _settings(model)}
    made_of = {name: write_model(one, folder / MEMBERS / name) for name, one in persist.members(model).items()}
    return {**entry, "members": made_of} if made_of else entry


def read_model(
    entry: Mapping[str, Any], folder: Path, *, follows: type = object, threads: int = 1, trust: Sequence[str] = ()
) -> Any:
    """The fitted model that `write_model` described. follows: what its class has to be, before it is made."""
    if entry.get("form") == GRAPHS:
        return _opened(entry, folder, threads=threads)
    kind = model_class(entry["class"], trust=trust)
    if not issubclass(kind, follows):
        raise BundleError(
            f"the bundle wants {entry['class']} as a {follows.__name__}, which it is not; export it again"
        )
    made_of = {
        name: read_model(one, folder / MEMBERS / name, follows=follows, threads=threads, trust=trust)
        for name, one in entry.get("members", {}).items()
    }
    return persist.revived(kind, entry["settings"], read_arrays(folder), made_of=made_of)


def _opened(entry: Mapping[str, Any], folder: Path, *, threads: int) -> Any:
    """A model of graphs; its files tell whether it is a tracer or a recommender."""
    from lernpfad.serve.encoder import ENCODE, OnnxRecommender
    from lernpfad.serve.neural import open_tracer

    if (folder / ENCODE).exists():
        return OnnxRecommender(folder, threads=threads, described=entry)
    return open_tracer(folder, threads=threads, described=entry)


def model_class(path: str, *, trust: Sequence[str] = ()) -> type[Any]:
    """The class at a dotted path, from lernpfad itself or from a package that the caller trusts by name.

    A bundle is data that may come from anywhere, so its manifest does not decide what is imported.
    """
    module, _, name = str(path).rpartition(".")
    if not _inside(module, trust):
        raise BundleError(
            f"the bundle wants class '{path}', which is outside of lernpfad; "
            f"if you trust it, load with trust=('{path.partition('.')[0]}',)"
        )
    if "__main__" in module.split("."):  # it would run when it is imported
        raise BundleError(f"the bundle wants '{path}', which is no class of a model; export it again")
    try:
        home_of = importlib.import_module(module)
    except ImportError as problem:
        raise BundleError(f"the bundle wants class '{path}', which cannot be imported: {problem}") from problem
    kind = getattr(home_of, name, None)
    # a module of ours has names of others too: Path, Popen
    if not isinstance(kind, type) or not _inside(kind.__module__, trust):
        classes = {key: value for key, value in vars(home_of).items() if isinstance(value, type)}
        options = [key for key, value in classes.items() if _inside(value.__module__, trust)]
        raise BundleError(f"{unknown_name('class', name, options)} (in {module}; the bundle needs another lernpfad)")
    return kind


def _inside(module: str, trust: Sequence[str]) -> bool:
    return any(module == home or module.startswith(f"{home}.") for home in (HOME, *trust))


def _path(kind: Any) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _told(model: object) -> dict[str, Any]:
    """The settings of a neural tracer as far as they can be told: for the reader, nothing is built from them."""
    return {name: _shown(value) for name, value in persist.settings(model).items()}


def _shown(value: object) -> Any:
    if isinstance(value, partial):
        return {"class": _path(value.func)} | {name: _shown(one) for name, one in value.keywords.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _shown(getattr(value, one.name)) for one in fields(value)}
    try:
        return jsonable(value)
    except BundleError:
        return str(value)


def _settings(model: object) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for name, value in persist.settings(model).items():
        try:
            settings[name] = jsonable(value, exact=True)
        except BundleError as problem:
            raise BundleError(f"setting '{name}' of {type(model).__name__}: {problem}") from problem
    return settings
