"""A policy that falls back on a rule where the models behind it are down."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.errors import ConfigError, unknown_name
from lernpfad.core.protocols import Policy
from lernpfad.core.situation import ESTIMATES, Situation
from lernpfad.policy.combine import ranked
from lernpfad.policy.rolecurriculum import RoleCurriculum

_LOG: Final = logging.getLogger(__name__)

_Question = Callable[[Policy, Situation], FloatArray]


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
        return self._either(situation, ranked)

    def propensities(self, situation: Situation) -> FloatArray:
        """The propensities of the policy, or of the fallback, `[learners, C]`."""
        return self._either(situation, lambda policy, now: policy.propensities(now))

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

    def _either(self, situation: Situation, ask: _Question) -> FloatArray:
        sound, out = self.sound(situation), np.zeros(situation.eligible.shape)
        rows = np.flatnonzero(sound)
        if len(rows):
            try:
                out[rows] = ask(self.policy, situation if sound.all() else situation.select(rows))
            except Exception as problem:  # a what-if may die where a prediction did not
                _report(type(self.policy).__name__, problem)
                sound[:] = False
        rest = np.flatnonzero(~sound)
        if len(rest):
            blind = replace(situation, tracer=None, state=None, recommender=None, given={})
            out[rest] = ask(self.fallback, blind.select(rest))
        return out


def _report(what: str, problem: Exception) -> None:
    _LOG.warning("Safe: no %s (%s: %s); the fallback answers", what, type(problem).__name__, problem)
