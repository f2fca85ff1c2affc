"""One cell of a benchmark: a training run like any other, and the line that the tables are made of."""

import os
import platform
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from lernpfad.run import kinds, provenance, train
from lernpfad.run.kinds import Kind
from lernpfad.run.lines import rounded
from lernpfad.run.suite import Cell

OUTPUT_FILE = "output.txt"


def measured(
    cell: Cell, config: Any, folder: Path, *, kind: Kind, key: str, resamples: int, parent: str | None
) -> dict[str, Any]:
    """Fit and measure in `folder`, going on with what an interrupted start left there; returns the line.

    kind: of the suite. parent: id of the benchmark's own run in the record, which the cell's is nested in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / train.CONFIG_FILE).unlink(missing_ok=True)  # the folder bears the hash of the settings; paths may differ
    tags = {"benchmark.lane": cell.lane, "benchmark.model": cell.model, "benchmark.run": str(cell.run)}
    with (folder / OUTPUT_FILE).open("a", encoding="utf-8") as out, redirect_stdout(out):
        job, metrics = train.trained(config, tags=tags, parent=parent)
    ran = kinds.Ran(config, metrics, folder)
    return {
        "lane": cell.lane,
        "model": cell.model,
        "run": cell.run,
        "key": key,
        "command": cell.command,
        "seed": config.seed,
        "split": job.split.name,
        **kind.measured(ran, resamples=resamples),
        "valid": _below("final/valid/", metrics),
        "cost": _below("cost/", metrics),
        "epochs": len(job.epochs),
        "train_rows": len(job.split.train),
        "machine": machine(),
        "versions": provenance.versions(),
        "data": job.dataset.fingerprint,
        "finished": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
    }


def machine() -> str:
    """Cores, kind of processor, threads of this process, and the GPU if torch has one."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} cores {platform.machine()}, {torch.get_num_threads()} thread(s), {gpu}"


def _below(prefix: str, metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics as lines name them: the record takes no @."""
    found = {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}
    return rounded({name.replace("_at_", "@"): value for name, value in found.items()})
