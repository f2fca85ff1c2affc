"""What a network would believe after each candidate and outcome, as one module that runs here and in production."""

from typing import Any

import torch
from torch import Tensor, nn

from lernpfad.core import BoolArray, IntArray
from lernpfad.training.network import State, probability


class Imagine(nn.Module):
    """`HasWhatIf.what_if` for items of a catalog: wrong and correct, of the skills that each item touches.

    item_skills: `[I, M]`, padded with -1. assessed: `[I]`; an item that is not is imagined taken, and nothing said.
    """

    skill_of: Tensor
    wrong: Tensor
    right: Tensor

    def __init__(self, network: Any, item_skills: IntArray, assessed: BoolArray) -> None:
        super().__init__()
        self.network = network
        table = torch.as_tensor(item_skills.astype("int64")).reshape(len(item_skills), -1)
        graded = torch.cat([torch.as_tensor(assessed.astype("int64")), torch.ones(1, dtype=torch.int64)])
        unknown = torch.full((1, table.shape[1]), -1)
        self.register_buffer("skill_of", torch.cat([table, unknown]), persistent=False)
        self.register_buffer("wrong", graded - 1, persistent=False)  # 0, or -1 for what is not assessed
        self.register_buffer("right", 2 * graded - 1, persistent=False)

    def forward(self, items: Tensor, state: State) -> Tensor:
        """items: `[L, C]`, -1 for an unknown one. Success after it, `[L, C, 2, M]`, NaN where there is no skill."""
        row = torch.where(items < 0, len(self.skill_of) - 1, items)
        outcome, skills = torch.stack([self.wrong[row], self.right[row]], dim=-1), self.skill_of[row]
        there = (skills >= 0).unsqueeze(2)
        logits = self.network.what_if(state, items, outcome, skills.clamp(min=0))
        return torch.where(there, probability(logits), torch.nan)
