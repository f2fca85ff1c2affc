"""Fitted Q iteration that is conservative: what the log says little about is held down; plain arrays."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray

_BATCH = 4096


@dataclass(frozen=True, eq=False)
class Transitions:
    """Offers of learners in order. Features are linear terms of Q.

    offered: features of what was done, `[N, F]`. others: of some things that could have been, `[N, n, F]`; listed:
    which of them were there, `[N, n]`. reward: `[N]`. discount: of all that follows, `[N]`. follows: row of the next
    offer, `[N]`, -1 where nothing follows.
    """

    offered: FloatArray
    others: FloatArray
    listed: BoolArray
    reward: FloatArray
    discount: FloatArray
    follows: IntArray

    def __len__(self) -> int:
        """Number of offers."""
        return len(self.reward)

    def best(self, weights: FloatArray) -> FloatArray:
        """The highest Q of what was or could have been done in each row, `[N]`."""
        others = np.where(self.listed, self.others @ weights, -np.inf)
        top: FloatArray = np.maximum(self.offered @ weights, others.max(axis=1, initial=-np.inf))
        return top

    def targets(self, weights: FloatArray) -> FloatArray:
        """`r + discount max_a Q(s', a)`, `[N]`."""
        after = self.follows >= 0
        target = self.reward.astype(np.float64)
        target[after] += self.discount[after] * self.best(weights)[self.follows[after]]
        return target


def fitted_q(
    log: Transitions, *, alpha: float, penalty: float, sweeps: int, temperature: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """The weights of a linear Q, `[F]`, and by how much each sweep moved Q at the logged offers, squared, `[sweeps]`.

    Each sweep takes `y = r + discount max_a Q(s', a)` from the last one's Q and minimises
    `mean (Q(s, a) - y)^2 / 2 + alpha mean [t log sum_a exp(Q(s, a) / t) - Q(s, a_logged)] + penalty |w|^2 / (2 N)`:
    conservative Q-learning, CQL(H) of Kumar, Zhou, Tucker & Levine (2020, eq. 4), with t the `temperature` and the sum
    over the candidates that are there. Reward should be of order one.
    """
    weights: FloatArray = np.zeros(log.offered.shape[1])
    gram = log.offered.T @ log.offered / len(log)
    moved = []
    for _ in range(sweeps):
        target = log.targets(weights)
        before = weights
        weights = _swept(log, gram, target, weights, alpha=alpha, penalty=penalty, temperature=temperature)
        moved.append(float(np.mean((log.offered @ (weights - before)) ** 2)))
    return weights, np.asarray(moved)


def _swept(
    log: Transitions,
    gram: FloatArray,
    target: FloatArray,
    weights: FloatArray,
    *,
    alpha: float,
    penalty: float,
    temperature: float,
) -> FloatArray:
    """A Newton step towards the minimum for fixed targets; one is enough, since the next sweep moves the targets."""
    right = log.offered.T @ target / len(log)
    ridge = penalty / len(log) * np.eye(len(weights))
    slope, curve = (gram + ridge) @ weights - right, gram + ridge
    if alpha:
        push, bend = held_down(log, weights, temperature)
        slope, curve = slope + alpha * push, curve + alpha * bend
    moved: FloatArray = weights - np.linalg.solve(curve + 1e-9 * np.eye(len(weights)), slope)
    return moved


def held_down(log: Transitions, weights: FloatArray, temperature: float) -> tuple[FloatArray, FloatArray]:
    """Slope `[F]` and curvature `[F, F]` of `mean [t log sum_a exp(Q / t) - Q(s, a_logged)]`.

    The slope is the mean feature of what Q would choose less that of what was logged.
    """
    slope, curve = np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
    for first in range(0, len(log), _BATCH):
        some = slice(first, first + _BATCH)
        every = np.concatenate([log.offered[some, None], log.others[some]], axis=1).astype(np.float64)
        there = np.concatenate([np.ones((len(every), 1), dtype=bool), log.listed[some]], axis=1)
        q = np.where(there, every @ weights / temperature, -np.inf)
        share = np.exp(q - q.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        mean = np.einsum("nc,ncf->nf", share, every)
        slope += (mean - log.offered[some]).sum(axis=0)
        flat = (np.sqrt(share)[..., None] * every).reshape(-1, every.shape[2])
        curve += (flat.T @ flat - mean.T @ mean) / temperature
    return slope / len(log), curve / len(log)
