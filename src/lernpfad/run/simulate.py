"""`lernpfad simulate`: learners of a world live under a policy; the log, with propensities and roles, is written."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.data import table
from lernpfad.run import cohorts, company, parts
from lernpfad.run.record import Record, Start
from lernpfad.serve.files import write_json

log = logging.getLogger(__name__)

SUMMARY_FILE = "summary.json"


def run(config: Any) -> None:
    """Roll the policy out, in one piece or in cohorts, write the log as a data set, and print what happened."""
    _require(config)
    if config.worker:  # beside the process that records
        cohorts.simulated(config)
        return
    start = Start(f"{config.learners} learners, {config.weeks} weeks", parts.folder(), parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        written = _in_one_piece(config) if config.cohort is None else cohorts.simulated_by_all(config)
        _tell(written, config, record, start.folder)


def _require(config: Any) -> None:
    """Refuse settings of cohorts where there are none, and a format that has no parts."""
    if config.cohort is None and config.workers > 1:
        raise ConfigError("workers share cohorts, and there are none; set cohort=5000 or so, or workers=1")
    if config.cohort is not None and config.format != "parquet":
        raise ConfigError(
            f"a log in cohorts is written as parquet, not {config.format}; set format=parquet or cohort=null"
        )


def _in_one_piece(config: Any) -> cohorts.Written:
    founded = company.founded(config)
    lived = founded.lived(config.learners, progress=config.progress)
    data = company.dataset(lived, founded.world, name=Path(config.folder).name)
    table.write(data, config.folder, format=config.format)
    company.give_credit(founded.world, config.folder)
    cohorts.forget(config.folder)
    return cohorts.Written([company.tally(lived)], data.fingerprint)


def _tell(written: cohorts.Written, config: Any, record: Record, folder: Path) -> None:
    numbers: Mapping[str, float] = company.summary(written.tallies)
    write_json(folder / SUMMARY_FILE, numbers)
    record.metrics(numbers)
    record.data(Path(config.folder).name, written.fingerprint, config.folder)
    print("\n".join(f"{name:<14}{value:>12,.3f}" for name, value in numbers.items()))
    log.info("log: %s", config.folder)
