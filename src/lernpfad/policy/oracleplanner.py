"""The other reference top: the planner under the true state of the world, a lower bound of the optimum."""

from dataclasses import dataclass
from typing import ClassVar

from lernpfad.policy.planner import Planner


@dataclass(frozen=True, kw_only=True)
class OraclePlanner(Planner):
    """Plans a few items ahead in the world itself, run with a tracer that looks its state up in it.

    As with `Oracle` no effect is assumed: the what-ifs of the truth contain all that is known of learning. It counts
    what is left after two weeks, because what is closed for a day avoids one day's debt.
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
    caution: float = 0.0
    ahead: float = 14.0
