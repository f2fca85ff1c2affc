"""A stack of tracers: a logistic regression on what each of them says, which is calibrated by its making."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lernpfad.core import ConfigError, FloatArray, IntArray, KnowledgeTracer
from lernpfad.tracing.composite import Composite, sigmoid

_LONG = np.log(101.0)
"""log(1 + rows before) is counted in units of a hundred rows."""


class Stack(Composite):
    """Log-odds = bias + sum of weights times the members' log-odds (stacked generalisation, Wolpert 1992).

    by_length: weights and bias may shift with log(1 + rows before), since some members are better with long histories
    and some at a cold start. penalty: on how far the weights, squared, lie from an equal share for each member.
    See `Composite` for members, holdout and seed.
    """

    weight_: FloatArray
    bias_: FloatArray

    def __init__(
        self,
        members: Mapping[str, KnowledgeTracer[Any]],
        *,
        by_length: bool = True,
        penalty: float = 1.0,
        holdout: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(members, holdout=holdout, seed=seed)
        if penalty <= 0:
            raise ConfigError(f"Stack: penalty={penalty}, expected above 0")
        self.by_length = by_length
        self.penalty = penalty

    def _learn(self, logits: FloatArray, before: IntArray, right: Any) -> None:
        self.weight_, self.bias_ = weights(
            logits, before, np.asarray(right, dtype=np.float64), by_length=self.by_length, penalty=self.penalty
        )

    def _combined(self, logits: FloatArray, before: IntArray) -> FloatArray:
        return sigmoid(combined(logits, before, self.weight_, self.bias_))


def weights(
    logits: FloatArray, before: IntArray, right: FloatArray, *, by_length: bool, penalty: float
) -> tuple[FloatArray, FloatArray]:
    """Weights `[2, members]` and bias `[2]`; the second of each is for every unit of length, 0 without `by_length`.

    logits: `[rows, members]` on learners that no member was trained on. before: `[rows]`. right: `[rows]`, 1 or 0.
    """
    from scipy.optimize import minimize

    members = logits.shape[1]
    long = np.log1p(before)[:, None] / _LONG
    features = np.hstack([logits, np.ones_like(long)])
    if by_length:
        features = np.hstack([features, features * long])
    equal = np.zeros(features.shape[1])
    equal[:members] = 1.0 / members

    def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
        logit = features @ parameters
        away = parameters - equal
        loss = float(np.logaddexp(0.0, logit).sum() - right @ logit + 0.5 * penalty * away @ away)
        return loss, features.T @ (sigmoid(logit) - right) + penalty * away

    found = minimize(objective, equal, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-12}).x
    table = np.zeros((2, members + 1))
    table.flat[: len(found)] = found
    return np.ascontiguousarray(table[:, :-1]), np.ascontiguousarray(table[:, -1])


def combined(logits: FloatArray, before: IntArray, weight: FloatArray, bias: FloatArray) -> FloatArray:
    """Log-odds `[...]` of members' log-odds `[..., members]` after `before` rows, which broadcasts to `[...]`."""
    long = np.log1p(before) / _LONG
    now: FloatArray = logits @ weight[0] + bias[0] + long * (logits @ weight[1] + bias[1])
    return now
