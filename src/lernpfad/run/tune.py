"""`lernpfad tune`: Optuna over a space of settings, judged on validation alone; its trials are nested MLflow runs."""

import copy
import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lernpfad.core import ConfigError
from lernpfad.data.dataset import Dataset, Split
from lernpfad.run import best, measure, parts, processes, same, space, train
from lernpfad.run.record import Record, Start
from lernpfad.run.seeds import child

log = logging.getLogger(__name__)

JOURNAL_FILE, STUDY_FILE = "journal.log", "study.json"
_MAY_DIFFER = ("trials", "workers", "worker", "study", "tracking", "runs", "progress_bar")
_PROCESS = "process"
_STARTUP_TRIALS, _WARMUP_EPOCHS = 5, 3


@dataclass(frozen=True, eq=False)
class Search:
    """A study and what its trials need."""

    config: Any
    folder: Path
    study: Any
    dataset: Dataset
    split: Split
    record: Record


def run(config: Any) -> None:
    """Search until the study has its trials, then print the best settings and write them as an experiment."""
    _require(config)
    folder = parts.folder()
    same.remember(
        folder / STUDY_FILE,
        parts.resolved(config),
        what=f"study '{config.study}'",
        remedy="name another study=..., or give the settings that it began with",
        may_differ=_MAY_DIFFER,
    )
    start = Start(f"tune {config.study}", folder, parts.resolved(config))
    with parts.build(config, "tracking").start(start) as record:
        with processes.beside("tune", range(1, config.workers), env={}) as codes:
            dataset, split = parts.data(config)
            record.data(dataset.name, dataset.fingerprint, str(config.data.source.get("folder", "")))
            search = Search(config, folder, _study(config, folder), dataset, split, record)
            while _left(search) > 0:
                _one_trial(search)
            if any(codes()):
                raise ConfigError("a worker failed; its own message is above")
        if config.worker == 0:  # when all of them are done
            _report(search)


def _require(config: Any) -> None:
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    if not parts.chosen(config, "sweep"):
        raise ConfigError("nothing to search: choose sweep=..., a file of configs/sweep")
    if not parts.chosen(config, config.sweep.part):
        raise ConfigError(f"the sweep is about a {config.sweep.part}, but none is chosen: {config.sweep.part}=...")
    if config.workers > 1 and HydraConfig.get().mode == RunMode.MULTIRUN:
        raise ConfigError("workers=1 in a multirun: it runs one job after the other by itself")
    parts.require_data(config.data)
    space.check(config)


def _study(config: Any, folder: Path) -> Any:
    """The study in the folder's journal, begun or gone on with; several processes may be on it."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=config.study,
        storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL_FILE))),
        direction=config.sweep.direction,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTUP_TRIALS, n_warmup_steps=_WARMUP_EPOCHS),
        load_if_exists=True,
    )
    # another seed for each process and each start, or they would all propose the same
    seed = child(config.seed, f"sampler {config.worker} after {len(study.trials)}")
    _bury(study)
    study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return study


def _bury(study: Any) -> None:
    """Trials whose process was killed count as failed, or the study would wait for them for ever."""
    from optuna.trial import TrialState

    for one in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, pid = one.user_attrs.get(_PROCESS, ("", 0))
        if host == socket.gethostname() and not _alive(pid):
            with suppress(ValueError):  # another process of this study was quicker
                study.tell(one.number, state=TrialState.FAIL)
                log.warning("trial %d was killed; it counts as failed", one.number)


def _alive(pid: int) -> bool:
    """Whether a process of this machine runs; where that cannot be told, it does."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _left(search: Search) -> int:
    """Trials to go; those that another process of this study is at count as done."""
    from optuna.trial import TrialState

    counted = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    return int(search.config.trials - len(search.study.get_trials(deepcopy=False, states=counted)))


def _one_trial(search: Search) -> None:
    """Ask for settings, fit, tell the validation metric; whatever stops it leaves no trial hanging."""
    from optuna import TrialPruned
    from optuna.trial import TrialState

    trial = search.study.ask()
    trial.set_user_attr(_PROCESS, (socket.gethostname(), os.getpid()))
    try:
        value = _value(search, trial)
    except TrialPruned:
        search.study.tell(trial, state=TrialState.PRUNED)
        log.info("trial %d pruned: %s", trial.number, _settings(trial.params))
        return
    except BaseException:
        with suppress(ValueError):
            search.study.tell(trial, state=TrialState.FAIL)
        raise
    search.study.tell(trial, value)
    log.info("trial %d: %s %.4f with %s", trial.number, search.config.sweep.metric, value, _settings(trial.params))


def _value(search: Search, trial: Any) -> float:
    """The validation metric of the model that the trial's settings give."""
    from optuna import TrialPruned

    config = space.suggested(copy.deepcopy(search.config), trial)
    folder = search.folder / "trials" / str(trial.number)
    folder.mkdir(parents=True, exist_ok=True)
    tags = {"optuna.study": str(search.config.study), "optuna.trial": str(trial.number)}
    start = Start(f"trial {trial.number}", folder, parts.resolved(config), tags, parent=search.record.run_id())
    with parts.build(config, "tracking").start(start) as record:
        record.data(search.dataset.name, search.dataset.fingerprint, str(config.data.source.get("folder", "")))
        job = train.Job(config, folder, search.dataset, search.split, record)
        part, metric = config.sweep.part, config.sweep.metric
        try:
            model, _ = train.fitted(job, part, listeners=[Pruning(trial, f"valid/{metric}")])
        except TrialPruned:
            record.tags({"optuna.state": "pruned"})
            raise_later = True
        else:
            raise_later = False
            rows = train.on_valid(job, part, model)
            record.metrics(measure.flat(rows, "final/valid"))
    if raise_later:  # outside of the record: a pruned run has not failed
        raise TrialPruned
    return _metric(rows, metric)


def _metric(rows: measure.Rows, metric: str) -> float:
    values = {row["metric"]: float(row["value"]) for row in rows}
    if metric not in values:
        raise ConfigError(f"sweep.metric: {space.unknown_metric(metric, values)}")
    return values[metric]


@dataclass(frozen=True, eq=False)
class Pruning:
    """A listener that ends a trial which is worse than the median of the others at the same epoch."""

    trial: Any
    metric: str

    def __call__(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Report the epoch's validation metric, if there is one, and raise TrialPruned where it is hopeless."""
        from optuna import TrialPruned

        if self.metric not in metrics:
            return
        self.trial.report(metrics[self.metric], epoch)
        if self.trial.should_prune():
            raise TrialPruned


def _report(search: Search) -> None:
    """Print the best trial and keep it as an experiment; the table of all trials goes into the record."""
    from optuna.trial import TrialState

    done = search.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not done:
        raise ConfigError(f"study '{search.config.study}' has no finished trial; raise trials=...")
    found = search.study.best_trial
    rows = [
        {"trial": one.number, "state": one.state.name, "value": one.value, **one.params} for one in search.study.trials
    ]
    search.record.table(rows, "trials")
    search.record.metrics({f"best/valid/{search.config.sweep.metric.replace('@', '_at_')}": found.value})
    place = best.write(search.config, search.folder, found)
    search.record.file(place)
    print(f"\nbest of {len(search.study.trials)} trials: {search.config.sweep.metric} {found.value:.4f} on validation")
    print("\n".join(f"  {name} = {value}" for name, value in space.settings(search.config, found.params).items()))
    print(f"\n  lernpfad train --config-dir {search.folder} experiment={best.NAME}")


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in values.items()
    )
