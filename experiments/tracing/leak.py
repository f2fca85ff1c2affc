"""What expanded rows do to the AUC: ASSISTments 2009 in AKT's files, a row an answer and skill against a row an answer.

    python experiments/tracing/leak.py                              all runs not in leak.jsonl yet, then page and figure
    python experiments/tracing/leak.py --model bestlr --fold 1      some of them
    python experiments/tracing/leak.py --page                       page and figure alone

Every run fits one model twice, with the same settings on the same learners of a fold: on expanded rows and on answers.
Histories are whole, and every test row is scored once. Expanded rows come in two forms, see `MODELS`. A run is one line
of leak.jsonl; one whose settings have changed since is done anew. Writes leak.md and leak.png. The data are
looked for in LERNPFAD_DATA, else in ../shared/data.
"""

import argparse
import hashlib
import json
import os
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

from lernpfad.core import BoolArray, Catalog, FloatArray, IntArray, KnowledgeTracer, Sequences, trace
from lernpfad.data.dataset import Dataset, Split
from lernpfad.data.sources import akt
from lernpfad.data.split import Published
from lernpfad.evaluate.intervals import bootstrap, by_learner, paired_difference, percentiles
from lernpfad.evaluate.metrics import auc
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.itemmean import ItemMean

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "configs"
RESULTS = HERE / "leak.jsonl"


@dataclass(frozen=True)
class Model:
    """A model as in configs/tracer. label: in tables. tracer: the file. changed: what differs from it and from the
    default trainer. own: expanded rows bear their own skill alone. folds: which are run."""

    label: str
    tracer: str
    changed: tuple[str, ...] = ()
    own: bool = False
    folds: tuple[int, ...] = (1, 2, 3, 4, 5)


MODELS: dict[str, Model] = {
    "itemmean": Model("item mean", "itemmean"),
    "copycat": Model("copy the row above", "itemmean"),
    "pfa": Model("PFA", "pfa"),
    "bkt": Model("BKT", "bkt"),
    "bestlr": Model("Best-LR", "bestlr"),
    "dkt": Model("DKT", "dkt", folds=(1,)),
    "sakt": Model("SAKT", "sakt", ("trainer.learning_rate=0.003",), folds=(1,)),
    "pfa-own": Model("PFA", "pfa", own=True),
    "bkt-own": Model("BKT", "bkt", own=True),
    "dkt-own": Model("DKT, skills only", "dkt", ("tracer.network.inputs=skills",), own=True, folds=(1,)),
}
"""With data.source.expanded=true every row bears all skills of its item. Other readers of these files see one skill a
row: so do the models with `own`, which know skills and no items."""


class Copycat(ItemMean):
    """The item mean, unless the row above is of the same item: then its answer. For whole histories, without steps."""

    def trace(self, histories: Sequences) -> FloatArray:
        """P(correct) of every row, `[N]`."""
        again = repeats(histories)
        above = np.concatenate([[0], histories.outcome[:-1]])
        return np.where(again, np.clip(above, 0.001, 0.999), super().trace(histories))


@dataclass(frozen=True)
class Run:
    """One model on one fold, fitted on expanded rows and on answers."""

    model: str
    fold: int
    seed: int = 0

    def config(self) -> Any:
        model = MODELS[self.model]
        tracer = OmegaConf.load(CONFIGS / "tracer" / f"{model.tracer}.yaml")
        trainer = OmegaConf.load(CONFIGS / "trainer" / "default.yaml")
        whole = OmegaConf.create({"seed": self.seed, "tracer": tracer, "trainer": trainer})
        fixed = ["trainer.accelerator=cpu", "trainer.progress_bar=false", *model.changed]
        return OmegaConf.merge(whole, OmegaConf.from_dotlist(fixed))["tracer"]

    def tracer(self) -> KnowledgeTracer[Any]:
        fresh: KnowledgeTracer[Any] = instantiate(self.config())
        return Copycat(fresh.smoothing) if self.model == "copycat" and isinstance(fresh, ItemMean) else fresh

    def key(self) -> str:
        told = [vars(self), MODELS[self.model].own, OmegaConf.to_container(self.config(), resolve=True)]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def runs() -> Iterator[Run]:
    for model, settings in MODELS.items():
        yield from (Run(model, fold) for fold in settings.folds)


def repeats(histories: Sequences) -> BoolArray:
    """Rows of the same learner and item as the row above, `[N]`."""
    again: BoolArray = np.concatenate([[False], (np.diff(histories.owner) == 0) & (np.diff(histories.item) == 0)])
    return again


def repeated_share(histories: Sequences) -> float:
    """Share of the steps from a row to the learner's next one that repeat item and outcome."""
    same = np.concatenate([[False], np.diff(histories.outcome) == 0])
    return float((repeats(histories) & same).sum() / (histories.position > 0).sum())


def by_own_skill(rows: Dataset) -> Dataset:
    """Expanded rows whose item is the pair of item and skill, so that each bears one skill."""
    log = rows.sequences
    pairs, item = np.unique(np.stack([log.item, log.extra["skill"]], axis=1), axis=0, return_inverse=True)
    names = [f"{log.catalog.items[one]}/{skill}" for one, skill in pairs.tolist()]
    catalog = Catalog.of(names, log.catalog.skills.tolist(), [[skill] for _, skill in pairs.tolist()])
    return replace(rows, sequences=replace(log, catalog=catalog, item=item.ravel().astype(np.int32)))


@dataclass(frozen=True)
class Said:
    """What a model said of the test rows, `[N]`, and of which learner each is."""

    predicted: FloatArray
    outcome: IntArray
    owner: IntArray

    def of(self, rows: BoolArray) -> "Said":
        return Said(self.predicted[rows], self.outcome[rows], self.owner[rows])

    def told(self) -> dict[str, float]:
        low, high = by_learner("auc", self.predicted, self.outcome, self.owner)
        return {"rows": len(self.outcome), **_rounded(auc(self.predicted, self.outcome), low, high)}


def said(tracer: KnowledgeTracer[Any], split: Split) -> Said:
    """Fit on the training side, stop on the validation side, predict the test side."""
    tracer.fit(split.train, split.valid)
    return Said(trace(tracer, split.test), split.test.outcome, split.test.owner)


def first_rows(test: Sequences) -> BoolArray:
    """Expanded rows that are the first of their answer, `[N]`."""
    return akt.answer_starts(test.owner, test.item, test.outcome, test.extra["skill"])


def guess_and_slip(tracer: Any, catalog: Catalog) -> list[float] | None:
    """Of BKT, their medians over the skills that share an item with another skill."""
    if not isinstance(tracer, BKT):
        return None
    shared = np.unique(catalog.item_skills[catalog.item_skills[:, 1] >= 0])
    shared = shared[shared >= 0]
    return [round(float(np.median(values[shared])), 4) for values in (tracer.guess_, tracer.slip_)]


def measure(run: Run, rows: Dataset, answers: Dataset) -> dict[str, Any]:
    start = time.process_time()
    split = Published(fold=run.fold)(by_own_skill(rows) if MODELS[run.model].own else rows)
    collapsed = Published(fold=run.fold)(answers)
    assert split.test.learners.tolist() == collapsed.test.learners.tolist()
    first = first_rows(Published(fold=run.fold)(rows).test)
    one, other = run.tracer(), run.tracer()
    expanded, plain = said(one, split), said(other, collapsed)
    assert np.array_equal(expanded.of(first).outcome, plain.outcome)
    drawn = [bootstrap("auc", told.predicted, told.outcome, told.owner) for told in (expanded, plain)]
    gap = auc(expanded.predicted, expanded.outcome) - auc(plain.predicted, plain.outcome)
    once = paired_difference("auc", expanded.predicted[first], plain.predicted, plain.outcome, plain.owner)
    return {
        **vars(run),
        "key": run.key(),
        "expanded": expanded.told(),
        "answers": plain.told(),
        "gap": _rounded(gap, *percentiles(drawn[0] - drawn[1])),
        "first": expanded.of(first).told(),
        "later": expanded.of(~first).told(),
        "first_less_answers": _rounded(*once),
        "guess_and_slip": [guess_and_slip(tracer, answers.catalog) for tracer in (one, other)],
        "learners": len(split.test.learners),
        "processor_seconds": round(time.process_time() - start, 1),
        "versions": {name: version(name) for name in ("numpy", "numba", "torch")},
        "data": [rows.fingerprint, answers.fingerprint],
        "repeated": [round(repeated_share(one.sequences), 5) for one in (rows, answers)],
        "finished": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
    }


def _rounded(value: float, low: float, high: float) -> dict[str, float]:
    return {"auc": round(float(value), 5), "low": round(float(low), 5), "high": round(float(high), 5)}


def finished() -> dict[str, dict[str, Any]]:
    lines = RESULTS.read_text().splitlines() if RESULTS.exists() else []
    return {line["key"]: line for line in map(json.loads, lines)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=list(MODELS), action="append")
    parser.add_argument("--fold", type=int, choices=(1, 2, 3, 4, 5), action="append")
    parser.add_argument("--page", action="store_true", help="page and figure from the runs that are there")
    asked = parser.parse_args()
    wanted = [run for run in runs() if run.key() not in finished() and not asked.page]
    wanted = [run for run in wanted if run.model in (asked.model or MODELS) and run.fold in (asked.fold or range(9))]
    if wanted:
        folder = Path(os.environ.get("LERNPFAD_DATA", HERE.parents[2] / "shared" / "data")) / "akt_assist2009_pid"
        rows, answers = akt.read(folder, expanded=True), akt.read(folder)
    for run in sorted(wanted, key=lambda run: run.fold):
        line = measure(run, rows, answers)
        with RESULTS.open("a") as out:
            out.write(json.dumps(line) + "\n")
        print(
            run.model, run.fold, line["expanded"]["auc"], line["answers"]["auc"], line["processor_seconds"], flush=True
        )
    from leak_page import write

    write()


if __name__ == "__main__":
    main()
