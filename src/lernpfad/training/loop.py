"""One training run from histories to the best weights: early stopping, checkpoints, resume."""

import hashlib
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from torch import Tensor, nn

from lernpfad.core import ConfigError, DataError, Listener, Sequences
from lernpfad.training.fitting import Fitting
from lernpfad.training.module import SequenceTraining
from lernpfad.training.objective import AnyObjective

_LOUD = ("lightning.pytorch", "lightning.fabric")
_HARMLESS = (
    ".*does not have many workers.*",
    ".*Checkpoint directory .* exists and is not empty.*",
    ".*You are trying to `self.log.. but.*",
    ".*GPU available but not used.*",
    ".*isinstance\\(treespec, LeafSpec\\).*",
)


def train_network(
    network: nn.Module,
    fitting: Fitting,
    objective: AnyObjective,
    train: Sequences,
    valid: Sequences | None,
    *,
    listeners: Sequence[Listener],
) -> None:
    """Leave the best weights in `network`: those of the epoch that the objective finds best on the validation part.

    Resumes from `fitting.checkpoints` where an earlier run of the same settings, network and data stopped, and ends
    with the weights of a run that was never interrupted. Raises DataError where nothing can be learned from `train`,
    ConfigError where the checkpoints belong to another run.
    """
    if not objective.targets(train).any():
        raise DataError(f"training: {objective.nothing}")
    if valid is None or not objective.targets(valid).any():
        train, valid = _held_out(train, fitting, objective)
    with tempfile.TemporaryDirectory() as scratch, _quiet(), torch.random.fork_rng():
        folder = Path(fitting.checkpoints or scratch)
        mark = _fingerprint(network, fitting, objective, train, valid)
        last = _last_checkpoint(folder, mark)
        if last is None or not _finished(last, fitting):
            _trainer(fitting, objective.monitor, folder, mark).fit(
                SequenceTraining(network, fitting, objective, listeners),
                objective.batches(train, fitting.batch_rows, seed=fitting.seed),
                objective.held_out(valid, fitting.batch_rows),
                ckpt_path=folder / "last.ckpt" if last is not None else None,
                weights_only=True,
            )
        best = torch.load(folder / "best.ckpt", map_location="cpu", weights_only=True)["state_dict"]
        network.cpu().load_state_dict({name.removeprefix("network."): value for name, value in best.items()})


def _trainer(fitting: Fitting, monitor: str, folder: Path, mark: str) -> Trainer:
    stop = EarlyStopping(
        monitor, mode="max", patience=fitting.patience, min_delta=fitting.min_delta, check_on_train_epoch_end=True
    )
    return Trainer(
        max_epochs=fitting.max_epochs,
        accelerator=fitting.accelerator,
        devices=1,
        precision=fitting.precision,
        callbacks=[_Mark(mark), stop, _Best(folder, monitor, fitting.min_delta)],
        gradient_clip_val=fitting.gradient_clip or None,
        enable_progress_bar=fitting.progress_bar,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=1_000_000,
        use_distributed_sampler=False,
        logger=False,
        default_root_dir=folder,
    )


class _Best(ModelCheckpoint):  # type: ignore[misc]
    """`last.ckpt` after every epoch; `best.ckpt` when one beats the saved best by more than `min_delta`."""

    def __init__(self, folder: Path, monitor: str, min_delta: float) -> None:
        super().__init__(
            dirpath=folder,
            filename="best",
            monitor=monitor,
            mode="max",
            save_last=True,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        self.min_delta = min_delta

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """The rule by which early stopping counts, so that both mean the same epoch."""
        return bool(super().check_monitor_top_k(trainer, None if current is None else current - self.min_delta))

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the best score, wherever the folder lay when it was written; Lightning would forget it."""
        best, score = str(Path(self.dirpath) / "best.ckpt"), state_dict["best_model_score"]
        here = {"dirpath": self.dirpath, "best_model_path": best, "kth_best_model_path": best}
        super().load_state_dict({**state_dict, **here, "best_k_models": {best: score}, "last_model_path": ""})


class _Mark(Callback):  # type: ignore[misc]
    """Writes into every checkpoint whose it is."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add the fingerprint of settings, network and data."""
        checkpoint["run"] = self.mark


def _last_checkpoint(folder: Path, mark: str) -> dict[str, Any] | None:
    path = folder / "last.ckpt"
    if not path.exists():
        return None
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # a damaged file is refused in many ways
        raise ConfigError(
            f"checkpoint '{path}' cannot be read ({type(problem).__name__}); delete '{folder}' to start afresh"
        ) from problem
    if saved.get("run") != mark:
        raise ConfigError(
            f"checkpoints '{folder}' belong to a run with other settings, network or data; "
            "expected those of this run: name another folder, or delete it to start afresh"
        )
    return saved


def _finished(saved: dict[str, Any], fitting: Fitting) -> bool:
    waited = max((state.get("wait_count", 0) for state in saved["callbacks"].values()), default=0)
    return bool(saved["epoch"] + 1 >= fitting.max_epochs or waited >= fitting.patience)


def _fingerprint(network: nn.Module, fitting: Fitting, objective: AnyObjective, *histories: Sequences) -> str:
    """SHA-256 of whatever decides the result, except for how long the run may be where that changes nothing else."""
    long = 1 if fitting.schedule == "constant" else fitting.max_epochs
    plain = replace(fitting, checkpoints=None, progress_bar=False, max_epochs=long)
    digest = hashlib.sha256(repr((plain, objective, network, _numbers(network))).encode())
    for name, weight in network.state_dict().items():
        digest.update(name.encode() + weight.cpu().numpy().tobytes())
    for logs in histories:
        for column in (logs.offsets, logs.item, logs.outcome, logs.accepted, objective.targets(logs)):
            digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def _numbers(network: nn.Module) -> dict[str, dict[str, Any]]:
    """Settings that show neither in the network's `repr` nor in the shapes of its weights, such as attention heads."""
    return {
        name: {key: value for key, value in vars(part).items() if isinstance(value, (bool, int, float, str))}
        for name, part in network.named_modules()
    }


def _held_out(train: Sequences, fitting: Fitting, objective: AnyObjective) -> tuple[Sequences, Sequences]:
    """Training histories, and those of the learners set aside for early stopping; a single learner is on both sides."""
    useful = np.unique(train.owner[objective.targets(train)])
    if len(useful) == 1:
        return train, train
    order = np.random.default_rng([fitting.seed, 1]).permutation(useful)
    count = min(max(1, round(fitting.holdout * len(useful))), len(useful) - 1)
    return train.select(np.sort(order[count:])), train.select(np.sort(order[:count]))


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing from Lightning but errors: its hints do not concern whoever trains a model."""
    before = {name: logging.getLogger(name).level for name in _LOUD}
    with warnings.catch_warnings():
        for message in _HARMLESS:
            warnings.filterwarnings("ignore", message=message)
        for name in _LOUD:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)
