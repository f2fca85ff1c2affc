"""What all tests share: one thread and no display, the planted data, and the way to the public learner logs."""
# ruff: noqa: E402  (the environment has to be set before numpy is imported)

import logging
import os
import sys
from collections.abc import Iterator
from functools import cache
from inspect import ismethod
from pathlib import Path

# before numpy is imported: more threads would compete with each other, and implicit warns about them
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from hypothesis import settings

from lernpfad.core import Catalog
from lernpfad.core.laws import PlantedAnswers, PlantedTakeUp, planted_answers, planted_take_up

REPOSITORY = Path(__file__).parents[1]

settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def log_files_closed() -> Iterator[None]:
    """Hydra opens a log file for each command and leaves it open, which another test would be blamed for."""
    before = list(logging.root.handlers)
    yield
    for handler in [one for one in logging.root.handlers if one not in before and isinstance(one, logging.FileHandler)]:
        logging.root.removeHandler(handler)
        handler.close()


@pytest.fixture(autouse=True)
def operators_read_once() -> None:
    """torch reads the operators that it can export anew for each graph, for half a second, and tests export many.

    This is not its interface, so it is left alone where it looks otherwise. Nothing of ours adds operators.
    """
    registration = sys.modules.get("torch.onnx._internal.exporter._registration")
    registry = getattr(registration, "ONNXRegistry", None)
    read = getattr(registry, "from_torchlib", None)
    if ismethod(read):
        registry.from_torchlib = staticmethod(cache(read))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the public learner logs; skips the test where it is not there."""
    named = os.environ.get("LERNPFAD_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no public learner logs in {folder}; set LERNPFAD_DATA to their folder (see data/README.md)")
    return folder


@pytest.fixture(scope="session")
def configs() -> Path:
    """The folder of the configuration files."""
    return REPOSITORY / "configs"


@pytest.fixture
def catalog() -> Catalog:
    """Five items on three skills: one of two skills, one text, one without skills; algebra comes before calculus."""
    return Catalog.of(
        ["sum", "product", "slope", "history", "riddle"],
        ["algebra", "calculus", "proof"],
        [[0], [0], [0, 1], [2], []],
        minutes=[3, 4, 6, 10, 2],
        kind=[0, 0, 0, 1, 0],
        prerequisites=[(0, 1)],
    )


@pytest.fixture(scope="session")
def planted() -> PlantedAnswers:
    """Answers from a known truth (see `lernpfad.core.laws.planted`); read only."""
    return planted_answers(learners=100)


@pytest.fixture(scope="session")
def taken_up() -> PlantedTakeUp:
    """Take-up in blocks (see `lernpfad.core.laws.planted`); read only."""
    return planted_take_up(learners=120)
