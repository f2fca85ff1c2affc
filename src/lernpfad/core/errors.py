"""Everything lernpfad raises on purpose: one line that names the thing, what was expected, and the fix."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class LernpfadError(Exception):
    """The caller can mend this; the command line prints it as one line and exits with 2."""

    def __str__(self) -> str:
        # what it quotes, a cell of a file or the words of a library, may have line breaks
        return " ".join(line.strip() for line in super().__str__().splitlines())


class ConfigError(LernpfadError):
    """A setting, a name or a path in the configuration is wrong."""


class DataError(LernpfadError):
    """A learner log or a catalog breaks a rule; the message names file, line and reason."""


class NotFittedError(LernpfadError):
    """A model was asked before it was fitted."""


class BundleError(LernpfadError):
    """An exported bundle is damaged, of another schema, or lacks a file; the message names the file."""


class LawBroken(LernpfadError, AssertionError):
    """A model, a simulator or data broke laws of `lernpfad.core.laws`; a line for each."""

    def __str__(self) -> str:
        return Exception.__str__(self)


_COMPARED = 200_000
"""Pairs of letters that are looked at for the nearest name: some hundredths of a second, whoever asks."""
_LISTED = 50


def unknown_name(what: str, name: str, options: Iterable[str]) -> str:
    """The line for a name that does not exist: "no tracer named 'skat'; did you mean 'sakt'?".

    Among very many options none is the nearest, and a part of them is listed.
    """
    known = sorted(options)
    few = len(name) * sum(map(len, known)) <= _COMPARED
    near = get_close_matches(name, known, n=1, cutoff=0.5) if few else []
    return f"no {what} named '{name}'; " + (f"did you mean '{near[0]}'?" if near else f"there are: {_listed(known)}")


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED
    return (", ".join(names[:_LISTED]) or "none") + (f" and {more:,} more" if more > 0 else "")
