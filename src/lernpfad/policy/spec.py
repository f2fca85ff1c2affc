"""A policy as plain, nested data and arrays, and back: how it travels in a bundle, without pickle and without Hydra."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from importlib import import_module
from typing import Any

from lernpfad.core.arrays import Array
from lernpfad.core.errors import BundleError, ConfigError
from lernpfad.core.experience import Experience
from lernpfad.core.persist import learned, settings
from lernpfad.core.protocols import LearnsFromLog, Policy

HOME = "lernpfad.policy"
LEARNED = "learned"
_PLAIN = (bool, int, float, str, type(None))


def describe(policy: Policy) -> dict[str, Any]:
    """`{"class": "module.Class", setting: value, ...}`, fit for JSON; policies inside policies become nested dicts.

    "learned" names what a policy has learned from a log, by a checksum; `arrays` holds it.
    """
    kind, known = type(policy), learned(policy)
    plain = {name: _plain(value, where=f"{kind.__name__}.{name}") for name, value in settings(policy).items()}
    mark = {LEARNED: _checksum(known)} if known else {}
    return {"class": f"{kind.__module__}.{kind.__qualname__}"} | plain | mark


def arrays(policy: Policy) -> dict[str, Array]:
    """What a policy and those inside it learned, by place and name: "theta_", "policy.theta_", "policies.0.theta_"."""
    found = learned(policy)
    for place, inner in inside(policy):
        found |= {f"{place}.{name}": array for name, array in arrays(inner).items()}
    return found


def inside(policy: Policy) -> Iterator[tuple[str, Policy]]:
    """The policies that a policy is made of, by place."""
    for name, value in settings(policy).items():
        several = isinstance(value, (list, tuple))
        places = [(f"{name}.{n}", one) for n, one in enumerate(value)] if several else [(name, value)]
        yield from ((place, one) for place, one in places if isinstance(one, Policy))


def learns(policy: Policy) -> bool:
    """Whether a policy learns from a log, or is made of policies that do."""
    return isinstance(policy, LearnsFromLog) or any(learns(one) for _, one in inside(policy))


def learn(policy: Policy, experience: Experience) -> Policy:
    """Fit a policy, and those inside it, on logged offers, as far as they learn from any; returns it."""
    for _, one in inside(policy):
        learn(one, experience)
    if isinstance(policy, LearnsFromLog):
        policy.fit(experience)
    return policy


def _checksum(known: Mapping[str, Array]) -> str:
    digest = sha256()
    for name in sorted(known):
        digest.update(f"{name} {known[name].dtype.str} {known[name].shape} ".encode())
        digest.update(known[name].tobytes())
    return digest.hexdigest()[:16]


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


def build(spec: Mapping[str, Any], *, arrays: Mapping[str, Array] | None = None, trusted: Iterable[str] = ()) -> Policy:
    """The policy that `describe` and `arrays` described.

    trusted: names of further packages whose classes may be built. Any other class is a BundleError: a bundle is
    data, and must not decide what code runs. So is a policy that had learned something when its arrays are not here.
    """
    return _built(spec, arrays or {}, (HOME, *trusted))


def _built(spec: Mapping[str, Any], arrays: Mapping[str, Array], trusted: tuple[str, ...]) -> Policy:
    name = str(spec.get("class", ""))
    kind = _found(name, trusted)
    arguments = {key: _revived(key, value, arrays, trusted) for key, value in spec.items() if key not in _OURS}
    try:
        policy = kind(**arguments)
    except TypeError as problem:
        raise BundleError(
            f"policy {name} does not take these settings: {problem}; export the bundle again"
        ) from problem
    if not isinstance(policy, Policy):
        raise BundleError(f"{name} is no policy: it has no propensities(situation); name a policy class")
    if LEARNED in spec:
        _learned_again(policy, arrays, str(spec[LEARNED]))
    return policy


_OURS = ("class", LEARNED)


def _learned_again(policy: Policy, arrays: Mapping[str, Array], checksum: str) -> None:
    own = {name: array for name, array in arrays.items() if "." not in name}
    if _checksum(own) != checksum:
        what = "are not here" if not own else "are not those that it was described with"
        raise BundleError(
            f"policy {type(policy).__name__} was learned, and the arrays that it learned {what}; "
            "give build what spec.arrays gave, or export the bundle again"
        )
    for name, array in own.items():
        setattr(policy, name, array)


def _revived(place: str, value: Any, arrays: Mapping[str, Array], trusted: tuple[str, ...]) -> Any:
    below = {name.removeprefix(f"{place}."): array for name, array in arrays.items() if name.startswith(f"{place}.")}
    if isinstance(value, Mapping):
        return _built(value, below, trusted)
    if isinstance(value, (list, tuple)):
        return tuple(_revived(str(n), one, below, trusted) for n, one in enumerate(value))
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
