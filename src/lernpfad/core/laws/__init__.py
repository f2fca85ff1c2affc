"""The laws that every tracer, recommender, policy, simulator and data set keeps; apply them to your own.

from lernpfad.core.laws import check_tracer
check_tracer(lambda: MyTracer(width=16))
"""

from lernpfad.core.laws.counting import Counting
from lernpfad.core.laws.data import SEQUENCE_LAWS, SPLIT_LAWS, SequencesCase, SplitCase, check_sequences, check_split
from lernpfad.core.laws.law import Law, hold, that_fit
from lernpfad.core.laws.measure import rebuilt, reloaded
from lernpfad.core.laws.planted import PlantedAnswers, PlantedTakeUp, planted_answers, planted_take_up
from lernpfad.core.laws.policy import POLICY_LAWS, PolicyCase, check_policy
from lernpfad.core.laws.recommender import RECOMMENDER_LAWS, RecommenderCase, check_recommender
from lernpfad.core.laws.simulator import (
    SIMULATOR_LAWS,
    SimulatorCase,
    check_simulator,
    logged_propensities_match,
    propensities_are_frequencies,
)
from lernpfad.core.laws.situations import planted_roles, planted_situations
from lernpfad.core.laws.tracer import TRACER_LAWS, check_tracer
from lernpfad.core.laws.tracer_case import TracerCase

__all__ = [
    "POLICY_LAWS",
    "RECOMMENDER_LAWS",
    "SEQUENCE_LAWS",
    "SIMULATOR_LAWS",
    "SPLIT_LAWS",
    "TRACER_LAWS",
    "Counting",
    "Law",
    "PlantedAnswers",
    "PlantedTakeUp",
    "PolicyCase",
    "RecommenderCase",
    "SequencesCase",
    "SimulatorCase",
    "SplitCase",
    "TracerCase",
    "check_policy",
    "check_recommender",
    "check_sequences",
    "check_simulator",
    "check_split",
    "check_tracer",
    "hold",
    "logged_propensities_match",
    "planted_answers",
    "planted_roles",
    "planted_situations",
    "planted_take_up",
    "propensities_are_frequencies",
    "rebuilt",
    "reloaded",
    "that_fit",
]
