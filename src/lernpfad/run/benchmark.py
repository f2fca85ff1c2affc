"""`lernpfad benchmark`: models x lanes x runs, by several processes, resumed where it stopped; then the tables."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.run import cell as one_cell
from lernpfad.run import compare, kinds, lines, locks, parts, processes, provenance, suite
from lernpfad.run.kinds import Kind
from lernpfad.run.record import Record, Start
from lernpfad.run.standings import write_standings
from lernpfad.run.suite import Cell

log = logging.getLogger(__name__)

ERROR_FILE, CLAIM_FILE = "error.txt", "claim.lock"
_WORKER_MEMORY = 4 << 30
"""Bytes that a process is taken to need: torch, a data set of a million rows, its windows, a batch."""


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A suite in progress, and its kind. folder: of all runs. results: where lines and tables are written."""

    config: Any
    kind: Kind
    folder: Path
    results: Path
    record: Record


@dataclass(frozen=True)
class Task:
    """A cell with the hash of its settings and its folder."""

    cell: Cell
    key: str
    folder: Path


def run(config: Any) -> None:
    """Run what is missing with as many processes as wanted, then compare, and write tables and figures."""
    _require_one_job()
    folder, results = parts.folder(), Path(config.results)
    cells, kind = suite.cells(config), kinds.of(config)
    kind.require(suite.lanes(config))
    if not cells:
        raise ConfigError("nothing to run: the lanes that were asked for have none of the models that were asked for")
    _require_data(cells, folder)
    start = Start(f"benchmark {config.suite.name}", folder, parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        bench = Benchmark(config, kind, folder, results, record)
        tasks = [_task(bench, cell) for cell in cells]
        if config.worker is not None:
            _work(bench, tasks)
            return
        early = _with_workers(config)
        compare.write(config, folder, results)
        write_standings(config, results, record)
        _require_all(bench, tasks, early)


def _require_one_job() -> None:
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    if HydraConfig.get().mode == RunMode.MULTIRUN:
        raise ConfigError("a benchmark is a sweep by itself: without -m; workers=... says how many processes share it")


def _require_data(cells: Sequence[Cell], folder: Path) -> None:
    """Refuse lanes whose data are not there, before anything is computed."""
    for one in {cell.lane: cell for cell in reversed(cells)}.values():
        with suite.composed(one.words, folder) as config:
            parts.require_data(config.data)


def _task(bench: Benchmark, cell: Cell) -> Task:
    with _composed(bench, cell, bench.folder) as config:
        key = cell.key(config)
    return Task(cell, key, lines.folder(bench.folder, cell.lane, cell.model, cell.run, key))


@contextmanager
def _composed(bench: Benchmark, cell: Cell, folder: Path) -> Iterator[Any]:
    with suite.composed((*cell.words, "trainer.progress_bar=false", f"runs={bench.config.runs}"), folder) as config:
        config.tracking = bench.config.tracking
        config.resamples = 0  # the benchmark's own intervals are of what its tables show
        yield config


def _work(bench: Benchmark, tasks: Sequence[Task]) -> None:
    """Every cell that is neither finished nor another process's; one that fails leaves its reason behind."""
    import torch

    torch.set_num_threads(bench.config.threads)
    commit = provenance.commit()  # of the code that this process has loaded
    for number, task in enumerate(tasks, start=1):
        if task.key in lines.finished(bench.results):
            continue
        with locks.claimed(task.folder / CLAIM_FILE) as mine:
            if not mine or task.key in lines.finished(bench.results):
                continue
            log.info("%s (%d of %d) in %s", task.cell.name, number, len(tasks), task.folder)
            line = _attempted(bench, task)
            if line is not None:
                lines.append(bench.results, {**line, "commit": commit})
                _told(bench, task.cell, line["test"][bench.kind.headline])


def _told(bench: Benchmark, cell: Cell, value: float) -> None:
    """The headline of a run that is done, for who watches."""
    bench.record.metrics({f"{cell.lane}/{cell.model}/{bench.kind.headline.replace('@', '_at_')}": value}, cell.run)
    log.info("%s: %s %.4f", cell.name, bench.kind.headline, value)


def _attempted(bench: Benchmark, task: Task) -> dict[str, Any] | None:
    (task.folder / ERROR_FILE).unlink(missing_ok=True)
    shared = {"kind": bench.kind, "resamples": bench.config.resamples, "parent": bench.record.run_id()}
    try:
        with _composed(bench, task.cell, task.folder) as config:
            return one_cell.measured(task.cell, config, task.folder, key=task.key, **shared)
    except Exception as problem:  # one model's trouble must not cost the night's other runs
        (task.folder / ERROR_FILE).write_text(f"{type(problem).__name__}: {problem}", encoding="utf-8")
        log.exception("%s failed", task.cell.name)
        return None


def _with_workers(config: Any) -> bool:
    """The same command in processes of their own, whose libraries keep to their threads; whether one ended early."""
    count = config.workers or processes.room(cores=config.threads, memory=_WORKER_MEMORY)
    libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    with processes.beside("benchmark", range(count), env=dict.fromkeys(libraries, str(config.threads))) as codes:
        return any(codes())


def _require_all(bench: Benchmark, tasks: Sequence[Task], early: bool) -> None:
    """Say what is missing, and why; what another command is at is no failure."""
    done, failed, elsewhere = lines.finished(bench.results), [], 0
    for task in (one for one in tasks if one.key not in done):
        error = task.folder / ERROR_FILE
        with locks.claimed(task.folder / CLAIM_FILE) as mine:
            if not mine:
                elsewhere += 1
                continue
        why = error.read_text(encoding="utf-8").splitlines()[0] if error.is_file() else "not finished"
        failed.append(f"{task.cell.name} ({why}; see {task.folder})")
    if elsewhere:
        log.info("%d of %d runs are being worked on by another command", elsewhere, len(tasks))
    if failed:
        raise ConfigError(f"{len(failed)} of {len(tasks)} runs failed: {'; '.join(failed[:3])}")
    if early:
        raise ConfigError("a process of the benchmark ended early; its own message is above")
