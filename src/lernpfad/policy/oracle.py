"""The reference top: debt per minute under the true state of the world."""

from dataclasses import dataclass
from typing import ClassVar

from lernpfad.policy.debtperminute import DebtPerMinute


@dataclass(frozen=True, kw_only=True)
class Oracle(DebtPerMinute):
    """Greedy debt per minute over every candidate, run with a tracer that looks its state up in the world.

    The what-ifs of the truth contain all that is known of learning, so they are trusted and nothing is discounted.
    """

    sees_truth: ClassVar[bool] = True

    shortlist: int = 1_000_000
    aim: float = 0.0
    trust: float = 1.0
    unready: float = 1.0
    unsuited: float = 1.0
    crowding: float = 0.0
    foundation: float = 0.0
    silent: float = 0.0
