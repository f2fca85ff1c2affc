"""Item response theory: difficult items, able learners, and an ability that is inferred answer by answer."""

from typing import Literal, Self, TypeAlias

import numpy as np

from lernpfad.core import BoolArray, ConfigError, FloatArray, IntArray, Interactions, Listener, Sequences
from lernpfad.core.persist import require_fitted

Model: TypeAlias = Literal["rasch", "2pl"]

_WIDEST = 4.0
"""Abilities are looked at from -4 to 4 standard deviations."""


class IRT:
    """P(correct) = sigmoid(slope (ability - difficulty)), ability ~ N(0, 1) (Rasch 1960; Birnbaum 1968).

    model: "rasch", one slope for all items, or "2pl", a slope for each. points: of the grid of abilities.
    item_spread: standard deviation of an item's difficulty around the mean of its skills, so that a rare item is
    like its skills and a new one is just that. slope_spread: of the logarithm of a slope around the common one.
    iterations: of EM. tolerance: mean change of a difficulty at which it ends.

    Fitted by marginal maximum likelihood (Bock & Aitkin 1981): no ability of a training learner is estimated, so a
    learner never seen is served like any other. Ability does not grow here: a learner who learns is followed by
    evidence alone. State: log-posterior over the grid of abilities, `[learners, points]`.
    """

    difficulty_: FloatArray
    slope_: FloatArray
    skill_difficulty_: FloatArray
    item_skills_: IntArray
    assessed_: BoolArray
    common_: FloatArray
    curve_: FloatArray
    skill_curve_: FloatArray

    def __init__(
        self,
        *,
        model: Model = "2pl",
        points: int = 41,
        item_spread: float = 1.0,
        slope_spread: float = 0.3,
        iterations: int = 50,
        tolerance: float = 1e-3,
    ) -> None:
        if model not in ("rasch", "2pl"):
            raise ConfigError(f"IRT: model is '{model}', expected 'rasch' or '2pl'")
        if points < 5 or item_spread <= 0 or slope_spread <= 0 or iterations < 1:
            raise ConfigError(
                f"IRT: points={points}, item_spread={item_spread}, slope_spread={slope_spread}, "
                f"iterations={iterations}; expected points >= 5, iterations >= 1 and spreads above 0"
            )
        self.model = model
        self.points = points
        self.item_spread = item_spread
        self.slope_spread = slope_spread
        self.iterations = iterations
        self.tolerance = tolerance
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """EM; `valid` is not used. Listeners hear `train/loss` (nats per answer) after every step."""
        from lernpfad.tracing.irt_em import Marginal

        table, skills = train.catalog.item_skills, len(train.catalog.skills)
        em = Marginal.of(train, self._grid, item_spread=self.item_spread, slope_spread=self.slope_spread)
        found = em.start()
        for step in range(self.iterations):
            expected, loss = em.expected(found)
            after = em.maximised(found, expected, slopes=self.model == "2pl")
            moved = float(np.abs(after.difficulty - found.difficulty).mean()) if len(found.difficulty) else 0.0
            found = after
            for listener in self.listeners:
                listener(step, {"train/loss": loss})
            if moved < self.tolerance:
                break
        self.difficulty_, self.slope_ = found.difficulty, found.slope
        self.skill_difficulty_ = found.skill
        self.common_ = np.array([found.common, found.common_slope])
        self.item_skills_, self.assessed_ = table, train.catalog.assessed
        self.curve_ = self._curves()
        self.skill_curve_ = em.over_skills(self.curve_[:-1], skills, default=self.curve_[-1])
        return self

    def start(self, learners: int) -> FloatArray:
        """The prior, `[learners, points]`."""
        require_fitted(self)
        return np.tile(-0.5 * self._grid**2, (learners, 1))

    def update(self, state: FloatArray, seen: Interactions) -> FloatArray:
        """Bayes' rule on the grid; an answer that is not assessed tells nothing."""
        success = self.curve_[seen.item]
        told = np.where((seen.outcome == 1)[:, None], np.log(success), np.log1p(-success))
        after = state + np.where((seen.outcome >= 0)[:, None], told, 0.0)
        best: FloatArray = after - after.max(axis=1, keepdims=True)
        return best

    def predict(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        """Success averaged over the posterior of the ability, `[learners, items]`."""
        predicted: FloatArray = (self.curve_[items] @ _share(state)[:, :, None])[..., 0]
        return predicted

    def mastery(self, state: FloatArray, at: FloatArray) -> FloatArray:
        """Mean success over the items of each skill, `[learners, K]`."""
        known: FloatArray = _share(state) @ self.skill_curve_.T
        return known

    def what_if(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        """Mastery of the touched skills after each candidate, wrong or correct: `[learners, items, 2, M]`."""
        known = items >= 0
        index = np.where(known, items, 0)
        skills = np.where(known[..., None], self.item_skills_[index], -1)
        success = self.curve_[items]
        graded = (self.assessed_[index] | ~known)[..., None]
        after = np.empty((*items.shape, 2, skills.shape[-1]))
        share = _share(state)[:, None]
        for outcome, told in enumerate((1 - success, success)):
            branch = share * np.where(graded, told, 1.0)
            branch = branch / branch.sum(axis=-1, keepdims=True)
            for place in range(skills.shape[-1]):
                curve = self.skill_curve_[np.maximum(skills[..., place], 0)]
                after[:, :, outcome, place] = (branch * curve).sum(axis=-1)
        return np.where((skills >= 0)[:, :, None], after, np.nan)

    def ability(self, state: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Posterior mean and standard deviation of the ability, each `[learners]`, in prior standard deviations."""
        share = _share(state)
        mean = share @ self._grid
        return mean, np.sqrt(np.maximum(share @ self._grid**2 - mean**2, 0.0))

    def _curves(self) -> FloatArray:
        """Success at each ability, `[I + 1, points]`; the last row is the unknown item's."""
        difficulty = np.append(self.difficulty_, self.common_[0])
        slope = np.append(self.slope_, self.common_[1])
        curves: FloatArray = 1 / (1 + np.exp(-slope[:, None] * (self._grid - difficulty[:, None])))
        return np.clip(curves, 1e-9, 1 - 1e-9)

    @property
    def _grid(self) -> FloatArray:
        return np.linspace(-_WIDEST, _WIDEST, self.points)


def _share(state: FloatArray) -> FloatArray:
    weight = np.exp(state - state.max(axis=1, keepdims=True))
    share: FloatArray = weight / weight.sum(axis=1, keepdims=True)
    return share
