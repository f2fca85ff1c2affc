"""A fitted model as plain data: its constructor arguments and the arrays whose names end in `_`.

The convention is scikit-learn's: `__init__` only stores its arguments under their own names, and what `fit`
learned ends in one underscore. Whoever keeps it is exported, loaded and served without a line of code. A model made of
models takes them by name as its argument `members`; each is kept in its own way.
"""

import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from lernpfad.core.arrays import Array
from lernpfad.core.errors import BundleError, NotFittedError

M = TypeVar("M")


def settings(model: object) -> dict[str, Any]:
    """The constructor arguments of a model, by name, without the models that it is made of."""
    parameters = inspect.signature(type(model)).parameters.values()
    # a class without its own __init__ shows object's (*args, **kwargs): it has no settings
    names = [one.name for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    whole = {name: getattr(model, name) for name in names}
    return {name: value for name, value in whole.items() if name != "members" or not members(model)}


def members(model: object) -> dict[str, Any]:
    """The models that a model is made of, by name."""
    found = vars(model).get("members")
    return dict(found) if isinstance(found, Mapping) else {}


def learned(model: object) -> dict[str, Array]:
    """What `fit` learned, as arrays by name (`prior_`, `skills_`, ...)."""
    found = {
        name: np.asarray(value)
        for name, value in vars(model).items()
        if name.endswith("_") and not name.startswith("_")
    }
    for name, array in found.items():
        if array.dtype == object:
            raise TypeError(
                f"{type(model).__name__}.{name} is not an array of numbers or strings; "
                "keep learned things as arrays, or end the name without an underscore"
            )
    return found


def revived(
    kind: type[M],
    arguments: Mapping[str, Any],
    arrays: Mapping[str, Array],
    *,
    made_of: Mapping[str, Any] | None = None,
) -> M:
    """A fitted model from its class, constructor arguments, learned arrays, and the models that it is made of."""
    try:
        model = kind(**arguments, **({"members": dict(made_of)} if made_of else {}))
    except TypeError as problem:
        raise BundleError(f"{kind.__name__} does not take these settings: {problem}") from problem
    for name, array in arrays.items():
        setattr(model, name, array)
    return model


def require_fitted(model: object) -> None:
    """Raise NotFittedError unless the model has learned something."""
    if not any(name.endswith("_") and not name.startswith("_") for name in vars(model)):
        name = type(model).__name__
        raise NotFittedError(f"this {name} has not been fitted; call {name}.fit(train) or load a fitted one first")
