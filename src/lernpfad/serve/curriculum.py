"""The fixed curriculum of a role, which asks no model: what decides while the policy is switched off or cannot."""

import logging
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from lernpfad.core import LernpfadError, Recommendation, Situation
from lernpfad.policy.rolecurriculum import RoleCurriculum
from lernpfad.serve.schema import Gap, NextItem, ReasonPart

T = TypeVar("T")

FIXED: Final = RoleCurriculum(epsilon=0.0)
NAME: Final = "RoleCurriculum@fixed"
"""What the decision log calls it."""
SET: Final = "the server was started with decide=curriculum"
SWITCHED: Final = "an administrator switched to it"
FAILED: Final = "the model cannot answer now"
REASONS: Final = {
    "en": "Next in the fixed list of the role; no model was asked.",
    "de": "Als Nächstes in der festen Liste der Rolle; es wurde kein Modell gefragt.",
}

_LOG: Final = logging.getLogger(__name__)


class ModelError(LernpfadError):
    """The model raised where nothing else can answer; what it raised is in the log of the process."""

    def __init__(self) -> None:
        super().__init__("cannot answer now; what is next is decided by the fixed curriculum meanwhile")


def unasked(situation: Situation) -> Situation:
    """The same moment without its models: no estimate of it can fail."""
    return replace(situation, tracer=None, state=None, recommender=None, given={})


def listed(found: Recommendation, language: str) -> NextItem:
    """An item of the curriculum as it is answered: what a model would have estimated is null."""
    return NextItem(
        item=found.item,
        reason=REASONS[language],
        propensity=found.propensity,
        debt_reduction=None,
        minutes=found.minutes,
        success=None,
        affinity=None,
        gaps=list[Gap](),
        lead="curriculum",
        parts=list[ReasonPart](),
        unmet=list[str](),
        days=found.days,
        taken=found.taken,
    )


def warning(why: str) -> str:
    """What an answer of the curriculum says of itself."""
    return f"decided by the fixed curriculum: {why}"


def decided(decide: Callable[[str], T], *, why: str, mine: tuple[type[Exception], ...]) -> T:
    """What `decide("")` says, or `decide(reason)` of the curriculum where `why` gives a reason or the model raises.

    mine: errors that are no failure of the model and go to the caller.
    """
    if why:
        return decide(why)
    try:
        return decide("")
    except mine:
        raise
    except Exception as problem:
        _log(problem)
        return decide(FAILED)


def estimated(ask: Callable[[], T], *, mine: tuple[type[Exception], ...]) -> T:
    """What `ask` says of the model's estimates, which no curriculum can stand in for.

    Raises ModelError where the model raises. mine: as in `decided`.
    """
    try:
        return ask()
    except mine:
        raise
    except Exception as problem:
        _log(problem)
    raise ModelError


def _log(problem: Exception) -> None:
    # its message may hold what the learner did; where it was raised does not
    last = traceback.extract_tb(problem.__traceback__)[-1]
    _LOG.error("the model raised %s at %s:%s", type(problem).__name__, last.filename, last.lineno)
