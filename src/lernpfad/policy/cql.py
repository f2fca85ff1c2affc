"""Offline reinforcement learning: what an offer closes now and what it opens up for later, learned from a log alone."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from lernpfad.core.arrays import FloatArray
from lernpfad.core.experience import Experience
from lernpfad.core.persist import require_fitted
from lernpfad.core.situation import Situation
from lernpfad.policy.conservative import Transitions, fitted_q
from lernpfad.policy.debtperminute import DebtPerMinute, best, shortlisted
from lernpfad.policy.distribution import greedy, require_positive, require_share
from lernpfad.policy.features import guess, of_candidates, of_learner
from lernpfad.policy.lessons import Lessons, lessons


@dataclass(kw_only=True)
class CQL:
    """Offers the candidate with the highest Q(situation, candidate), fitted by conservative Q-learning.

    Q is linear in features of the candidate and of the learner (`features`), never in who or what they are, so a
    catalog may be large and may change. Reward: thousandths of the debt that the tracer believes an offer closed;
    discount: `gamma` for each minute that the offer took, since minutes are what is scarce. See `fitted_q`.

    formula: gives the features. shortlist: candidates that are judged. alpha: how far what was not logged is held down,
    0 for plain fitted Q iteration. others: candidates beside the logged one that Q is compared over. sweeps: of
    fitted Q iteration. penalty: ridge, on standardised features. hindsight: see `lessons`. epsilon: as everywhere.
    """

    formula: DebtPerMinute = field(default_factory=DebtPerMinute)
    shortlist: int = 24
    gamma: float = 0.97
    alpha: float = 0.05
    others: int = 24
    sweeps: int = 30
    penalty: float = 10.0
    hindsight: int = 20
    seed: int = 0
    epsilon: float = 0.05

    def __post_init__(self) -> None:
        require_positive(self, shortlist=self.shortlist, others=self.others, sweeps=self.sweeps, penalty=self.penalty)
        require_share(self, gamma=self.gamma, epsilon=self.epsilon, alpha=self.alpha)

    def fit(self, experience: Experience) -> Self:
        """Learn `weights_` `[F]`; keep `moved_` `[sweeps]`, by how much each sweep moved Q: it should have settled."""
        seen = lessons(experience, self.formula, others=self.others, hindsight=self.hindsight, seed=self.seed)
        log, scale = transitions(seen, gamma=self.gamma)
        weights, self.moved_ = fitted_q(log, alpha=self.alpha, penalty=self.penalty, sweeps=self.sweeps)
        self.weights_ = weights / scale
        return self

    def score(self, situation: Situation) -> FloatArray:
        """Q of the shortlist, the others below, `[learners, C]`; -inf where not eligible."""
        require_fitted(self)
        cheap = guess(situation, self.formula)
        short = best(cheap, self.shortlist)
        told = np.concatenate(
            [of_candidates(situation, short, self.formula), repeated(of_learner(situation), short.shape[1])], axis=-1
        )
        return shortlisted(told @ self.weights_, short, cheap)

    def propensities(self, situation: Situation) -> FloatArray:
        """`(1 - epsilon) [argmax] + epsilon / eligible`, ties shared evenly, `[learners, C]`."""
        return self.drawn(self.score(situation), situation)

    def drawn(self, score: FloatArray, situation: Situation) -> FloatArray:
        """The propensities that follow from the score, both `[learners, C]`."""
        return greedy(score, situation.eligible, epsilon=self.epsilon)


def transitions(seen: Lessons, *, gamma: float) -> tuple[Transitions, FloatArray]:
    """Lessons as transitions, features and reward divided by their size; and what divides features, `[F]`."""
    offered = np.concatenate([seen.offered, seen.learner], axis=-1)
    others = np.concatenate([seen.others, repeated(seen.learner, seen.others.shape[1])], axis=-1)
    size = np.sqrt(np.mean(offered.astype(np.float64) ** 2, axis=0))
    scale = np.where(size > 1e-9, size, 1.0)
    log = Transitions(
        offered=(offered / scale).astype(np.float32),
        others=(others / scale).astype(np.float32),
        listed=seen.listed,
        reward=seen.closed / max(float(seen.closed.std()), 1e-9),
        discount=gamma**seen.minutes,
        follows=seen.follows,
    )
    return log, scale


def repeated(features: FloatArray, times: int) -> FloatArray:
    """Features of learners `[N, F]`, once for each of `times` candidates, `[N, times, F]`."""
    return np.broadcast_to(features[:, None], (len(features), times, features.shape[1]))
