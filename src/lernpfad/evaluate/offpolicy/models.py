"""Reward models, q-hat: small, regularised, and never asked about the learners they were fitted on."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, Self, TypeAlias

import numpy as np

from lernpfad.core import BoolArray, ConfigError, FloatArray, IntArray, NotFittedError
from lernpfad.evaluate.offpolicy.logged import Logged

Weighing: TypeAlias = Callable[[Logged], FloatArray]
"""How much each row counts in a fit, `[N]`."""


class RewardModel(Protocol):
    """Predicts the reward (or what is to come) of every candidate from features."""

    def fit(self, features: FloatArray, logged: Logged) -> Self:
        """features: `[N, C, F]` of every candidate in every row; learns from those that were offered."""
        ...

    def predict(self, features: FloatArray) -> FloatArray:
        """`[N, C]`."""
        ...


def cross_fitted(
    make: Callable[[], RewardModel], features: FloatArray, logged: Logged, *, folds: int = 5, seed: int = 0
) -> FloatArray:
    """Predictions for every candidate by a model that has not seen the learner, `[N, C]`.

    Learners, not rows, are dealt into folds: rows of a learner are alike, and a model that saw her others would
    shrink the very residuals that the doubly robust estimators correct by (Chernozhukov et al. 2018).
    make: a fresh model. features: `[N, C, F]`.
    """
    if not 2 <= folds <= logged.learners:
        raise ConfigError(
            f"cross fitting: {folds} folds for {logged.learners} learners, expected 2 or more, none empty"
        )
    if features.shape[:2] != logged.target.shape:
        raise ConfigError(
            f"cross fitting: features are {features.shape}, expected {logged.target.shape} rows and candidates first"
        )
    fold = np.random.default_rng(seed).permutation(np.arange(logged.learners) % folds)
    out = np.zeros(logged.target.shape)
    for one in range(folds):
        inside, outside = (logged.rows_of(np.flatnonzero(chosen)) for chosen in (fold == one, fold != one))
        model = make().fit(features[outside], logged.select(np.flatnonzero(fold != one)))
        out[inside] = model.predict(features[inside])
    return out


def even(logged: Logged) -> FloatArray:
    """Every row counts the same: least squares for DM and DR."""
    return np.ones(len(logged))


def mrdr(logged: Logged) -> FloatArray:
    """`pi (1 - pi_b) / pi_b^2`: the fit that makes DR vary least (Farajtabar, Chow & Ghavamzadeh 2018, MRDR)."""
    chosen: FloatArray = logged.of_action(logged.target) * (1.0 - logged.logged) / logged.logged**2
    return chosen


class Ridge:
    """Weighted linear least squares with a penalty on every coefficient but the constant's; adds a constant."""

    def __init__(self, penalty: float = 1.0, weigh: Weighing = even) -> None:
        self.penalty = penalty
        self.weigh = weigh

    def fit(self, features: FloatArray, logged: Logged) -> Self:
        """On the offered candidates. Columns are scaled to deviation 1 first, so one penalty suits all."""
        x = logged.of_action(features)
        self.centre_, self.scale_ = standards(x)
        z, weight = with_constant((x - self.centre_) / self.scale_), self.weigh(logged)
        weight = weight / max(float(weight.mean()), 1e-300) if len(weight) else weight
        self.coefficients_ = solved(z.T @ (weight[:, None] * z), z.T @ (weight * logged.reward), self.penalty)
        return self

    def predict(self, features: FloatArray) -> FloatArray:
        """Linear, `[N, C]`."""
        _require_fitted(self)
        return linear((features - self.centre_) / self.scale_, self.coefficients_)


class Logistic:
    """Logistic regression by Newton steps, for rewards in [0, 1]; adds a constant, which is not penalised."""

    def __init__(self, penalty: float = 1.0, weigh: Weighing = even, steps: int = 12) -> None:
        self.penalty = penalty
        self.weigh = weigh
        self.steps = steps

    def fit(self, features: FloatArray, logged: Logged) -> Self:
        """On the offered candidates."""
        if len(logged) and not (logged.reward.min() >= 0 and logged.reward.max() <= 1):
            raise ConfigError("Logistic: a reward lies outside [0, 1]; use Ridge")
        x = logged.of_action(features)
        self.centre_, self.scale_ = standards(x)
        z, weight = with_constant((x - self.centre_) / self.scale_), self.weigh(logged)
        weight = weight / max(float(weight.mean()), 1e-300) if len(weight) else weight
        beta = np.zeros(z.shape[1])
        keep = np.full(z.shape[1], self.penalty)
        keep[0] = 0.0
        for _ in range(self.steps):
            p = sigmoid(z @ beta)
            slope = z.T @ (weight * (logged.reward - p)) - keep * beta
            step = solved(z.T @ ((weight * np.maximum(p * (1 - p), 1e-6))[:, None] * z), slope, self.penalty)
            beta = beta + step
        self.coefficients_ = beta
        return self

    def predict(self, features: FloatArray) -> FloatArray:
        """Probabilities, `[N, C]`."""
        _require_fitted(self)
        return sigmoid(linear((features - self.centre_) / self.scale_, self.coefficients_))


class FQE:
    """Fitted Q evaluation (Le, Voloshin & Yue 2019): `Q <- fit r + g sum_a pi(a) Q(s', a)`, linear, iterated.

    gamma: discount of each further offer. sweeps: iterations; exact for sequences no longer than that.
    Needs the target's propensities, so it is fitted anew for each policy.
    """

    def __init__(self, penalty: float = 1.0, gamma: float = 1.0, sweeps: int = 40) -> None:
        self.penalty = penalty
        self.gamma = gamma
        self.sweeps = sweeps

    def fit(self, features: FloatArray, logged: Logged) -> Self:
        """On the offered candidates; nothing comes after the last offer of a learner."""
        ridge = Ridge(self.penalty)
        after = has_next(logged)
        follows = np.flatnonzero(after) + 1
        led = replace(logged, model=np.zeros(logged.target.shape))
        mean = np.einsum("nc,ncf->nf", logged.target[follows], features[follows])
        value: FloatArray = np.zeros(len(follows))
        for _ in range(min(self.sweeps, int(logged.lengths.max(initial=0)))):
            to_come = logged.reward.astype(np.float64).copy()
            to_come[after] += self.gamma * value
            ridge.fit(features, replace(led, reward=to_come))
            value = ridge.predict(mean[:, None, :])[:, 0]  # linear: the value of the mean features
        self.ridge = ridge
        return self

    def predict(self, features: FloatArray) -> FloatArray:
        """Reward to come, this offer's included, `[N, C]`."""
        return self.ridge.predict(features)


def has_next(logged: Logged) -> BoolArray:
    """Rows that another row of the same learner follows, `[N]`."""
    last = np.ones(len(logged), dtype=bool)
    owner: IntArray = logged.owner
    last[:-1] = owner[1:] != owner[:-1]
    return ~last


def standards(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation of each column, the deviation 1 where a column is constant."""
    spread = x.std(axis=0)
    return x.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)


def with_constant(x: FloatArray) -> FloatArray:
    """A column of ones in front."""
    return np.concatenate([np.ones((len(x), 1)), x], axis=1)


def linear(features: FloatArray, coefficients: FloatArray) -> FloatArray:
    """constant + features x coefficients, `[N, C]`."""
    out: FloatArray = coefficients[0] + features @ coefficients[1:]
    return out


def solved(gram: FloatArray, right: FloatArray, penalty: float) -> FloatArray:
    """`(gram + penalty I)^-1 right`, the first coefficient free."""
    diagonal = np.full(len(gram), penalty)
    diagonal[0] = 1e-9
    out: FloatArray = np.linalg.solve(gram + np.diag(diagonal), right)
    return out


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), for any x."""
    share: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return share


def _require_fitted(model: object) -> None:
    if not hasattr(model, "coefficients_"):
        raise NotFittedError(f"{type(model).__name__}: asked before it was fitted; call fit first")
