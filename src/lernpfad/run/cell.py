"""One cell of a benchmark: a training run like any other, and the line that the tables are made of."""

import os
import platform
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from lernpfad.evaluate.intervals import by_learner
from lernpfad.evaluate.metrics import tracing_metrics
from lernpfad.evaluate.slices import cold_start
from lernpfad.run import provenance, train
from lernpfad.run.predictions import Predictions
from lernpfad.run.suite import Cell
from lernpfad.serve.files import jsonable

OUTPUT_FILE = "output.txt"
_DIGITS = 6


def measured(cell: Cell, config: Any, folder: Path, *, key: str, resamples: int, parent: str | None) -> dict[str, Any]:
    """Fit and measure in `folder`, going on with what an interrupted start left there; returns the line.

    parent: id of the benchmark's own run in the record, which the cell's is nested in.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / train.CONFIG_FILE).unlink(missing_ok=True)  # the folder bears the hash of the settings; paths may differ
    tags = {"benchmark.lane": cell.lane, "benchmark.model": cell.model, "benchmark.run": str(cell.run)}
    with (folder / OUTPUT_FILE).open("a", encoding="utf-8") as out, redirect_stdout(out):
        job, metrics = train.trained(config, tags=tags, parent=parent)
    said = Predictions.read(folder / train.TEST_PREDICTIONS)
    return {
        "lane": cell.lane,
        "model": cell.model,
        "run": cell.run,
        "key": key,
        "command": cell.command,
        "seed": config.seed,
        "split": job.split.name,
        **judged(said, resamples=resamples),
        "valid": _below("final/valid/", metrics),
        "cost": _below("cost/", metrics),
        "epochs": len(job.epochs),
        "train_rows": len(job.split.train),
        "machine": machine(),
        "versions": provenance.versions(),
        "data": job.dataset.fingerprint,
        "finished": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
    }


def judged(said: Predictions, *, resamples: int) -> dict[str, Any]:
    """What the tables show of predictions: metrics, the interval of the AUC by learner, cold starts, unseen items."""
    predicted, outcome = said.predicted.astype(float), said.outcome
    low, high = by_learner("auc", predicted, outcome, said.owner, resamples=resamples)
    slices = {row["answers"]: _few(row) for row in cold_start(predicted, outcome, said.number)}
    slices["items never trained on"] = _few(
        {"n": int((~said.met).sum()), **tracing_metrics(predicted[~said.met], outcome[~said.met])}
    )
    return jsonable(  # type: ignore[no-any-return]
        {
            "answers": len(outcome),
            "test": _rounded(tracing_metrics(predicted, outcome)),
            "auc_interval": [round(low, _DIGITS), round(high, _DIGITS)],
            "slices": slices,
        }
    )


def machine() -> str:
    """Cores, kind of processor, threads of this process, and the GPU if torch has one."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return f"{os.cpu_count()} cores {platform.machine()}, {torch.get_num_threads()} thread(s), {gpu}"


def _few(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"n": row["n"], "auc": row["auc"], "log_loss": row["log_loss"]}


def _below(prefix: str, metrics: Mapping[str, float]) -> dict[str, float]:
    return _rounded({name.removeprefix(prefix): v for name, v in metrics.items() if name.startswith(prefix)})


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), _DIGITS) for name, value in values.items()}
