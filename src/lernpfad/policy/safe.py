"""A policy that falls back on a rule where the models behind it are down."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.errors import ConfigError, unknown_name
from lernpfad.core.protocols import Policy
from lernpfad.core.situation import ESTIMATES, Situation
from lernpfad.policy.combine import parts, ranked
from lernpfad.policy.rolecurriculum import RoleCurriculum

_LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Safe:
    """A policy for learners of whom the models say something, and a `fallback` for the others (AI Act, Art. 14).

    Learner by learner: whoever has no tracer, or an estimate among `needs` that is not finite, gets the fallback,
    which is shown no estimates at all. If a model raises, everybody asked about together gets it, and the log says why.
    needs: estimates that the policy cannot do without, of "success", "affinity", "mastery".
    """

    policy: Policy
    fallback: Policy = field(default_factory=RoleCurriculum)
    needs: Sequence[str] = ("success", "mastery")

    def __post_init__(self) -> None:
        object.__setattr__(self, "needs", tuple(self.needs))
        for name in self.needs:
            if name not in ESTIMATES:
                raise ConfigError(f"Safe: {unknown_name('estimate', name, ESTIMATES)}")

    def score(self, situation: Situation) -> FloatArray:
        """The order of the policy, or of the fallback, `[learners, C]`; -inf where not eligible."""
        return _together(situation, self._answers(situation, ranked))

    def propensities(self, situation: Situation) -> FloatArray:
        """The propensities of the policy, or of the fallback, `[learners, C]`."""
        return _together(situation, self._answers(situation, lambda policy, now: policy.propensities(now)))

    def parts(self, situation: Situation) -> dict[str, FloatArray]:
        """The parts of whichever policy answers each learner; 0, and so no reason, in those of the other."""
        told = self._answers(situation, parts)
        found: dict[str, FloatArray] = {code: np.zeros(situation.eligible.shape) for _, one in told for code in one}
        for rows, one in told:
            for code, part in one.items():
                found[code][rows] = part
            if not one:  # who does not say weighs nothing
                for part in found.values():
                    part[rows] = np.nan
        return found

    def sound(self, situation: Situation) -> BoolArray:
        """Learners of whom every needed estimate is there, `[learners]`."""
        sound = np.ones(len(situation), dtype=bool)
        for name in self.needs:
            sound &= self._known(situation, name)
        return sound

    def _known(self, situation: Situation, name: str) -> BoolArray:
        nobody = np.zeros(len(situation), dtype=bool)
        model = situation.recommender if name == "affinity" else situation.tracer
        if name not in situation.given and model is None:
            return nobody
        try:
            finite = np.isfinite(getattr(situation, name))
        except Exception as problem:  # whatever a model dies of, the learner is served
            _report(name, problem)
            return nobody
        known: BoolArray = np.all(finite if name == "mastery" else finite | ~situation.eligible, axis=1)
        return known

    def _answers(self, situation: Situation, ask: Callable[[Policy, Situation], T]) -> list[tuple[IntArray, T]]:
        """Which learners are answered by what the policy says, and which by what the fallback says."""
        sound = self.sound(situation)
        found: list[tuple[IntArray, T]] = []
        if sound.any():
            try:
                now = situation if sound.all() else situation.select(sound)
                found.append((np.flatnonzero(sound), ask(self.policy, now)))
            except Exception as problem:  # a what-if may die where a prediction did not
                _report(type(self.policy).__name__, problem)
                sound[:] = False
        if not sound.all():
            blind = replace(situation, tracer=None, state=None, recommender=None, given={})
            found.append((np.flatnonzero(~sound), ask(self.fallback, blind.select(~sound))))
        return found


def _together(situation: Situation, answers: Sequence[tuple[IntArray, FloatArray]]) -> FloatArray:
    out = np.zeros(situation.eligible.shape)
    for rows, answer in answers:
        out[rows] = answer
    return out


def _report(what: str, problem: Exception) -> None:
    _LOG.warning("Safe: no %s (%s: %s); the fallback answers", what, type(problem).__name__, problem)
