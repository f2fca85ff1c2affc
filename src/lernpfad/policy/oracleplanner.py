"""The other reference top: the planner under the true state of the world, a lower bound of the optimum."""

from dataclasses import dataclass

from lernpfad.policy.oracle import Oracle
from lernpfad.policy.planner import Planner


@dataclass(frozen=True, kw_only=True)
class OraclePlanner(Oracle, Planner):
    """Plans a few items ahead in the world itself, run with a tracer that looks its state up in it.

    As with `Oracle`, whose settings it has, no effect is assumed: the what-ifs of the truth contain all that is known
    of learning. It counts what is left after two weeks, because what is closed for a day avoids one day's debt.
    """

    caution: float = 0.0
    ahead: float = 14.0
