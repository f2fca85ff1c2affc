"""The one Lightning module: the loss of an objective, Adam, and what the objective says of the validation part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from lernpfad.core import Listener
from lernpfad.training.fitting import Fitting
from lernpfad.training.objective import AnyObjective


class SequenceTraining(LightningModule):  # type: ignore[misc]
    """Trains any network for any objective; tells the listeners train/loss and the validation metrics every epoch."""

    def __init__(
        self, network: nn.Module, fitting: Fitting, objective: AnyObjective, listeners: Sequence[Listener]
    ) -> None:
        super().__init__()
        self.network = network
        self.fitting = fitting
        self.objective = objective
        self.listeners = listeners
        self._valid: dict[str, float] = {}
        self._losses: list[Tensor] = []
        self._heard: list[tuple[Tensor, ...]] = []

    def training_step(self, batch: Any, index: int) -> Tensor:
        """Loss of a batch.

        Dropout and whatever else is drawn comes from seed and step alone, so that a resumed run goes on exactly as if
        uninterrupted.
        """
        torch.manual_seed(int(np.random.SeedSequence([self.fitting.seed, self.global_step]).generate_state(1)[0]))
        loss, count, more = self.objective.loss(self.network, batch)
        self._losses.append(torch.stack([loss.detach() * count, loss.new_tensor(count)]))
        return loss + more

    def on_train_epoch_end(self) -> None:
        """Tell how the epoch went; `train/loss` is the mean over its targets while the weights moved."""
        total, count = torch.stack(self._losses).double().sum(dim=0).tolist()
        self._losses.clear()
        for listener in self.listeners:
            listener(self.current_epoch, {"train/loss": total / count, **self._valid})

    def on_validation_epoch_start(self) -> None:
        """Forget what was heard in the last epoch."""
        self._heard.clear()

    def validation_step(self, batch: Any, index: int) -> None:
        """Keep what the objective wants of a batch, in full precision: scores of 16 bits would tie."""
        with torch.autocast(self.device.type, enabled=False):
            self._heard.append(self.objective.heard(self.network, batch))

    def on_validation_epoch_end(self) -> None:
        """Log what the objective makes of all of it."""
        self._valid = self.objective.judged(self._heard)
        self.log_dict(self._valid, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """Adam, its weight decay decoupled; with the schedule, if there is one, a step of it for every batch."""
        rate, steps = self.fitting.learning_rate, self.trainer.estimated_stepping_batches
        adam = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=self.fitting.weight_decay)
        if self.fitting.schedule == "constant":
            return adam
        cycle = torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=int(steps), cycle_momentum=False)
        return {"optimizer": adam, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
