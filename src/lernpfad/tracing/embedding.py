"""What attention models read: vectors for questions and for answers, with items as deviations from their skills."""

import math
from typing import Any, Literal, Self, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding

from lernpfad.core import ConfigError, IntArray

Inputs: TypeAlias = Literal["skills", "items", "both"]

_RESPONSES = 3
"""Wrong, correct, not assessed."""

_SMALL = 0.25
"""How far skills lie from what they share at first."""


class Answers(nn.Module):
    """Rasch embeddings (Ghosh, Heffernan & Lan, KDD 2020, eq. 5-6) for items with any number of skills.

    question: x = c + m d. answer: y = c + g_r + m (d + h_r). c and d are means over the item's skills, r is the
    response, and m, zero at first, says how the item deviates: a number with `vector` False (AKT), else a vector
    (simpleKT, which has h = 0). inputs: "skills" leaves m out; "items" has a c of its own for every item, and no m.
    Skills begin as small deviations from a shared vector, so that one never practised is about the average one;
    unknown items and skills have rows of their own that begin, and where never trained stay, at zero deviation.
    Vectors come out times sqrt(width), as in a Transformer (Vaswani et al. 2017, section 3.4): about as large as places
    and as normed layers, beside which they would be learned slowly.
    """

    skill_of: Tensor
    skill_share: Tensor
    typical: Tensor | None
    tabulated: Tensor | None

    def __init__(
        self,
        *,
        items: int,
        skills: int,
        item_skills: IntArray,
        width: int,
        inputs: Inputs = "both",
        vector: bool = False,
        owner: str = "Answers",
    ) -> None:
        super().__init__()
        if inputs not in ("skills", "items", "both"):
            raise ConfigError(f"{owner}: inputs is '{inputs}', expected 'skills', 'items' or 'both'")
        self.items, self.skills, self.deviates = items, skills, inputs == "both"
        table = torch.as_tensor(item_skills, dtype=torch.int64).reshape(items, -1)
        self.register_buffer("typical", None, persistent=False)
        self.register_buffer("tabulated", None, persistent=False)
        if inputs == "items":
            of_skill = torch.zeros(skills, items)
            item, place = torch.nonzero(table >= 0, as_tuple=True)
            of_skill[table[item, place], item] = 1.0
            self.typical = of_skill / of_skill.sum(dim=1, keepdim=True).clamp(min=1.0)
            table, self.skills = torch.arange(items)[:, None], items
        self._tabulate(table)
        rows = self.skills + 1
        self.common = nn.Parameter(torch.randn(width) * width**-0.5)
        self.concept = nn.Parameter(torch.randn(rows, width) * _SMALL * width**-0.5)
        self.response = nn.Parameter(torch.randn(_RESPONSES, width) * width**-0.5)
        with torch.no_grad():
            self.concept[-1] = 0.0
        if self.deviates:
            self.deviation = nn.Parameter(torch.zeros(items + 1, width if vector else 1))
            self.direction = nn.Parameter(torch.randn(rows, width) * width**-0.5)
            if not vector:
                self.turn = nn.Parameter(torch.randn(_RESPONSES, width) * width**-0.5)
        self.vector, self.scale = vector, math.sqrt(width)

    def question(self, items: Tensor) -> Tensor:
        """Items of any shape: vectors `[..., width]`.

        Looked up where nothing can change any more, in inference of a network in evaluation mode.
        """
        row = self._row(items)
        if self.training or not torch.is_inference_mode_enabled():
            return self._question(row)
        if self.tabulated is None:
            self.tabulated = self._question(torch.arange(self.items + 1, device=row.device))
        return embedding(row, self.tabulated)

    def train(self, mode: bool = True) -> Self:
        """As of any module; what was tabulated is reckoned anew."""
        self.tabulated = None
        return super().train(mode)

    def _load_from_state_dict(self, *given: Any, **more: Any) -> None:
        self.tabulated = None
        super()._load_from_state_dict(*given, **more)

    def answer(self, items: Tensor, outcome: Tensor) -> Tensor:
        """Items and outcomes of any shape: vectors `[..., width]`."""
        row, response = self._row(items), torch.where(outcome < 0, 2, outcome)
        vectors = self.common + self._mean(self.concept, row) + embedding(response, self.response)
        if self.deviates and not self.vector:
            turned = self._mean(self.direction, row) + embedding(response, self.turn)
            vectors = vectors + embedding(row, self.deviation) * turned
        return self.scale * vectors

    def concepts(self) -> Tensor:
        """The question vector of each skill's average item, `[K, width]`."""
        if self.typical is not None:
            return self.scale * (self.common + self.typical @ self.concept[: self.skills])
        return self.scale * (self.common + self.concept[: self.skills])

    def penalty(self, items: Tensor) -> Tensor:
        """Mean squared deviation over the given items, a scalar."""
        return embedding(self._row(items), self.deviation).square().mean()

    def _question(self, row: Tensor) -> Tensor:
        vectors = self.common + self._mean(self.concept, row)
        if self.deviates:
            vectors = vectors + embedding(row, self.deviation) * self._mean(self.direction, row)
        return self.scale * vectors

    def _mean(self, table: Tensor, row: Tensor) -> Tensor:
        if self.skill_of.shape[1] == 1:
            return embedding(self.skill_of[row, 0], table)
        vectors = embedding(self.skill_of[row], table) * self.skill_share[row].unsqueeze(-1)
        return vectors.sum(dim=-2)

    def _row(self, items: Tensor) -> Tensor:
        return torch.where(items < 0, self.items, items)

    def _tabulate(self, table: Tensor) -> None:
        """Skills of each item and their shares, `[I+1, M]`; what has no skill gets the unknown one, number K."""
        table = torch.cat([table, torch.full((1, table.shape[1]), -1)])
        table[(table < 0).all(dim=1), 0] = self.skills
        there = table >= 0
        self.register_buffer("skill_of", torch.where(there, table, self.skills), persistent=False)
        self.register_buffer("skill_share", there / there.sum(dim=1, keepdim=True), persistent=False)
