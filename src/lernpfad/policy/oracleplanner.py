"""The other reference top: the planner under the true state of the world, a lower bound of the optimum."""

from dataclasses import dataclass
from typing import ClassVar

from lernpfad.policy.planner import Planner


@dataclass(frozen=True, kw_only=True)
class OraclePlanner(Planner):
    """Plans a few items ahead in the world itself, run with a tracer that looks its state up in it.

    As with `Oracle` nothing is discounted: the what-ifs of the truth contain all that is known of learning.
    """

    sees_truth: ClassVar[bool] = True

    shortlist: int = 1_000_000
    aim: float = 0.0
    trust: float = 1.0
    unready: float = 1.0
    unsuited: float = 1.0
    crowding: float = 0.0
    caution: float = 0.0
