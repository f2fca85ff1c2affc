"""A place of its own for every test that runs a command, and one company in which every command was run once."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from run import worlds

Command = Callable[..., int]

THEIRS = (
    "ignore:The ``noload`` loader strategy:DeprecationWarning",  # MLflow with SQLAlchemy 2.1
    "ignore:For backward compatibility, 'str' dtypes:DeprecationWarning",  # MLflow with pandas 3
    "ignore:Operation with range is deprecated:DeprecationWarning",  # likewise
    "ignore:.*type hint:UserWarning",  # MLflow about its own classes
)
"""Warnings of libraries about themselves, which only running a command brings up."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let them pass in the tests of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            for warning in THEIRS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(scope="session")
def tiny_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny learner log in our table layout."""
    return worlds.written(tmp_path_factory.mktemp("logs") / "tiny")


@pytest.fixture
def lernpfad(tmp_path: Path) -> Iterator[Command]:
    """`lernpfad(*words)` in a folder of its own; returns the exit code."""
    with _inside(tmp_path) as command:
        yield command


@dataclass(frozen=True)
class Company:
    """Where every command was run once on a tiny world; all paths are absolute."""

    home: Path

    @property
    def uri(self) -> str:
        return f"sqlite:///{self.home}/runs/mlflow.db"

    def at(self, *parts: str) -> Path:
        return self.home.joinpath(*parts)

    @contextmanager
    def command(self) -> Iterator[Command]:
        with _inside(self.home) as command:
            yield command


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """simulate, train a tracer and a recommender, evaluate, export: once for all tests that look at what is left."""
    found = Company(tmp_path_factory.mktemp("company"))
    with found.command() as lernpfad:
        world = ("simulator=tiny", "learners=60")
        steps = [
            ("simulate", *world, "weeks=6", "hydra.run.dir=runs/simulate"),
            ("train", "tracer=bkt", "hydra.run.dir=runs/bkt"),
            ("train", "tracer=null", "recommender=als", "hydra.run.dir=runs/als"),
            (
                *("evaluate", *world, "past_weeks=3", "weeks=3", "resamples=200", "hydra.run.dir=runs/evaluate"),
                *("models.tracer=runs/bkt", "models.recommender=runs/als"),
                "only=[random,debtperminute,oracle]",
            ),
            ("export", "evaluation=runs/evaluate", "folder=runs/bundle", "hydra.run.dir=runs/export"),
        ]
        for words in steps:
            assert lernpfad(*words) == 0, words
    return found


@contextmanager
def _inside(folder: Path) -> Iterator[Command]:
    """The command in a folder, with the log files that Hydra opens closed afterwards."""

    def run(*words: str) -> int:
        from lernpfad.run.cli import main

        return main(list(words))

    before = list(logging.root.handlers)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("LERNPFAD_DATA", raising=False)
        yield run
    for handler in [one for one in logging.root.handlers if one not in before]:
        logging.root.removeHandler(handler)
        handler.close()
