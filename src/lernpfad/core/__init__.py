"""The nouns, the protocols, what follows from them, the laws, the errors. Imports numpy alone."""

from lernpfad.core.arrays import NOBODY, UNKNOWN, Array, BoolArray, FloatArray, IntArray, StrArray
from lernpfad.core.catalog import KINDS, Catalog, mean_over_skills
from lernpfad.core.choose import choose, pick
from lernpfad.core.errors import (
    BundleError,
    ConfigError,
    DataError,
    LawBroken,
    LernpfadError,
    NotFittedError,
    unknown_name,
)
from lernpfad.core.experience import Decisions, Experience
from lernpfad.core.next_best import NextBest
from lernpfad.core.path import Path, Sittings, Step, path
from lernpfad.core.progress import Listener, Reports
from lernpfad.core.protocols import (
    FoldsIn,
    KnowledgeTracer,
    LearnsFromLog,
    Opinions,
    ParallelState,
    ParallelTrace,
    Policy,
    RankedDraw,
    Ranking,
    Reasoned,
    Recommender,
    Similar,
    Simulator,
    SkillHead,
    WhatIf,
)
from lernpfad.core.reasons import Weighed
from lernpfad.core.recommend import Recommendation, recommend
from lernpfad.core.roles import Requirement, Roles, debt, gap
from lernpfad.core.sequences import CORRECT, NOT_ASSESSED, WRONG, Interactions, Sequences
from lernpfad.core.similar import plain_similar, similar
from lernpfad.core.situation import Situation
from lernpfad.core.state import put, take
from lernpfad.core.trace import fold, mastery, observe, plain_what_if, state_after, trace, walked, what_if
from lernpfad.core.world import Observer, Outcomes, Rollout, SeesTruth, World

__all__ = [
    "CORRECT",
    "KINDS",
    "NOBODY",
    "NOT_ASSESSED",
    "UNKNOWN",
    "WRONG",
    "Array",
    "BoolArray",
    "BundleError",
    "Catalog",
    "ConfigError",
    "DataError",
    "Decisions",
    "Experience",
    "FloatArray",
    "FoldsIn",
    "IntArray",
    "Interactions",
    "KnowledgeTracer",
    "LawBroken",
    "LearnsFromLog",
    "LernpfadError",
    "Listener",
    "NextBest",
    "NotFittedError",
    "Observer",
    "Opinions",
    "Outcomes",
    "ParallelState",
    "ParallelTrace",
    "Path",
    "Policy",
    "RankedDraw",
    "Ranking",
    "Reasoned",
    "Recommendation",
    "Recommender",
    "Reports",
    "Requirement",
    "Roles",
    "Rollout",
    "SeesTruth",
    "Sequences",
    "Similar",
    "Simulator",
    "Sittings",
    "Situation",
    "SkillHead",
    "Step",
    "StrArray",
    "Weighed",
    "WhatIf",
    "World",
    "choose",
    "debt",
    "fold",
    "gap",
    "mastery",
    "mean_over_skills",
    "observe",
    "path",
    "pick",
    "plain_similar",
    "plain_what_if",
    "put",
    "recommend",
    "similar",
    "state_after",
    "take",
    "trace",
    "unknown_name",
    "walked",
    "what_if",
]
