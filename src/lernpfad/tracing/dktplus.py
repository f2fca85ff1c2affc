"""DKT+: deep knowledge tracing that remembers what it was just told and does not waver."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from lernpfad.core import ConfigError
from lernpfad.tracing.dkt import DKT
from lernpfad.training.network import Batch


class DKTPlus(DKT):
    """DKT with the regularisers of Yeung & Yeung (Learning @ Scale 2018, eq. 5-9).

    reconstruction: weight of the cross-entropy of an answer after it was read. smooth, smooth_squared: weights of the
    mean absolute and the mean squared change of success per skill from one row to the next. Means are over rows that
    are there, not over padding. The other settings are those of `DKT`.
    """

    def __init__(
        self, *, reconstruction: float = 0.1, smooth: float = 0.03, smooth_squared: float = 1.0, **settings: Any
    ) -> None:
        super().__init__(**settings)
        if min(reconstruction, smooth, smooth_squared) < 0:
            raise ConfigError(
                f"DKTPlus: reconstruction={reconstruction}, smooth={smooth}, smooth_squared={smooth_squared}; "
                "expected weights of at least 0"
            )
        self.reconstruction, self.smooth, self.smooth_squared = reconstruction, smooth, smooth_squared

    def loss(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Logits of the questions, and the weighted regularisers."""
        after, _ = self.lstm(self._read(batch.item, batch.outcome))
        after = self.dropout(after)
        known = batch.known(after, start=after.new_zeros(self.width))
        logits = self._logits(known.flatten(0, 1), batch.asked.reshape(-1, 1)).view_as(batch.asked)
        told = self._logits(after.flatten(0, 1), batch.item.reshape(-1, 1)).view_as(batch.item)
        graded = batch.outcome >= 0
        again = binary_cross_entropy_with_logits(told[graded], batch.outcome[graded].float(), reduction="sum")
        success = torch.sigmoid(self._of_skills(after)[..., : self.skills])
        there = graded | (batch.item >= 0)
        change = (success[:, 1:] - success[:, :-1])[there[:, 1:] & there[:, :-1]]
        rows, changes = max(int(graded.sum()), 1), max(change.numel(), 1)
        wavering = self.smooth * change.abs().sum() + self.smooth_squared * change.square().sum()
        return logits, self.reconstruction * again / rows + wavering / changes
