"""Published protocols for tracers: lane A (ASSISTments 2015, pyKT) and lane B (ASSISTments 2009, JEDM).

    python experiments/tracing/lanes.py                          all runs that are not in results/ yet, then the table
    python experiments/tracing/lanes.py --lane A --model dkt     some of them
    python experiments/tracing/lanes.py --table                  the table alone

Every run is one line of results/<lane>.jsonl, so the command may be stopped and started again at any time; a run whose
settings have changed since is done anew. The data are looked for in LERNPFAD_DATA, else in ../shared/data.
"""

import argparse
import hashlib
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from hydra.utils import instantiate
from omegaconf import OmegaConf

from lernpfad.core import Sequences
from lernpfad.data.dataset import Dataset, Split
from lernpfad.data.sources import jedm, pykt
from lernpfad.data.split import Published
from lernpfad.data.windows import Windowed
from lernpfad.evaluate.metrics import tracing_metrics

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"

MODELS: dict[str, dict[str, list[str]]] = {
    "A": {
        "itemmean": [],
        "bkt": ["tracer.forgets=false"],
        "bkt-forgets": ["tracer.forgets=true"],
        "dkt": ["tracer.network.inputs=skills"],
    },
    "B": {
        "itemmean": [],
        "bkt": ["tracer.forgets=false"],
        "bkt-forgets": ["tracer.forgets=true"],
        "dkt": ["tracer.network.inputs=both"],
    },
}
"""What differs from configs/tracer/<model>.yaml and configs/trainer/default.yaml; chosen on validation learners."""


@dataclass(frozen=True)
class Run:
    """One fit of one model: in lane A on a fold, in lane B with a draw of validation learners."""

    lane: str
    model: str
    fold: int
    seed: int

    def config(self) -> Any:
        tracer = OmegaConf.load(CONFIGS / "tracer" / f"{self.model.split('-')[0]}.yaml")
        trainer = OmegaConf.load(CONFIGS / "trainer" / "default.yaml")
        whole = OmegaConf.create({"seed": self.seed, "tracer": tracer, "trainer": trainer})
        # on one thread of the processor, so that the seconds are comparable; without the bar, for the log
        fixed = ["trainer.accelerator=cpu", "trainer.progress_bar=false"]
        return OmegaConf.merge(whole, OmegaConf.from_dotlist(fixed + MODELS[self.lane][self.model]))

    def key(self) -> str:
        settings = OmegaConf.to_container(self.config()["tracer"], resolve=True)
        return hashlib.sha256(json.dumps([vars(self), settings], sort_keys=True).encode()).hexdigest()[:16]


def runs(lane: str, model: str) -> Iterator[Run]:
    for number in range(5):
        yield Run(lane, model, fold=number, seed=0) if lane == "A" else Run(lane, model, fold=0, seed=number)


def data_folder() -> Path:
    return Path(os.environ.get("LERNPFAD_DATA", HERE.parents[2] / "shared" / "data"))


def dataset(lane: str) -> Dataset:
    if lane == "A":
        return pykt.read(data_folder() / "pykt_assist2015")
    return jedm.read(data_folder() / "jedm_assistments09")


def divided(run: Run, data: Dataset) -> tuple[Split, Split | None]:
    """The split; in lane A in windows, and again with the test in chunks."""
    published = Published(fold=run.fold, seed=run.seed, valid=0.2)
    if run.lane == "B":
        return published(data), None
    return Windowed(published)(data), Windowed(published, test="chunk")(data)


def targets(run: Run, split: Split) -> tuple[Sequences, Sequences]:
    """Training and validation histories, each with the rows that the protocol wants predicted."""
    train, valid = split.train, split.valid
    wanted = train.position > 0 if run.lane == "A" else np.ones(len(train), dtype=bool)
    return (
        replace(train, extra={**train.extra, "scored": wanted}),
        replace(valid, extra={**valid.extra, "scored": split.valid_scored}),
    )


def measure(run: Run, data: Dataset) -> dict[str, Any]:
    split, chunked = divided(run, data)
    train, valid = targets(run, split)
    tracer = instantiate(run.config()["tracer"])
    if run.model.startswith("bkt"):
        tracer.fit(train.select(slice(0, 3)))  # compiles
    told: list[dict[str, float]] = []
    tracer.listeners = [lambda epoch, metrics: told.append(dict(metrics))]
    wall, processor = time.perf_counter(), time.process_time()
    tracer.fit(train, valid)
    fit_seconds, fit_wall = time.process_time() - processor, time.perf_counter() - wall
    metrics = scores(tracer, split.test, split.test_scored)
    tracer.trace(split.test)
    processor = time.process_time()
    tracer.trace(split.test)
    trace_seconds = time.process_time() - processor
    return {
        **vars(run),
        "key": run.key(),
        "changed": MODELS[run.lane][run.model],
        "test": metrics,
        "test_chunk": scores(tracer, chunked.test, chunked.test_scored) if chunked else None,
        "valid_auc": scores(tracer, split.valid, split.valid_scored)["auc"],
        "epochs": len(told),
        "train_rows": len(train),
        "test_rows": len(split.test),
        "fit_processor_seconds": round(fit_seconds, 3),
        "fit_wall_seconds": round(fit_wall, 3),
        "trace_processor_seconds": round(trace_seconds, 4),
        "machine": f"{os.cpu_count()} x {platform.machine()}, 1 thread, no GPU",
        "versions": {name: version(name) for name in ("numpy", "numba", "torch")},
        "data": data.fingerprint,
        "finished": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
    }


def scores(tracer: Any, histories: Sequences, scored: Any) -> dict[str, float]:
    wanted = scored & histories.assessed
    found = tracing_metrics(tracer.trace(histories)[wanted], histories.outcome[wanted])
    return {"answers": int(wanted.sum()), **{name: round(float(value), 6) for name, value in found.items()}}


def finished(lane: str) -> dict[str, dict[str, Any]]:
    path = HERE / "results" / f"{lane}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {line["key"]: line for line in map(json.loads, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lane", choices=list(MODELS), action="append")
    parser.add_argument("--model", action="append")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    for lane in [] if asked.table else asked.lane or list(MODELS):
        data = dataset(lane)
        for model in MODELS[lane]:
            for run in runs(lane, model) if not asked.model or model in asked.model else ():
                if run.key() in finished(lane):
                    continue
                line = measure(run, data)
                with (HERE / "results" / f"{lane}.jsonl").open("a") as out:
                    out.write(json.dumps(line) + "\n")
                print(lane, model, run.fold, run.seed, line["test"]["auc"], line["fit_processor_seconds"], flush=True)
    from table import write

    write()


if __name__ == "__main__":
    main()
