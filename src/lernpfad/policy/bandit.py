"""What linear bandits share: a belief about how features pay, learned from a log, and a shortlist to judge by it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.experience import Experience
from lernpfad.core.situation import Situation
from lernpfad.policy.debtperminute import DebtPerMinute, best, shortlisted
from lernpfad.policy.distribution import require_positive, require_share, uniform
from lernpfad.policy.features import NAMES, guess, of_candidates
from lernpfad.policy.lessons import lessons


@dataclass(kw_only=True)
class Bandit(ABC):
    """Believes that an offer closes `theta.x` thousandths of the debt per minute, theta a Gaussian.

    Before it has seen a log it believes what the formula says: theta is 1 for the formula's own score, 0 for the other
    features, each with deviation `doubt`. `fit` is Bayesian linear regression on the logged offers: precision
    `A = I / doubt^2 + X'X / noise^2`, mean `A^-1 (prior / doubt^2 + X'y / noise^2)`, noise the residual deviation.
    formula: gives the features. shortlist: candidates that are judged, the best by the formula's guess. hindsight: see
    `lessons`. epsilon: share of offers drawn uniformly, so that every eligible item keeps a propensity above 0.
    """

    formula: DebtPerMinute = field(default_factory=DebtPerMinute)
    shortlist: int = 24
    doubt: float = 1.0
    hindsight: int = 20
    epsilon: float = 0.05

    def __post_init__(self) -> None:
        require_positive(self, shortlist=self.shortlist, doubt=self.doubt)
        require_share(self, epsilon=self.epsilon)

    def fit(self, experience: Experience) -> Self:
        """Learn what features pay: `theta_` `[F]`, mean, and `spread_` `[F, F]`, a root of the covariance."""
        seen = lessons(experience, self.formula, hindsight=self.hindsight)
        x, y = seen.offered.astype(np.float64), seen.rate.astype(np.float64)
        self.theta_, self.spread_ = posterior(x, y, prior=_prior(), doubt=self.doubt)
        return self

    @property
    def belief(self) -> tuple[FloatArray, FloatArray]:
        """Mean of theta `[F]` and a root of its covariance `[F, F]`: what was learned, else the prior."""
        if hasattr(self, "theta_"):
            return self.theta_, self.spread_
        return _prior(), self.doubt * np.eye(len(NAMES))

    @abstractmethod
    def of_features(self, features: FloatArray) -> FloatArray:
        """The score of candidates with these features, `[learners, n, F]` to `[learners, n]`."""

    def score(self, situation: Situation) -> FloatArray:
        """Thousandths of the debt per minute, the shortlist above all others, `[learners, C]`; -inf: not eligible."""
        cheap, short, features = self.looked_at(situation)
        return shortlisted(self.of_features(features), short, cheap)

    def looked_at(self, situation: Situation) -> tuple[FloatArray, IntArray, FloatArray]:
        """The guess at every candidate `[learners, C]`, columns of the shortlist `[learners, n]`, their features."""
        cheap = guess(situation, self.formula)
        short = best(cheap, self.shortlist)
        return cheap, short, of_candidates(situation, short, self.formula)

    def softened(self, share: FloatArray, eligible: BoolArray) -> FloatArray:
        """`(1 - epsilon) share + epsilon / eligible`, `[learners, C]`."""
        return (1.0 - self.epsilon) * share + self.epsilon * uniform(eligible)


def _prior() -> FloatArray:
    prior = np.zeros(len(NAMES))
    prior[NAMES.index("formula")] = 1.0
    return prior


def posterior(x: FloatArray, y: FloatArray, *, prior: FloatArray, doubt: float) -> tuple[FloatArray, FloatArray]:
    """Mean `[F]` and root of the covariance `[F, F]` of the coefficients of `y = x.theta + noise`.

    x: `[N, F]`. y: `[N]`. prior: mean before, with deviation `doubt` each. The root R is lower triangular, R R' the
    covariance, so that `|R'x|` is the deviation of `x.theta`.
    """
    gram, right = x.T @ x, x.T @ y
    floor = np.eye(x.shape[1]) / doubt**2
    rough = np.linalg.solve(gram + floor, right + floor @ prior)
    noise = max(float(np.mean((y - x @ rough) ** 2)), 1e-12)
    covariance = np.linalg.inv(gram / noise + floor)
    covariance = (covariance + covariance.T) / 2
    mean: FloatArray = covariance @ (right / noise + floor @ prior)
    return mean, np.linalg.cholesky(covariance + 1e-15 * np.trace(covariance) * np.eye(len(gram)))
