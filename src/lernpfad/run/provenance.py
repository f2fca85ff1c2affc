"""What a result needs to be judged later: the code's commit, the versions, and the command that was given."""

import getpass
import os
import shlex
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from lernpfad import __version__
from lernpfad.run.places import PACKAGE

_LIBRARIES = ("numpy", "torch", "lightning", "implicit", "numba", "pandas", "hydra-core", "mlflow", "optuna")


def commit() -> str | None:
    """The git commit of the code that runs, with "+changes" if the tree differs; None where there is no git."""
    head = _git("rev-parse", "HEAD")
    if head is None:
        return None
    return head + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")


def command_line() -> str:
    """The command as one could type it again."""
    program, *words = sys.argv
    return f"{Path(program).name} {shlex.join(words)}".strip()  # the program may be two words: lernpfad train


def user() -> str:
    """Who runs it, as far as the system tells."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an account
        return "unknown"


def versions() -> dict[str, str]:
    """Versions of lernpfad, Python and the libraries that move numbers; those not installed are left out."""
    found = {"lernpfad": __version__, "python": ".".join(map(str, sys.version_info[:3]))}
    for name in _LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git(*words: str) -> str | None:
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *words], capture_output=True, text=True, env=quiet, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
