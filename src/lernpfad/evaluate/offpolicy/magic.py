"""MAGIC: how far to trust the log before the model takes over (Thomas & Brunskill 2016)."""

from dataclasses import dataclass, field

import numpy as np

from lernpfad.core import FloatArray
from lernpfad.evaluate.intervals import percentiles
from lernpfad.evaluate.offpolicy.intervals import resampled
from lernpfad.evaluate.offpolicy.logged import Logged
from lernpfad.evaluate.offpolicy.sequences import WDR, PerDecision
from lernpfad.evaluate.offpolicy.terms import Terms, combined


@dataclass(frozen=True)
class MAGIC(PerDecision):
    """A blend of the j-step returns that follow WDR for j offers and the model from there on.

    "Data-efficient off-policy policy evaluation for reinforcement learning" (2016): the blend x on the simplex
    minimises `x' (Omega + b b') x`, Omega the covariance of the returns, b their distance to a bootstrap interval of
    WDR, j = -1 (model alone) to the horizon (WDR). level: of that interval. The blend counts as fixed in
    intervals, so they are too narrow: what the model leans on, they do not see.
    """

    level: float = 0.5
    resamples: int = 200
    seed: int = 0
    extrapolates: bool = field(default=False, init=False)

    def terms(self, logged: Logged) -> Terms:
        """The parts of WDR, each with the share of the returns that contain it."""
        parts = WDR(gamma=self.gamma).terms(logged)
        share = self.blend(parts)
        reach = np.cumsum(share[::-1])[::-1]  # of the returns that go at least so far, j = -1 first
        kept = np.concatenate([reach[1:], reach[:-1]])  # correction t is in the returns j >= t, model t in j >= t - 1
        return Terms(parts.above * kept, parts.below, parts.owner)

    def blend(self, parts: Terms) -> FloatArray:
        """The shares x of the j-step returns, j = -1 to T - 1, `[T + 1]`, from the terms of WDR."""
        horizon = parts.above.shape[1] // 2
        member = _members(horizon)
        returns = member @ combined(parts.above.sum(axis=0)[:, None], parts.below.sum(axis=0)[:, None])
        pulls = _pulls(parts) @ member.T
        covariance = np.atleast_2d(np.cov(pulls, rowvar=False)) / len(pulls)
        low, high = percentiles(resampled(parts, resamples=self.resamples, seed=self.seed), level=self.level)
        bias = np.where(returns > high, returns - high, np.where(returns < low, returns - low, 0.0))
        return on_simplex(covariance + np.outer(bias, bias))


def _members(horizon: int) -> FloatArray:
    """Which parts of WDR the j-step returns are the sum of, `[T + 1, 2 T]`, j = -1 first."""
    j, t = np.arange(-1, horizon)[:, None], np.arange(horizon)[None, :]
    member: FloatArray = np.concatenate([t <= j, t <= j + 1], axis=1).astype(np.float64)
    return member


def _pulls(parts: Terms) -> FloatArray:
    """The influence of each learner on each part, `[J, 2 T]`."""
    below = parts.below.mean(axis=0)
    pulls: FloatArray = (parts.above - parts.below * (parts.above.mean(axis=0) / below)) / below
    return pulls


def on_simplex(matrix: FloatArray) -> FloatArray:
    """The x that minimises `x' A x` with x >= 0 and sum x = 1, A positive semi-definite, `[n]`.

    Non-negative least squares on `y' A y + (1 - sum y)^2` finds a multiple of it.
    """
    from scipy.optimize import nnls

    size = len(matrix)
    values, vectors = np.linalg.eigh(matrix)
    scale = max(float(values.max()), 1e-300)
    root = np.sqrt(np.clip(values, 0.0, None) / scale)[:, None] * vectors.T
    found, _ = nnls(np.concatenate([root, np.ones((1, size))]), np.append(np.zeros(size), 1.0))
    share: FloatArray = found / found.sum()
    return share
