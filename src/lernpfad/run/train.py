"""`lernpfad train`: data, split, fit, measure on held-out learners, keep. What a model needs is in the model."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from lernpfad.core import BoolArray, ConfigError, DataError, IntArray, Listener, Reports, Sequences
from lernpfad.core.events import taken_pairs
from lernpfad.data.dataset import Dataset, Split
from lernpfad.evaluate import ranking, ranking_slices
from lernpfad.evaluate.gallery import gallery
from lernpfad.evaluate.ranking import RankingResult
from lernpfad.evaluate.results import Results, TracerScores, label
from lernpfad.run import cost, measure, parts, rankings, same, store
from lernpfad.run.mlflow_model import TracedModel
from lernpfad.run.predictions import Predictions
from lernpfad.run.record import Record, Start
from lernpfad.serve.files import jsonable, read_json, write_arrays, write_json

log = logging.getLogger(__name__)

METRICS_FILE, CONFIG_FILE, EPOCHS_FILE, SPLIT_FILE = "metrics.json", "config.json", "epochs.json", "split.json"
VALID_PREDICTIONS, TEST_PREDICTIONS = Path("predictions") / "valid", Path("predictions") / "test"
TEST_RANKINGS, SLICES_FILE = Path("ranking") / "test", "slices.json"


@dataclass(frozen=True, eq=False)
class Heard:
    """A listener that writes what a model reports of each epoch into the record, and keeps it.

    path: where it is kept meanwhile, so that a run that goes on has the epochs of the one before.
    """

    record: Record
    path: Path
    epochs: list[dict[str, float]] = field(default_factory=list)

    @classmethod
    def before(cls, record: Record, path: Path) -> Self:
        """With the epochs of an interrupted run in the same folder."""
        return cls(record, path, read_json(path) if path.is_file() else [])

    def __call__(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Every metric of the epoch in one write; an epoch that is done again replaces what came of it before."""
        self.epochs[epoch:] = [dict(metrics)]
        write_json(self.path, jsonable(self.epochs))
        self.record.metrics(metrics, epoch)


@dataclass(frozen=True, eq=False)
class Job:
    """What every step of a training run needs. epochs: what the model that was fitted last reported on the way."""

    config: Any
    folder: Path
    dataset: Dataset
    split: Split
    record: Record
    epochs: list[dict[str, float]] = field(default_factory=list)


def run(config: Any) -> None:
    """Fit what the config chooses, print how good it is, and leave it in the run folder."""
    trained(config)


def trained(
    config: Any, *, tags: Mapping[str, str] | None = None, parent: str | None = None
) -> tuple[Job, dict[str, float]]:
    """The same for a run that belongs to another one: what it was given, and its metrics."""
    wanted = [part for part in ("tracer", "recommender") if parts.chosen(config, part)]
    if not wanted:
        raise ConfigError("nothing to train: choose tracer=..., recommender=... or both")
    parts.require_data(config.data)
    folder, plain = parts.folder(), parts.resolved(config)
    if config.resume is not None and not (folder / CONFIG_FILE).is_file():
        raise ConfigError(f"resume: '{folder}' is no folder of lernpfad train (it has no {CONFIG_FILE})")
    remedy = "give the settings that the run began with"
    same.remember(folder / CONFIG_FILE, plain, what="resume", remedy=remedy, may_differ=same.NOT_LEARNED)
    name = " ".join([*parts.choices(*wanted), "on", str(config.data.name)])
    with parts.build(config, "tracking").start(Start(name, folder, plain, tags or {}, parent)) as record:
        job = Job(config, folder, *_data(config, record), record)
        judged = {"ranking": measure.protocol(config) | {"ties": ranking.TIES}}
        write_json(folder / SPLIT_FILE, job.split.manifest() | judged)
        record.file(folder / SPLIT_FILE)
        metrics: dict[str, float] = {}
        for part in wanted:
            metrics |= _recommender(job) if part == "recommender" else _tracer(job)
        write_json(folder / METRICS_FILE, metrics)
        record.file(folder / METRICS_FILE)
        log.info("run folder: %s", folder)
        if record.place():
            log.info("MLflow: %s", record.place())
    return job, metrics


def _data(config: Any, record: Record) -> tuple[Dataset, Split]:
    dataset, split = parts.data(config)
    histories = dataset.sequences
    log.info(
        "%s: %d interactions of %d learners, %d items, %d skills; split %s",
        dataset.name,
        len(histories),
        len(histories.learners),
        len(dataset.catalog),
        len(dataset.catalog.skills),
        split.name,
    )
    record.data(dataset.name, dataset.fingerprint, str(config.data.source.get("folder", "")))
    return dataset, split


def _tracer(job: Job) -> dict[str, float]:
    watch, begun = cost.Stopwatch(), (job.folder / f"tracer_{EPOCHS_FILE}").is_file()
    with watch.running():
        tracer, heard = fitted(job, "tracer")
    found = measure.tracing(tracer, job.split.test, job.split.test_scored)
    Predictions.of(found, job.split.train).write(job.folder / TEST_PREDICTIONS)
    rows = measure.tracing_rows(found, resamples=job.config.resamples, seed=job.config.seed)
    place = _kept(job, "tracer", tracer, rows, heard)
    if job.record.place() is not None:  # nobody else would see them
        name = _name(job.config, "tracer")
        shown = Results(tracers={name: found}, training={name: heard})
        for title, drawn in gallery(shown).items():
            job.record.figure(drawn.figure, title)
    job.record.model(TracedModel("tracer", place, job.split.test))
    valid, final = _on_valid(job, tracer), {}
    if valid is not None:
        Predictions.of(valid, job.split.train).write(job.folder / VALID_PREDICTIONS)
        final = measure.flat(measure.tracing_rows(valid, resamples=0, seed=0), "final/valid")
    spent = {**_seconds(watch, begun), **cost.of(tracer, job.split.test)}
    final |= {f"cost/{name}": float(value) for name, value in spent.items()}
    job.record.metrics(final)
    return final | measure.flat(rows, "test")


def _recommender(job: Job) -> dict[str, float]:
    watch, begun = cost.Stopwatch(), (job.folder / f"recommender_{EPOCHS_FILE}").is_file()
    with watch.running():
        recommender, heard = fitted(job, "recommender")
    found = _ranked(job, recommender, job.split.test, job.split.test_scored)
    rankings.write(job.folder / TEST_RANKINGS, found)
    sure = {"resamples": job.config.resamples, "seed": job.config.seed}
    sliced = ranking_slices.tables(found, **sure)
    write_json(job.folder / TEST_RANKINGS / SLICES_FILE, jsonable(sliced))
    job.record.table(jsonable(ranking_slices.rows(sliced)), "recommender_test_slices")
    rows = measure.ranking_rows(found, **sure)
    write_arrays(job.folder / "recommender" / store.TAKERS, {"takers": _takers(job.split.train)})
    job.record.file(_kept(job, "recommender", recommender, rows, heard), "recommender")
    final = measure.flat(_ranking_on_valid(job, recommender), "final/valid")
    spent = {**_seconds(watch, begun), **cost.of_recommender(recommender, job.split.test)}
    final |= {f"cost/{name}": float(value) for name, value in spent.items()}
    job.record.metrics(final)
    return final | measure.flat(rows, "test")


def _takers(train: Sequences) -> IntArray:
    """How many learners took each item, `[I]`."""
    return np.bincount(taken_pairs(train, len(train.catalog))[1], minlength=len(train.catalog))


def _ranking_on_valid(job: Job, recommender: Any) -> measure.Rows:
    """What a recommender makes of the validation learners, if the split has any with something new to be found."""
    valid, scored = job.split.valid, job.split.valid_scored
    if not (scored & valid.accepted).any():
        return []
    try:
        found = _ranked(job, recommender, valid, scored)
    except DataError as problem:  # the fit is done, and the test part can be judged all the same
        log.warning("validation: %s", problem)
        return []
    return measure.ranking_rows(found, resamples=0, seed=0)


def _seconds(watch: cost.Stopwatch, begun: bool) -> dict[str, float]:
    """Of a fit that was interrupted, nobody knows the seconds."""
    return {} if begun else {"fit_s": watch.wall, "fit_processor_s": watch.processor}


def _ranked(job: Job, recommender: Any, histories: Sequences, scored: BoolArray) -> RankingResult:
    protocol = measure.protocol(job.config)
    return measure.ranking(recommender, histories, scored, train=job.split.train, **protocol)


def fitted(job: Job, part: str, *, listeners: Sequence[Listener] = ()) -> tuple[Any, list[dict[str, float]]]:
    """The model that the config chose, fitted, and what it reported on the way."""
    model, heard = parts.build(job.config, part), Heard.before(job.record, job.folder / f"{part}_{EPOCHS_FILE}")
    if isinstance(model, Reports):
        model.listeners.extend([heard, *listeners])
    train, valid = job.split.train, validating(job.split, job.config, part)
    log.info(
        "fitting %s on %d interactions of %d learners", label(_name(job.config, part)), len(train), len(train.learners)
    )
    model.fit(train, valid if len(valid) else None)
    job.epochs[:] = heard.epochs
    return model, heard.epochs


def validating(split: Split, config: Any, part: str) -> Sequences:
    """The validation histories, marked with the rows that will be judged, so that a fit stops early by the same."""
    valid, scored = split.valid, split.valid_scored
    if part == "recommender":
        scored = measure.held_out(valid, scored, history=config.ranking_history)
    return replace(valid, extra={**valid.extra, "scored": scored})


def on_valid(job: Job, part: str, model: Any) -> measure.Rows:
    """What the choice of a model may look at; nothing where no validation answer is scored."""
    valid, scored = job.split.valid, job.split.valid_scored
    if part == "recommender":
        return measure.ranking_rows(_ranked(job, model, valid, scored), resamples=0, seed=0)
    found = _on_valid(job, model)
    return [] if found is None else measure.tracing_rows(found, resamples=0, seed=0)


def _on_valid(job: Job, tracer: Any) -> TracerScores | None:
    """What a tracer says of the validation answers, if any are scored."""
    valid, scored = job.split.valid, job.split.valid_scored
    return measure.tracing(tracer, valid, scored) if (scored & valid.assessed).any() else None


def _name(config: Any, part: str) -> str:
    """The stem of the model's YAML; of a model that an experiment describes itself, its class in lower case."""
    return "".join(parts.choices(part)) or str(config[part]["_target_"]).rpartition(".")[2].lower()


def _kept(job: Job, part: str, model: Any, rows: measure.Rows, epochs: list[dict[str, float]]) -> Path:
    facts = {
        "name": _name(job.config, part),
        "data": job.dataset.name,
        "data_hash": job.dataset.fingerprint,
        "split": job.split.name,
        "leaky": job.split.leaky,
        "seed": job.config.seed,
        "run": job.record.run_id(),
        "test": {row["metric"]: row["value"] for row in rows},
        "epochs": epochs,
    }
    place = store.save(job.folder / part, model, catalog=job.dataset.catalog, roles=job.dataset.roles, facts=facts)
    job.record.metrics(measure.flat(rows, "test"))
    job.record.table(jsonable(rows), f"{part}_test")
    print(f"\n{part} {label(_name(job.config, part))} on the test part of {job.dataset.name} ({job.split.name})")
    print(measure.text(rows))
    return place
