"""Policies: what to offer next, as distributions over the candidates, and combinators on them."""

from lernpfad.policy.affinityonly import AffinityOnly
from lernpfad.policy.combine import Explore, Legal, Mix, Softened
from lernpfad.policy.cql import CQL
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.policy.greedy import Greedy
from lernpfad.policy.linucb import LinUCB
from lernpfad.policy.logging import Logging
from lernpfad.policy.masterythreshold import MasteryThreshold
from lernpfad.policy.oracle import Oracle
from lernpfad.policy.oracleplanner import OraclePlanner
from lernpfad.policy.planner import Planner
from lernpfad.policy.random import Random
from lernpfad.policy.rolecurriculum import RoleCurriculum
from lernpfad.policy.thompson import Thompson
from lernpfad.policy.wateringcan import WateringCan

__all__ = [
    "CQL",
    "AffinityOnly",
    "DebtPerMinute",
    "Explore",
    "Greedy",
    "Legal",
    "LinUCB",
    "Logging",
    "MasteryThreshold",
    "Mix",
    "Oracle",
    "OraclePlanner",
    "Planner",
    "Random",
    "RoleCurriculum",
    "Softened",
    "Thompson",
    "WateringCan",
]
