"""`lernpfad matrix`: policies x worlds x seeds, by several processes, resumed where it stopped; then the tables."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.evaluate.lived import Lived
from lernpfad.run import locks, matrix_cell, matrix_page, matrix_parts, matrix_policies, parts, processes
from lernpfad.run.record import Start

log = logging.getLogger(__name__)

CLAIM_FILE, ERROR_FILE, FIT_FILE = "claim.lock", "error.txt", "fit.lock"
_WORKER_MEMORY = 2 << 30
"""Bytes that a process is taken to need: some thousand learners, their tables of candidates, the models."""


@dataclass(frozen=True)
class Cell:
    """A policy in a world and where its result lies."""

    world: str
    policy: str
    folder: Path

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.policy} in {self.world}"


def run(config: Any) -> None:
    """Fit the learned parts, run what is missing with as many processes as wanted, and write tables and figures."""
    _require_one_job()
    matrix_parts.require(config)
    folder, wanted = parts.folder(), cells(config)
    learned = folder / "parts" / matrix_parts.key(config)
    if config.worker is not None:
        _work(config, wanted, learned)
        return
    for world in dict.fromkeys(one.world for one in wanted):
        matrix_parts.world(config, world)  # one that cannot be made is told of now, not after an hour
    start = Start("robustness matrix", folder, parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        if not all(matrix_cell.finished(one.folder) for one in wanted):
            with locks.alone(folder / FIT_FILE):
                matrix_parts.fit(config, learned)
            early = _with_workers(config)
            _require_all(wanted, early)
        matrix_page.write(config, found(wanted), record)


def cells(config: Any) -> list[Cell]:
    """All that were asked for, world by world; the reference and the baselines are always among them."""
    worlds = [one for one in config.worlds if config.only_worlds is None or one in config.only_worlds]
    home = parts.folder()
    return [
        Cell(world, policy, home / world / f"{policy}-{matrix_cell.key(config, world, policy)}")
        for world in worlds
        for policy in matrix_policies.wanted(config)
    ]


def found(wanted: list[Cell]) -> dict[str, dict[str, tuple[dict[str, Any], Lived]]]:
    """World to policy to the facts and what was kept."""
    read: dict[str, dict[str, tuple[dict[str, Any], Lived]]] = {}
    for one in wanted:
        read.setdefault(one.world, {})[one.policy] = matrix_cell.read(one.folder)
    return read


def _require_one_job() -> None:
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    if HydraConfig.get().mode == RunMode.MULTIRUN:
        raise ConfigError("a matrix is a sweep by itself: without -m; workers=... says how many processes share it")


def _with_workers(config: Any) -> bool:
    """The same command in processes of their own, each on one core; whether one ended early."""
    count = config.workers or processes.room(cores=1, memory=_WORKER_MEMORY)
    libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    with processes.beside("matrix", range(count), env=dict.fromkeys(libraries, "1")) as codes:
        return any(codes())


def _work(config: Any, wanted: list[Cell], learned: Path) -> None:
    """Every cell that is neither finished nor another process's; one that fails leaves its reason behind."""
    past, models = matrix_cell.Past(config), matrix_parts.load(config, learned)
    for one in _from_elsewhere(wanted, config.worker):
        if matrix_cell.finished(one.folder):
            continue
        with locks.claimed(one.folder / CLAIM_FILE) as mine:
            if not mine or matrix_cell.finished(one.folder):
                continue
            error = one.folder / ERROR_FILE
            error.unlink(missing_ok=True)
            try:
                facts = matrix_cell.run(
                    config, one.folder, one.world, one.policy, past=past, parts_folder=learned, learned=models
                )
                log.info("%s: %d offers in %.0f s", one.name, facts["offers"], facts["processor_s"])
            except Exception as problem:  # one policy's trouble must not cost the others
                error.write_text(f"{type(problem).__name__}: {problem}", encoding="utf-8")
                log.exception("%s failed", one.name)


def _from_elsewhere(wanted: list[Cell], worker: int) -> list[Cell]:
    """World by world, each process beginning with another one, since a world's past is made once a process."""
    worlds = list(dict.fromkeys(one.world for one in wanted))
    turned = worlds[worker % len(worlds) :] + worlds[: worker % len(worlds)]
    return sorted(wanted, key=lambda one: turned.index(one.world))


def _require_all(wanted: list[Cell], early: bool) -> None:
    failed = []
    for one in wanted:
        error = one.folder / ERROR_FILE
        if not matrix_cell.finished(one.folder):
            why = error.read_text(encoding="utf-8").splitlines()[0] if error.is_file() else "not finished"
            failed.append(f"{one.name} ({why}; see {one.folder})")
    if failed:
        raise ConfigError(f"{len(failed)} of {len(wanted)} cells are missing: {'; '.join(failed[:3])}")
    if early:
        raise ConfigError("a process of the matrix ended early; its own message is above")
