"""A policy as plain, nested data and back: how it travels in a bundle, without pickle and without Hydra."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any

from lernpfad.core.errors import BundleError, ConfigError
from lernpfad.core.persist import settings
from lernpfad.core.protocols import Policy

HOME = "lernpfad.policy"
_PLAIN = (bool, int, float, str, type(None))


def describe(policy: Policy) -> dict[str, Any]:
    """`{"class": "module.Class", setting: value, ...}`, fit for JSON; policies inside policies become nested dicts."""
    kind = type(policy)
    return {"class": f"{kind.__module__}.{kind.__qualname__}"} | {
        name: _plain(value, where=f"{kind.__name__}.{name}") for name, value in settings(policy).items()
    }


def _plain(value: Any, *, where: str) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(one, where=where) for one in value]
    if isinstance(value, Policy):
        return describe(value)
    raise ConfigError(
        f"{where} is a {type(value).__name__}, expected numbers, strings, policies or lists of them; "
        "keep the settings of a policy plain, so that it can be exported"
    )


def build(spec: Mapping[str, Any], *, trusted: Iterable[str] = ()) -> Policy:
    """The policy that `describe` described.

    trusted: names of further packages whose classes may be built. Any other class is a BundleError: a bundle is
    data, and must not decide what code runs.
    """
    return _built(spec, (HOME, *trusted))


def _built(spec: Mapping[str, Any], trusted: tuple[str, ...]) -> Policy:
    name = str(spec.get("class", ""))
    kind = _found(name, trusted)
    arguments = {key: _revived(value, trusted) for key, value in spec.items() if key != "class"}
    try:
        policy = kind(**arguments)
    except TypeError as problem:
        raise BundleError(
            f"policy {name} does not take these settings: {problem}; export the bundle again"
        ) from problem
    if not isinstance(policy, Policy):
        raise BundleError(f"{name} is no policy: it has no propensities(situation); name a policy class")
    return policy


def _revived(value: Any, trusted: tuple[str, ...]) -> Any:
    if isinstance(value, Mapping):
        return _built(value, trusted)
    if isinstance(value, (list, tuple)):
        return tuple(_revived(one, trusted) for one in value)
    return value


def _found(name: str, trusted: tuple[str, ...]) -> type:
    module, _, attribute = name.rpartition(".")
    if not _inside(module, trusted):
        raise BundleError(
            f"policy class '{name}' is not from {' or '.join(trusted)}; to run it, name its package as trusted"
        )
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as problem:
        raise BundleError(f"policy class '{name}' does not exist here; install the version that wrote it") from problem
    if not isinstance(kind, type) or not _inside(kind.__module__, trusted):
        raise BundleError(f"'{name}' is not a class of {' or '.join(trusted)}; name a policy class")
    return kind


def _inside(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
