"""Published protocols for tracers: lane A (ASSISTments 2015, pyKT), B (2009, JEDM) and C (2017, AKT).

    python experiments/tracing/lanes.py                                all runs not in results/ yet, then the table
    python experiments/tracing/lanes.py --lane A --model dkt --run 0   some of them
    python experiments/tracing/lanes.py --table                        the table alone

Every run is one line of results/<lane>.jsonl, so the command may be stopped and started again at any time; a run whose
settings have changed since is done anew, and a neural fit goes on from its last epoch. What every run predicts is kept
in runs/tracing/. The data are looked for in LERNPFAD_DATA, else in ../shared/data.
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

from lernpfad.core import Sequences, trace
from lernpfad.data.dataset import Dataset, Split
from lernpfad.data.sources import akt, jedm, pykt
from lernpfad.data.split import Published
from lernpfad.data.windows import Windowed
from lernpfad.evaluate.metrics import tracing_metrics

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"

KEPT = HERE.parents[1] / "runs" / "tracing"

SKILLS, ITEMS = ["tracer.network.inputs=skills"], ["tracer.network.inputs=both"]
CLASSICAL: dict[str, list[str]] = {
    "itemmean": [],
    "bkt": ["tracer.forgets=false"],
    "bkt-forgets": ["tracer.forgets=true"],
    "elo": [],
    "irt": [],
    "pfa": [],
    "bestlr": [],
}
QUICK = ["trainer.learning_rate=0.003"]
NEURAL: dict[str, list[str]] = {
    "dkt": [],
    "dktplus": [],
    "dkvmn": QUICK,
    "deepirt": QUICK,
    "sakt": QUICK,
    "saint": QUICK,
    "simplekt": QUICK,
    "akt": ["tracer.network.dropout=0.1"],
}
MODELS: dict[str, dict[str, list[str]]] = {
    "A": {**CLASSICAL, **{name: SKILLS + more for name, more in NEURAL.items()}},
    "B": {**CLASSICAL, **{name: ITEMS + more for name, more in NEURAL.items()}},
    "C": {**CLASSICAL, "dkt-skills": SKILLS, **{name: ITEMS + more for name, more in NEURAL.items()}},
}
"""What differs from configs/tracer/<model>.yaml and configs/trainer/default.yaml; chosen on validation learners."""


@dataclass(frozen=True)
class Run:
    """One fit of one model: in lanes A and C on a fold, in lane B with a draw of validation learners."""

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
        if lane == "B":
            yield Run(lane, model, fold=0, seed=number)
        else:
            yield Run(lane, model, fold=number + (lane == "C"), seed=0)


def data_folder() -> Path:
    return Path(os.environ.get("LERNPFAD_DATA", HERE.parents[2] / "shared" / "data"))


def dataset(lane: str) -> Dataset:
    if lane == "A":
        return pykt.read(data_folder() / "pykt_assist2015")
    if lane == "B":
        return jedm.read(data_folder() / "jedm_assistments09")
    return akt.read(data_folder() / "akt_assist2017_pid", expanded=True)


def divided(run: Run, data: Dataset) -> tuple[Split, Split | None]:
    """The split; in lane A in windows, and again with the test in chunks."""
    published = Published(fold=run.fold, seed=run.seed, valid=0.2)
    if run.lane == "B":
        return published(data), None
    if run.lane == "C":
        return Windowed(published, minimum=1, score_first=True, test="chunk")(data), None
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
    if run.model.startswith(("bkt", "elo")):
        tracer.fit(train.select(slice(0, 3)))  # compiles
    if hasattr(tracer, "fitting"):
        tracer.fitting = replace(tracer.fitting, checkpoints=str(KEPT / "checkpoints" / run.key()))
    told: list[dict[str, float]] = []
    tracer.listeners = [lambda epoch, metrics: told.append(dict(metrics))]
    wall, processor = time.perf_counter(), time.process_time()
    tracer.fit(train, valid)
    fit_seconds, fit_wall = time.process_time() - processor, time.perf_counter() - wall
    metrics = scores(tracer, split.test, split.test_scored)
    trace(tracer, split.test)
    processor = time.process_time()
    trace(tracer, split.test)
    trace_seconds = time.process_time() - processor
    keep(run, tracer, split)
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


def keep(run: Run, tracer: Any, split: Split) -> None:
    """What was predicted of every scored row, for blends and paired comparisons."""
    KEPT.mkdir(parents=True, exist_ok=True)
    parts = {"valid": (split.valid, split.valid_scored), "test": (split.test, split.test_scored)}
    columns = {}
    for part, (histories, scored) in parts.items():
        wanted = scored & histories.assessed
        owner = histories.extra.get("learner", histories.owner)
        columns[f"{part}_predicted"] = trace(tracer, histories)[wanted].astype(np.float32)
        columns[f"{part}_before"] = histories.position[wanted].astype(np.int32)
        columns[f"{part}_outcome"], columns[f"{part}_learner"] = histories.outcome[wanted], owner[wanted]
    np.savez_compressed(KEPT / f"{run.lane}-{run.model}-{run.fold}-{run.seed}-{run.key()}.npz", **columns)


def scores(tracer: Any, histories: Sequences, scored: Any) -> dict[str, float]:
    wanted = scored & histories.assessed
    found = tracing_metrics(trace(tracer, histories)[wanted], histories.outcome[wanted])
    return {"answers": int(wanted.sum()), **{name: round(float(value), 6) for name, value in found.items()}}


def finished(lane: str) -> dict[str, dict[str, Any]]:
    path = HERE / "results" / f"{lane}.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {line["key"]: line for line in map(json.loads, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lane", choices=list(MODELS), action="append")
    parser.add_argument("--model", action="append")
    parser.add_argument("--run", type=int, action="append", help="0 to 4: the first to the last fold or seed")
    parser.add_argument("--again", action="store_true", help="runs that are finished, too, for their predictions")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    for lane in [] if asked.table else asked.lane or list(MODELS):
        data = dataset(lane)
        for model in MODELS[lane]:
            for number, run in enumerate(runs(lane, model) if not asked.model or model in asked.model else ()):
                done = run.key() in finished(lane) and not asked.again
                if done or (asked.run and number not in asked.run):
                    continue
                line = measure(run, data)
                with (HERE / "results" / f"{lane}.jsonl").open("a") as out:
                    out.write(json.dumps(line) + "\n")
                print(lane, model, run.fold, run.seed, line["test"]["auc"], line["fit_processor_seconds"], flush=True)
    from table import write

    write()


if __name__ == "__main__":
    main()
