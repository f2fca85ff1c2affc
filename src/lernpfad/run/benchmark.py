"""`lernpfad benchmark`: models x lanes x runs, by several processes, resumed where it stopped; then the tables."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.run import cell as one_cell
from lernpfad.run import compare, lines, locks, parts, suite
from lernpfad.run.record import Record, Start
from lernpfad.run.standings import write_standings
from lernpfad.run.suite import Cell

log = logging.getLogger(__name__)

ERROR_FILE, CLAIM_FILE, LOCK_FILE = "error.txt", "claim.lock", "results.lock"
_WORKER_MEMORY = 4 << 30
"""Bytes that a process is taken to need: torch, a data set of a million rows, its windows, a batch."""
_ONLY_ONCE = ("workers", "worker")


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A suite in progress. folder: of all runs. results: where lines and tables are written."""

    config: Any
    folder: Path
    results: Path
    record: Record


def run(config: Any) -> None:
    """Run what is missing with as many processes as wanted, then compare, and write tables and figures."""
    folder, results = parts.folder(), Path(config.results)
    cells = suite.cells(config)
    if not cells:
        raise ConfigError("nothing to run: the lanes that were asked for have none of the models that were asked for")
    _require_data(cells, folder)
    start = Start(f"benchmark {config.suite.name}", folder, parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        bench = Benchmark(config, folder, results, record)
        if config.worker is not None:
            _work(bench, cells)
            return
        _with_workers(bench)
        failed = _failures(bench, cells)
        compare.write(config, folder, results)
        write_standings(config, results, record)
    if failed:
        raise ConfigError(f"{len(failed)} of {len(cells)} runs failed: {'; '.join(failed[:3])}")


def _require_data(cells: list[Cell], folder: Path) -> None:
    """Refuse lanes whose data are not there, before anything is computed."""
    lanes = {one.lane: one for one in reversed(cells)}
    for one in lanes.values():
        with suite.composed(one.words, folder) as config:
            parts.require_data(config.data)


def _work(bench: Benchmark, cells: list[Cell]) -> None:
    """Every cell that is neither finished nor another process's; one that fails leaves its reason behind."""
    import torch

    torch.set_num_threads(bench.config.threads)
    for number, cell in enumerate(cells, start=1):
        with _composed(bench, cell) as (config, key, folder), locks.claimed(folder / CLAIM_FILE) as mine:
            if not mine or key in lines.finished(bench.results):
                continue
            log.info("%s (%d of %d) in %s", cell.name, number, len(cells), folder)
            line = _attempted(bench, cell, config, key, folder)
            if line is not None:
                lines.append(bench.results, line, lock=bench.folder / LOCK_FILE)
                _tell(bench.record, line)
                log.info("%s: auc %.4f, fitted in %.0f s", cell.name, line["test"]["auc"], line["cost"]["fit_s"])


def _attempted(bench: Benchmark, cell: Cell, config: Any, key: str, folder: Path) -> dict[str, Any] | None:
    (folder / ERROR_FILE).unlink(missing_ok=True)
    resamples, parent = bench.config.resamples, bench.record.run_id()
    try:
        return one_cell.measured(cell, config, folder, key=key, resamples=resamples, parent=parent)
    except Exception as problem:  # one model's trouble must not cost the night's other runs
        reason = f"{type(problem).__name__}: {problem}"
        (folder / ERROR_FILE).write_text(reason, encoding="utf-8")
        log.exception("%s failed", cell.name)
        return None


@contextmanager
def _composed(bench: Benchmark, cell: Cell) -> Iterator[tuple[Any, str, Path]]:
    """The cell's config, key and folder."""
    quiet = ("trainer.progress_bar=false",)
    with suite.composed((*cell.words, *quiet, f"runs={bench.config.runs}"), bench.folder) as config:
        key = cell.key(config)
    folder = lines.folder(bench.folder, cell.lane, cell.model, cell.run, key)
    with suite.composed((*cell.words, *quiet, f"runs={bench.config.runs}"), folder) as config:
        config.tracking = bench.config.tracking
        config.resamples = 0  # the benchmark's own intervals are of what its tables show
        yield config, key, folder


def _tell(record: Record, line: dict[str, Any]) -> None:
    """The headline into the benchmark's own run, a step for each of the lane's runs."""
    record.metrics({f"{line['lane']}/{line['model']}/auc": line["test"]["auc"]}, line["run"])


def _with_workers(bench: Benchmark) -> None:
    """The same command in processes of their own, whose libraries keep to their threads."""
    given = [word for word in sys.argv[1:] if word.lstrip("+").partition("=")[0] not in _ONLY_ONCE]
    threads = str(bench.config.threads)
    env = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "NUMBA_NUM_THREADS": threads}
    command = [sys.executable, "-m", "lernpfad", "benchmark"]
    count = bench.config.workers or _as_many_as_fit(bench.config.threads)
    others = [subprocess.Popen([*command, f"worker={number}", *given], env=env) for number in range(count)]
    try:
        codes = [one.wait() for one in others]
        if any(codes):
            raise ConfigError("a process of the benchmark ended early; its own message is above")
    finally:
        for one in others:
            if one.poll() is None:
                one.terminate()


def _as_many_as_fit(threads: int) -> int:
    """Processes for the cores and the memory that are free."""
    cores = max(1, (os.cpu_count() or 1) // threads)
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # a system that does not tell
        return cores
    return max(1, min(cores, free // _WORKER_MEMORY))


def _failures(bench: Benchmark, cells: list[Cell]) -> list[str]:
    """Which cells have no line, and why."""
    done, failed = lines.finished(bench.results), []
    for cell in cells:
        with _composed(bench, cell) as (_, key, folder):
            error = folder / ERROR_FILE
            if key not in done:
                why = error.read_text(encoding="utf-8").splitlines()[0] if error.is_file() else "not finished"
                failed.append(f"{cell.name} ({why}; see {folder})")
    return failed
