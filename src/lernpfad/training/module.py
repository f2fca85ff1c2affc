"""The one Lightning module: cross-entropy over scored answers, and a network's own terms; Adam, validation AUC."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from lernpfad.core import Listener
from lernpfad.core.laws.measure import auc
from lernpfad.training.fitting import Fitting
from lernpfad.training.network import Batch, OwnLoss


class SequenceTraining(LightningModule):  # type: ignore[misc]
    """Trains any network of `training.network`; tells the listeners train/loss, valid/loss, valid/auc every epoch."""

    def __init__(self, network: nn.Module, fitting: Fitting, listeners: Sequence[Listener]) -> None:
        super().__init__()
        self.network = network
        self.fitting = fitting
        self.listeners = listeners
        self._valid: dict[str, float] = {}
        self._heard: dict[str, list[Tensor]] = {"loss": [], "logit": [], "answer": []}

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Loss of a batch: one term for each scored answer.

        Dropout is drawn from seed and step alone, so that a resumed run goes on exactly as if uninterrupted.
        """
        torch.manual_seed(int(np.random.SeedSequence([self.fitting.seed, self.global_step]).generate_state(1)[0]))
        network = self.network
        logits, more = network.loss(batch) if isinstance(network, OwnLoss) else (network(batch), 0.0)
        logits = logits[batch.scored]
        loss = binary_cross_entropy_with_logits(logits, batch.answer[batch.scored])
        self._heard["loss"].append(torch.stack([loss.detach() * len(logits), logits.new_tensor(len(logits))]))
        return loss + more

    def on_train_epoch_end(self) -> None:
        """Tell how the epoch went; `train/loss` is the mean over its answers while the weights moved."""
        total, count = torch.stack(self._heard["loss"]).double().sum(dim=0).tolist()
        self._heard["loss"].clear()
        for listener in self.listeners:
            listener(self.current_epoch, {"train/loss": total / count, **self._valid})

    def on_validation_epoch_start(self) -> None:
        """Forget the last epoch's predictions."""
        self._heard["logit"].clear()
        self._heard["answer"].clear()

    def validation_step(self, batch: Batch, index: int) -> None:
        """Keep the predictions of a batch."""
        self._heard["logit"].append(self.network(batch)[batch.scored].cpu())
        self._heard["answer"].append(batch.answer[batch.scored].cpu())

    def on_validation_epoch_end(self) -> None:
        """Log loss and AUC pooled over all validation answers; AUC is .5 where all answers are alike."""
        logit, answer = torch.cat(self._heard["logit"]), torch.cat(self._heard["answer"])
        positive = answer.numpy() > 0
        mixed = 0 < positive.sum() < len(positive)
        self._valid = {
            "valid/auc": auc(logit.numpy(), positive) if mixed else 0.5,
            "valid/loss": float(binary_cross_entropy_with_logits(logit, answer)),
        }
        self.log_dict(self._valid, prog_bar=True)

    def configure_optimizers(self) -> Any:
        """Adam, its weight decay decoupled; with the schedule, if there is one, a step of it for every batch."""
        rate, steps = self.fitting.learning_rate, self.trainer.estimated_stepping_batches
        adam = torch.optim.AdamW(self.network.parameters(), lr=rate, weight_decay=self.fitting.weight_decay)
        if self.fitting.schedule == "constant":
            return adam
        cycle = torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=int(steps), cycle_momentum=False)
        return {"optimizer": adam, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}
