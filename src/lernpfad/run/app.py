"""One Hydra application per command: overrides, multirun, `--cfg`, `--info` and `--config-dir` as Hydra has them."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn

from lernpfad.core.errors import ConfigError
from lernpfad.run import passwords, resolvers, schema
from lernpfad.run.explain import Refused, explain
from lernpfad.run.places import config_folder

Task = Callable[[Any], None]


def launch(command: str, words: list[str]) -> None:
    """Compose the config of `command` with the overrides in `words` and run it, once or as a multirun.

    Raises Refused, with the line to show, for every mistake of the caller, wherever Hydra noticed it.
    """
    import hydra

    words = schema.without_null(words)
    _check_flags(words)
    for word in words:
        passwords.refuse(word.lstrip("+~").partition("=")[0], word)
    resolvers.register()
    schema.register()
    wrapped = hydra.main(version_base="1.3", config_path=str(config_folder()), config_name=command)(_job(command))
    with _as_hydra_sees_it(command, words):
        try:
            wrapped()
        except Exception as problem:
            line = explain(problem, command, words)
            if line is None:
                raise
            raise Refused(line) from problem


def _job(command: str) -> Task:
    def job(config: Any) -> None:
        task: Task = import_module(f"lernpfad.run.{command}").run
        try:
            schema.check(config)
            task(config)
        except Exception as problem:
            line = explain(problem, command, [])
            if line is None:
                raise
            # not an Exception: Hydra would print a second line, and a multirun would go on
            raise Refused(line) from problem

    return job


def _check_flags(words: list[str]) -> None:
    from hydra._internal.utils import get_args_parser

    def refuse(message: str) -> NoReturn:
        raise ConfigError(f"{message}; see lernpfad --help")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]  # argparse would print its usage as well
    if parser.parse_args(words).experimental_rerun is not None:
        raise ConfigError("--experimental-rerun loads a pickle, which lernpfad never does; give the overrides again")


@contextmanager
def _as_hydra_sees_it(command: str, words: list[str]) -> Iterator[None]:
    """`sys.argv` of the command; and errors come to us whole instead of being printed by Hydra."""
    argv, full = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv, os.environ["HYDRA_FULL_ERROR"] = [f"lernpfad {command}", *words], "1"
    try:
        yield
    finally:
        sys.argv = argv
        if full is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = full
