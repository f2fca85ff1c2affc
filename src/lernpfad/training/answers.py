"""The objective of tracers: cross-entropy over scored answers, and a network's own terms; judged by AUC."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader

from lernpfad.core import BoolArray, Sequences
from lernpfad.core.laws.measure import auc
from lernpfad.training import batches
from lernpfad.training.network import Batch, OwnLoss


@dataclass(frozen=True)
class NextAnswer:
    """Whether the answer to each question is right: `training.network.Network` is trained for it."""

    monitor: ClassVar[str] = "valid/auc"
    nothing: ClassVar[str] = "no assessed answer in the training histories; expected outcomes 0 and 1"

    def targets(self, histories: Sequences) -> BoolArray:
        """Assessed answers, those in the column "scored" where there is one."""
        return batches.targets(histories)

    def batches(self, histories: Sequences, budget: int, *, seed: int | None = None) -> DataLoader[Batch]:
        """Learners of about the same length together."""
        return batches.loader(histories, budget, seed=seed)

    def held_out(self, histories: Sequences, budget: int) -> DataLoader[Batch]:
        """The same without shuffling, and four times as many rows, as no gradient is kept."""
        return batches.loader(histories, budget * 4)

    def loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, int, Tensor | float]:
        """One term for each scored answer."""
        logits, more = network.loss(batch) if isinstance(network, OwnLoss) else (network(batch), 0.0)
        logits = logits[batch.scored]
        return binary_cross_entropy_with_logits(logits, batch.answer[batch.scored]), len(logits), more

    def heard(self, network: nn.Module, batch: Batch) -> tuple[Tensor, ...]:
        """Logits and answers."""
        return network(batch)[batch.scored].cpu(), batch.answer[batch.scored].cpu()

    def judged(self, heard: Sequence[tuple[Tensor, ...]]) -> dict[str, float]:
        """Loss and AUC pooled over all validation answers; AUC is .5 where all answers are alike."""
        logit, answer = (torch.cat(column) for column in zip(*heard, strict=True))
        positive = answer.numpy() > 0
        mixed = 0 < positive.sum() < len(positive)
        return {
            self.monitor: auc(logit.numpy(), positive) if mixed else 0.5,
            "valid/loss": float(binary_cross_entropy_with_logits(logit, answer)),
        }
