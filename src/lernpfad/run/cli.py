"""The command `lernpfad`: which command it is, and how it ends. Imports nothing heavy before that is known."""

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from lernpfad import __version__
from lernpfad.core.errors import LernpfadError, unknown_name
from lernpfad.run.explain import Refused

COMMANDS = {
    "simulate": "let simulated learners live through a logging policy and write their log",
    "world": "fit a neural world on logs, for simulator=s5_neural",
    "calibrate": "hold a world's log against the public logs, gate by gate",
    "train": "fit a tracer, a recommender or both, and measure them",
    "tune": "search the space of configs/sweep with Optuna",
    "benchmark": "run a suite of published protocols, and write its tables",
    "evaluate": "compare policies in closed loop, and measure fitted models",
    "matrix": "policies in many worlds: which one can be relied on",
    "report": "return on learning: debt, why it moves, for whom, and where it breaks even",
    "similar": "the neighbours of an item, as a recommender sees them",
    "export": "write the bundle that production loads",
    "promote": "make a registered version the champion, unless it is worse",
    "rollback": "give the champion's place back to the version before",
    "serve": "answer HTTP from a bundle",
    "collect": "the log of a running service as a data set",
    "score": "recommendations for all learners of many files, from a bundle",
    "demo": "the whole way on synthetic data, in a few minutes",
}

USAGE = f"""lernpfad {__version__}: next-best learning items, from logs to a served recommendation

usage: lernpfad <command> [key=value ...] [flags]

{chr(10).join(f"  {name:<10}{what}" for name, what in COMMANDS.items())}

Settings are Hydra overrides: lernpfad train tracer=dkt data=assist2015 seed=1,2,3 -m
  lernpfad <command> --help        its settings and their defaults
  lernpfad <command> --cfg job     the config it would run with
  lernpfad --version
"""

REFUSED, INTERRUPTED = 2, 130
# a module of each extra, whose absence says that it is not installed
MARKS = {"serve": "uvicorn", "batch": "pyarrow", "research": "hydra"}


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all went well, 2 for the caller's mistake, 130 after Ctrl-C.

    A mistake is one line on stderr. Anything unforeseen keeps its traceback.
    """
    words = list(sys.argv[1:] if words is None else words)
    try:
        return _dispatch(words)
    except (LernpfadError, Refused) as mistake:
        return _say(str(mistake), code=REFUSED)
    except KeyboardInterrupt:
        return _say("interrupted", code=INTERRUPTED)
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # Lightning turns Ctrl-C into an exit of its own
            return _say("interrupted", code=INTERRUPTED)
        raise


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("--help", "-h", "help"):
        print(USAGE, end="")
        return 0
    command, *rest = words
    if command in ("--version", "-V"):
        print(f"lernpfad {__version__}")
        return 0
    if command not in COMMANDS:
        raise LernpfadError(unknown_name("command", command, COMMANDS))
    _needs({"serve": "serve", "score": "batch"}.get(command, "research"), command)
    if command == "serve":
        # one request is too small for the threads of a matrix library, which wait for each other by spinning
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from lernpfad.serve import settings

        settings.main(rest)
        return 0
    if command == "collect":
        from lernpfad.run import collect

        collect.main(rest)
        return 0
    if command == "score":
        from lernpfad.run import score

        score.main(rest)
        return 0
    from lernpfad.run.app import launch

    launch(command, rest)
    return 0


def _needs(extra: str, command: str) -> None:
    """Refuse a command whose extra is not installed, before anything of it is imported."""
    if find_spec(MARKS[extra]) is None:
        raise LernpfadError(f"{command} needs the extra '{extra}', not installed here: pip install 'lernpfad[{extra}]'")


def _say(line: str, *, code: int) -> int:
    print(f"lernpfad: {' '.join(line.split())}", file=sys.stderr)
    return code
