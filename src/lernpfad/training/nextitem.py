"""The objective of neural recommenders: the item that a learner takes next; judged by NDCG@10 over the full catalog."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from lernpfad.core import UNKNOWN, BoolArray, Sequences
from lernpfad.core.events import Seen
from lernpfad.training.batches import Buckets
from lernpfad.training.losses import NextItemLoss
from lernpfad.training.takes import Later, LaterTakes, Takes, TakeWindows, count

_K: Final = 10


@dataclass(frozen=True)
class NextItem:
    """What is taken next, from everything before; `training.encoder.Encoder` is trained for it.

    In validation, items that a learner took before are not ranked, as in `evaluate.ranking`. judges: how many of the
    validation learners are asked after each epoch, at most.
    """

    loss_of: NextItemLoss
    seen: Seen
    judges: int = 2000
    monitor: ClassVar[str] = "valid/ndcg@10"
    nothing: ClassVar[str] = "nothing was taken in the training histories; expected accepted rows with known items"

    def targets(self, histories: Sequences) -> BoolArray:
        """Takes of known items, those in the column "scored" where there is one."""
        took: BoolArray = histories.accepted & (histories.item >= 0) & (histories.item < self.seen.items)
        scored = histories.extra.get("scored")
        return took if scored is None else took & scored

    def batches(self, histories: Sequences, budget: int, *, seed: int | None = None) -> DataLoader[Takes]:
        """Windows of about the same length together."""
        data = TakeWindows(histories, self.seen)
        return DataLoader(data, sampler=Buckets(data.lengths, budget, seed=seed), batch_size=None)

    def held_out(self, histories: Sequences, budget: int) -> DataLoader[Later]:
        """Learners with something to be found."""
        data = LaterTakes(histories, self.seen, most=self.judges)
        return DataLoader(data, sampler=Buckets(data.lengths, budget * 4), batch_size=None)

    def loss(self, network: nn.Module, batch: Takes) -> tuple[Tensor, int, Tensor | float]:
        """One term for each take."""
        asked = batch.wanted != UNKNOWN
        vectors = network.vectors()  # type: ignore[operator]
        hidden = network(batch.item, batch.taken)[asked].to(vectors.dtype)
        return self.loss_of(hidden, batch.wanted[asked], vectors), len(hidden), 0.0

    def heard(self, network: nn.Module, batch: Later) -> tuple[Tensor, ...]:
        """NDCG@10 and hit rate of each learner."""
        scores = known(network, batch.item, batch.taken) @ network.vectors().T  # type: ignore[operator]
        scores = scores.float()
        rows, places = torch.nonzero((batch.item != UNKNOWN) & batch.taken, as_tuple=True)
        scores[rows, batch.item[rows, places]] = -torch.inf
        return tuple(one.cpu() for one in _found(scores, batch.later))

    def judged(self, heard: Sequence[tuple[Tensor, ...]]) -> dict[str, float]:
        """Means over the learners."""
        ndcg, hit = (torch.cat(column).double().mean() for column in zip(*heard, strict=True))
        return {self.monitor: float(ndcg), f"valid/hr@{_K}": float(hit)}


def known(network: Any, item: Tensor, taken: Tensor) -> Tensor:
    """What the network knows after the last event of each history, `[B, D]`."""
    every = network(item, taken)
    last = count(item).view(-1, 1, 1).expand(-1, 1, every.shape[-1])
    found: Tensor = every.gather(1, last).squeeze(1)
    return found


def _found(scores: Tensor, later: Tensor) -> tuple[Tensor, Tensor]:
    """NDCG@10 (ideal list of min(10, R) hits) and hit rate of each row; ties in the middle."""
    there = later != UNKNOWN
    own = scores.gather(1, later.clamp(min=0))
    above = torch.stack([(scores > one.unsqueeze(1)).sum(1) for one in own.T], dim=1)
    level = torch.stack([(scores == one.unsqueeze(1)).sum(1) for one in own.T], dim=1)
    rank = above + 1 + (level - 1) / 2
    hit = there & (rank <= _K)
    ideal = torch.cumsum(1 / torch.log2(torch.arange(2.0, _K + 2, device=scores.device)), dim=0)
    gain = (hit / torch.log2(rank + 1)).sum(1)
    return gain / ideal[there.sum(1).clamp(1, _K) - 1], hit.any(1).float()
