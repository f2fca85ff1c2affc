"""Losses of next-item models: what is asked of the score of the item that was taken, and against which others.

`hidden` `[N, D]` is what the network knows at N places, `wanted` `[N]` the item that was taken there, `items` `[I, D]`
the vectors of the catalog; a score is their inner product. Each gives the mean over the places.
"""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from lernpfad.core import ConfigError


class NextItemLoss(Protocol):
    """A loss as configuration; `repr` tells its settings."""

    def __call__(self, hidden: Tensor, wanted: Tensor, items: Tensor) -> Tensor:
        """The mean loss, a scalar."""
        ...


@dataclass(frozen=True)
class CrossEntropy:
    """Softmax over the full catalog, which with this architecture is SASRec+ (Klenitskiy & Vasilev, RecSys 2023)."""

    def __call__(self, hidden: Tensor, wanted: Tensor, items: Tensor) -> Tensor:
        """-log softmax of the item that was taken."""
        loss: Tensor = _CrossEntropy.apply(hidden, wanted, items)  # type: ignore[no-untyped-call]
        return loss


@dataclass(frozen=True)
class SampledSoftmax:
    """Softmax over the item that was taken and `negatives` others, drawn uniformly for each batch and shared by it.

    A negative that happens to be what was taken at a place does not count there. Scores are not corrected for the
    sampling, as in Klenitskiy & Vasilev (RecSys 2023), section 3.
    """

    negatives: int = 256

    def __post_init__(self) -> None:
        _require_negatives(self)

    def __call__(self, hidden: Tensor, wanted: Tensor, items: Tensor) -> Tensor:
        """-log of the share of the item that was taken."""
        positive = (hidden * items[wanted]).sum(dim=1)
        drawn = torch.randperm(len(items), device=hidden.device)[: self.negatives]
        negative = (hidden @ items[drawn].T).masked_fill(wanted.unsqueeze(1) == drawn, -torch.inf)
        return (torch.logsumexp(torch.cat([positive.unsqueeze(1), negative], dim=1), dim=1) - positive).mean()


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """Taken against `negatives` others as yes or no: with one drawn for each place, SASRec (Kang & McAuley, ICDM 2018).

    calibration: t of gBCE (Petrov & Macdonald, RecSys 2023, equations 9 and 10), which undoes the overconfidence that
    sampling few of the negatives brings; 0 is the plain loss.
    expected: the mean over all that could be drawn instead of one draw: every other item counts `negatives / (I - 1)`.
    It is free of the noise of sampling, and costs as much as softmax over the catalog.
    Scores are taken as log odds above one to `negatives`, so that a network that knows nothing is not far off; without
    that, training begins by pushing the scores of all items down, for many epochs where there are many negatives.
    """

    negatives: int = 1
    calibration: float = 0.0
    expected: bool = False

    def __post_init__(self) -> None:
        _require_negatives(self)
        if not 0 <= self.calibration <= 1:
            raise ConfigError(f"BinaryCrossEntropy: calibration is {self.calibration}, expected a number in [0, 1]")

    def rate(self, items: int) -> float:
        """Chance of another item to be among the negatives."""
        return min(self.negatives / max(items - 1, 1), 1.0)

    def beta(self, items: int) -> float:
        """The power to which the probability of the item that was taken is raised, in (0, 1]."""
        rate = self.rate(items)
        return rate * (self.calibration * (1 - 1 / rate) + 1 / rate)

    def __call__(self, hidden: Tensor, wanted: Tensor, items: Tensor) -> Tensor:
        """-beta log sigma(taken) - sum log(1 - sigma(negative))."""
        beta, rate, odds = self.beta(len(items)), self.rate(len(items)), math.log(self.negatives)
        if self.expected:
            loss: Tensor = _ExpectedBCE.apply(hidden, wanted, items, beta, rate, odds)  # type: ignore[no-untyped-call]
            return loss
        positive = (hidden * items[wanted]).sum(dim=1) - odds
        drawn = torch.randint(len(items), (len(hidden), self.negatives), device=hidden.device)
        negative = torch.einsum("nd,nkd->nk", hidden, items[drawn]) - odds
        negative = negative.masked_fill(wanted.unsqueeze(1) == drawn, -torch.inf)
        return (softplus(negative).sum(dim=1) - beta * logsigmoid(positive)).mean()


def _require_negatives(loss: Any) -> None:
    if loss.negatives < 1:
        raise ConfigError(f"{type(loss).__name__}: negatives is {loss.negatives}, expected at least 1")


def _product(table: Tensor, other: Tensor) -> Tensor:
    """Their product in the table's precision, given in the other's."""
    return (table @ other.to(table.dtype)).to(other.dtype)


class _CrossEntropy(torch.autograd.Function):
    """Linear layer, softmax and loss in one table `[N, I]` that becomes its own gradient; the plain way needs four."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, wanted: Tensor, items: Tensor) -> Tensor:
        table = hidden @ items.T  # of 16 bits in mixed precision; what is summed up has 32
        taken = (hidden * items[wanted]).sum(dim=1)
        most = table.amax(dim=1, keepdim=True)
        table.sub_(most).exp_()
        total = table.sum(dim=1, keepdim=True, dtype=items.dtype)
        ctx.save_for_backward(hidden, wanted, items, table, total)
        loss: Tensor = (total.squeeze(1).log() + most.squeeze(1) - taken).mean()
        return loss

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, Tensor]:
        hidden, wanted, items, table, total = ctx.saved_tensors
        weight = slope / len(hidden)
        scaled = weight / total  # of the rows: cheaper on the narrow side than on the table
        of_hidden = _product(table, items) * scaled - items[wanted] * weight
        of_items = _product(table.T, hidden * scaled)
        of_items.index_add_(0, wanted, hidden * -weight)
        return of_hidden, None, of_items


class _ExpectedBCE(torch.autograd.Function):
    """The same for yes or no: every other item with the weight `rate`, the item that was taken with `beta`."""

    @staticmethod
    def forward(
        ctx: Any, hidden: Tensor, wanted: Tensor, items: Tensor, beta: float, rate: float, odds: float
    ) -> Tensor:
        table = (hidden @ items.T).sub_(odds)
        taken = (hidden * items[wanted]).sum(dim=1, keepdim=True) - odds
        others = softplus(table).sum(dim=1, dtype=items.dtype) - softplus(taken).squeeze(1)
        ctx.save_for_backward(hidden, wanted, items, table.sigmoid_(), taken)
        ctx.weights = beta, rate
        return (rate * others - beta * logsigmoid(taken).squeeze(1)).mean()

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, Tensor, None, None, None]:
        hidden, wanted, items, table, taken = ctx.saved_tensors
        beta, rate = ctx.weights
        each, sure = slope / len(hidden), taken.sigmoid()
        of_taken = each * (-beta * (1 - sure) - rate * sure)  # the table has the taken item as one of the others
        of_hidden = _product(table, items) * (rate * each) + items[wanted] * of_taken
        of_items = _product(table.T, hidden * (rate * each))
        of_items.index_add_(0, wanted, hidden * of_taken)
        return of_hidden, None, of_items, None, None, None
