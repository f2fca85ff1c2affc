"""A mistake that Hydra or OmegaConf noticed, said in one line with the nearest right name."""

import errno
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from lernpfad.core.errors import LernpfadError, unknown_name
from lernpfad.run.places import config_folder

_NOT_MINE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.ENOTDIR)
"""What the system refuses to whoever asks: no rights, a read-only or full disk, a file where a folder should be."""


class Refused(BaseException):
    """Carries the one line of a caller's mistake past the handlers of Hydra to the command line."""


def explain(problem: BaseException, command: str, words: list[str]) -> str | None:
    """The line to show for a caller's mistake, or None for anything else (which keeps its traceback)."""
    from hydra.errors import HydraException, InstantiationException, MissingConfigException
    from omegaconf.errors import OmegaConfBaseException

    for one in _chain(problem):
        if isinstance(one, LernpfadError):
            return str(one)
        if isinstance(one, OSError) and one.errno in _NOT_MINE and one.filename:
            return f"cannot use '{one.filename}': {one.strerror}"
    if isinstance(problem, MissingConfigException):
        return _missing(problem)
    if isinstance(problem, InstantiationException):
        return _instantiation(problem)
    if isinstance(problem, HydraException):
        return _composition(problem, command, words)
    if isinstance(problem, OmegaConfBaseException):
        return _setting(problem)
    if isinstance(problem, ValueError) and str(problem).startswith("Config group override"):
        return "a config group wants the name of one of its files: tracer=bkt, not tracer=3"
    return None


def _chain(problem: BaseException) -> Iterator[BaseException]:
    """The exception and what caused it, as far as the wrappers of Hydra and OmegaConf reach."""
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    one: BaseException | None = problem
    while one is not None:
        yield one
        wrapper = isinstance(one, HydraException | OmegaConfBaseException)
        one = (one.__cause__ or one.__context__) if wrapper else None


def _missing(problem: Any) -> str:
    """A choice in a config group that does not exist, or a config that is not there at all."""
    wanted = str(problem.missing_cfg_file or "")
    group, _, name = wanted.rpartition("/")
    return unknown_name(group, name, problem.options or ()) if group else _first_line(problem)


def _instantiation(problem: BaseException) -> str | None:
    """A `_target_` that cannot be found or does not take what the config gives it; None if it broke inside."""
    text = str(problem)
    place = re.search(r"full_key: (\S+)", text)
    where = f"{place.group(1)}: " if place else ""
    if "Error locating target" in text:
        target = re.search(r"Error locating target '([^']+)'", text)
        path = target.group(1) if target else "?"
        return f"{where}nothing to import at '{path}'; mend its _target_{_lacking(problem, path)}"
    cause = problem.__cause__
    refused = re.search(r"(\w+)\.__init__\(\) (got an unexpected keyword argument .*|missing .*)", str(cause))
    if isinstance(cause, TypeError) and refused and refused.group(1) in text.split("'")[1]:
        return f"{where}{refused.group(1)} {refused.group(2)}"
    return None


def _lacking(problem: BaseException, path: str) -> str:
    """The module that a `_target_` itself imports in vain, as the rest of the line; nothing if it is the target."""
    one: BaseException | None = problem
    while one is not None:
        if isinstance(one, ModuleNotFoundError) and one.name and not f"{path}.".startswith(f"{one.name}."):
            return f", or install what it imports: {one.name}"
        one = one.__cause__ or one.__context__
    return ""


def _composition(problem: BaseException, command: str, words: list[str]) -> str:
    refused = re.search(r"Could not override '([^']+)'", str(problem))
    if refused is None:
        return _unreadable(problem)
    key = refused.group(1).split("@")[0]
    if key.startswith("hydra."):
        return _first_line(problem)
    try:
        known = _known_keys(command, words)
    except Exception:  # the config files themselves do not compose, so the fault is in one of them
        return _first_line(problem)
    inner = getattr(problem.__cause__, "full_key", None) or ""
    if key in known and inner.startswith(f"{key}."):
        return f"'{key}' has no '{inner.removeprefix(f'{key}.')}'; a new one is added with +{inner}=..."
    near = get_close_matches(key, known, n=1, cutoff=0.5)
    return unknown_name(f"setting of {command}", key, near or {name.split(".")[0] for name in known})


def _unreadable(problem: BaseException) -> str:
    """A value of the wrong type, or an override that breaks Hydra's grammar."""
    override = getattr(problem, "override", None)
    cause = problem.__cause__ or problem.__context__
    reason = f": {_first_line(cause)}" if cause is not None and override is None else ""
    return (f"cannot read '{override}': " if override else "") + _first_line(problem) + reason


def _setting(problem: BaseException) -> str:
    """A value of the wrong type, one that must be given, or a name that nothing answers to."""
    from omegaconf.errors import MissingMandatoryValue

    key = getattr(problem, "full_key", None) or "config"
    if isinstance(problem, MissingMandatoryValue):
        return f"{key} must be given: {key}=..."
    return f"{key}: {_first_line(problem)}"


def _known_keys(command: str, words: list[str]) -> set[str]:
    """Every key that the command knows, given those of the overrides that compose."""
    from hydra import compose, initialize_config_dir
    from hydra._internal.utils import get_args_parser
    from omegaconf import OmegaConf

    given = get_args_parser().parse_args(words)
    kept = [f"hydra.searchpath=[file://{given.config_dir}]"] if given.config_dir else []
    with initialize_config_dir(str(config_folder()), version_base="1.3", job_name=command):
        config = compose(command, overrides=kept)
        for override in given.overrides:
            try:
                config = compose(command, overrides=[*kept, override])
            except Exception:
                continue
            kept.append(override)
    return {*_flat(OmegaConf.to_container(config)), "experiment"}


def _flat(node: Any, prefix: str = "") -> Iterable[str]:
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        yield f"{prefix}{name}"
        yield from _flat(value, f"{prefix}{name}.")


def _first_line(problem: BaseException) -> str:
    return next((line.strip() for line in str(problem).splitlines() if line.strip()), type(problem).__name__)
