"""A large workforce in cohorts: each is simulated on its own and becomes one part of the log, so memory stays bounded.

A learner lives the same life in every cohort, so the log does not depend on how it was cut, nor on who simulated what.
A cohort that is written is not simulated again; several processes take cohorts from the same list.
"""

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lernpfad import __version__
from lernpfad.core import ConfigError, Sequences
from lernpfad.data import table
from lernpfad.data.dataset import Dataset
from lernpfad.run import company, locks, parts, processes, same
from lernpfad.run.company import Company, Tally
from lernpfad.serve.files import read_json, write_json

log = logging.getLogger(__name__)

BOOKS: Final = "cohorts"
"""The folder beside the tables that says which cohorts are written, and what settings they have."""

SETTINGS_FILE: Final = "settings.json"
_MAY_DIFFER = ("workers", "worker", "tracking", "runs", "progress", "experiment", "folder")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Written:
    """A log on disk. tallies: of its cohorts. fingerprint: hash of its content, hex."""

    tallies: list[Tally]
    fingerprint: str


@dataclass(frozen=True)
class Cohort:
    """Learners with the numbers `first` to `first + learners - 1`, whose part of the log is called `name`."""

    first: int
    learners: int

    @property
    def name(self) -> str:
        """Sorts as the learners do."""
        return f"{self.first:09d}-{self.first + self.learners - 1:09d}"


def divided(learners: int, size: int) -> list[Cohort]:
    """A workforce in cohorts of `size`; the last one may be smaller."""
    return [Cohort(first, min(size, learners - first)) for first in range(0, learners, size)]


def simulated_by_all(config: Any) -> Written:
    """The whole log: this process and `workers - 1` more simulate what is not written yet.

    Raises ConfigError if the folder holds a log of other settings, or if a worker failed.
    """
    _remember(config)
    _begin(config)
    with processes.beside("simulate", range(1, config.workers), env=_ONE_THREAD) as codes:
        simulated(config)
        if any(codes()):
            raise ConfigError(
                "a worker failed; its own message is above. What is written is kept: give the command again"
            )
    return _whole(config)


def simulated(config: Any) -> None:
    """Simulate cohorts, one after the other, until every one is written or another process is at it."""
    every, began = divided(config.learners, config.cohort), time.monotonic()
    founded = company.founded(config)
    for done, cohort in enumerate(_free(config, every), start=1):
        _simulate(config, founded, cohort)
        _tell(config, every, each=(time.monotonic() - began) / done)


def forget(folder: str | Path) -> None:
    """Throw the books of an earlier log away; its parts are the business of whoever writes the tables."""
    shutil.rmtree(Path(folder) / BOOKS, ignore_errors=True)


def _begin(config: Any) -> None:
    """Write what all cohorts have in common, unless one is written already."""
    every = divided(config.learners, config.cohort)
    if any(_written(config, cohort) for cohort in every):
        return
    world = parts.build(config, "simulator")
    nobody = Dataset(Path(config.folder).name, Sequences.empty(world.believed, 0), roles=world.roles)
    table.write_shared(nobody, config.folder)
    company.give_credit(world, config.folder)


def _free(config: Any, every: list[Cohort]) -> Iterator[Cohort]:
    """Cohorts that nobody has written or is at, each claimed while it is in hand."""
    for cohort in every:
        if _written(config, cohort):
            continue
        with locks.claimed(_page(config, cohort).with_suffix(".claim")) as mine:
            if mine and not _written(config, cohort):
                yield cohort


def _simulate(config: Any, founded: Company, cohort: Cohort) -> None:
    """Live through it and write it down; its page in the books comes last."""
    alone = config.workers == 1 and config.worker == 0
    lived = founded.lived(cohort.learners, first=cohort.first, progress=config.progress and alone)
    data = company.dataset(lived, founded.world, name=cohort.name)
    table.write_part(data, config.folder, part=cohort.name)
    write_json(_page(config, cohort), {"tally": company.tally(lived), "fingerprint": data.fingerprint})


def _remember(config: Any) -> None:
    settings = {**parts.resolved(config), "lernpfad": __version__}
    remedy = "remove that folder, name another one, or give the settings that it began with"
    same.remember(
        _books(config) / SETTINGS_FILE, settings, what="simulate in cohorts", remedy=remedy, may_differ=_MAY_DIFFER
    )


def _tell(config: Any, every: list[Cohort], *, each: float) -> None:
    """How far all processes are, and how long this goes on at their pace."""
    left = sum(not _written(config, cohort) for cohort in every)
    minutes = left * each / config.workers / 60.0
    log.info("%d of %d cohorts written, about %.0f min to go", len(every) - left, len(every), minutes)


def _whole(config: Any) -> Written:
    every = divided(config.learners, config.cohort)
    lacking = [cohort.name for cohort in every if not _written(config, cohort)]
    if lacking:
        raise ConfigError(
            f"{len(lacking)} cohorts ({lacking[0]}, ...) are in the hands of another command; wait for it"
        )
    pages = [read_json(_page(config, cohort)) for cohort in every]
    for cohort in every:
        _page(config, cohort).with_suffix(".claim").unlink(missing_ok=True)
    digest = hashlib.sha256("".join(page["fingerprint"] for page in pages).encode()).hexdigest()
    return Written([page["tally"] for page in pages], digest)


def _written(config: Any, cohort: Cohort) -> bool:
    part = Path(config.folder) / "interactions" / f"{cohort.name}.parquet"
    return _page(config, cohort).is_file() and part.is_file()


def _page(config: Any, cohort: Cohort) -> Path:
    return _books(config) / f"{cohort.name}.json"


def _books(config: Any) -> Path:
    return Path(config.folder) / BOOKS
