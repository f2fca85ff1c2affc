"""Policies: what to offer next, as distributions over the candidates, and combinators on them."""

from lernpfad.policy.affinityonly import AffinityOnly
from lernpfad.policy.combine import Explore, Legal, Mix, Softened
from lernpfad.policy.constrain import Constrain
from lernpfad.policy.cql import CQL
from lernpfad.policy.debtperminute import DebtPerMinute
from lernpfad.policy.gapgreedy import GapGreedy
from lernpfad.policy.greedy import Greedy
from lernpfad.policy.hybrid import Hybrid
from lernpfad.policy.learningprogress import LearningProgress
from lernpfad.policy.linucb import LinUCB
from lernpfad.policy.logging import Logging
from lernpfad.policy.mask import Mask
from lernpfad.policy.masterythreshold import MasteryThreshold
from lernpfad.policy.memorize import Memorize
from lernpfad.policy.oracle import Oracle
from lernpfad.policy.oracleplanner import OraclePlanner
from lernpfad.policy.planner import Planner
from lernpfad.policy.popularinrole import PopularInRole
from lernpfad.policy.random import Random
from lernpfad.policy.rolecurriculum import RoleCurriculum
from lernpfad.policy.safe import Safe
from lernpfad.policy.slate import Slate
from lernpfad.policy.spacedrepetition import SpacedRepetition
from lernpfad.policy.thompson import Thompson
from lernpfad.policy.wateringcan import WateringCan
from lernpfad.policy.zpd import ZPD

__all__ = [
    "CQL",
    "ZPD",
    "AffinityOnly",
    "Constrain",
    "DebtPerMinute",
    "Explore",
    "GapGreedy",
    "Greedy",
    "Hybrid",
    "LearningProgress",
    "Legal",
    "LinUCB",
    "Logging",
    "Mask",
    "MasteryThreshold",
    "Memorize",
    "Mix",
    "Oracle",
    "OraclePlanner",
    "Planner",
    "PopularInRole",
    "Random",
    "RoleCurriculum",
    "Safe",
    "Slate",
    "Softened",
    "SpacedRepetition",
    "Thompson",
    "WateringCan",
]
