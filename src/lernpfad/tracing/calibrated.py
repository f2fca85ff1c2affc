"""A calibrated tracer: when it says .8, four of five answers are right."""

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np

from lernpfad.core import ConfigError, FloatArray, IntArray, KnowledgeTracer
from lernpfad.tracing.composite import Composite, sigmoid

Method: TypeAlias = Literal["temperature", "platt", "isotonic"]

_SURE = 1e-4
"""Isotonic regression may find steps without a single error; no probability goes beyond this."""


class Calibrated(Composite):
    """Any tracer, with its probabilities put right on learners that it was not trained on.

    method: "temperature", log-odds divided by one number (Guo et al., ICML 2017), which keeps the order of predictions
    and so the AUC; "platt", a slope and an offset (Platt 1999), likewise; "isotonic", the closest rising step function
    (Zadrozny & Elkan, KDD 2002), which needs some thousand answers and may tie predictions. members: just one.
    """

    slope_: FloatArray
    offset_: FloatArray
    said_: FloatArray
    meant_: FloatArray

    def __init__(
        self,
        members: Mapping[str, KnowledgeTracer[Any]],
        *,
        method: Method = "platt",
        holdout: float = 0.1,
        seed: int = 0,
    ) -> None:
        super().__init__(members, holdout=holdout, seed=seed)
        if len(members) != 1:
            raise ConfigError(f"Calibrated: {len(members)} members ({', '.join(members)}), expected one; stack several")
        if method not in ("temperature", "platt", "isotonic"):
            raise ConfigError(f"Calibrated: method is '{method}', expected 'temperature', 'platt' or 'isotonic'")
        self.method = method

    def _learn(self, logits: FloatArray, before: IntArray, right: Any) -> None:
        said, answer = logits[:, 0], np.asarray(right, dtype=np.float64)
        self.slope_, self.offset_ = np.ones(1), np.zeros(1)
        self.said_, self.meant_ = np.array([-1.0, 1.0]), sigmoid(np.array([-1.0, 1.0]))
        if self.method == "isotonic":
            from sklearn.isotonic import IsotonicRegression

            steps = IsotonicRegression(y_min=_SURE, y_max=1 - _SURE, out_of_bounds="clip").fit(said, answer)
            self.said_, self.meant_ = np.asarray(steps.X_thresholds_), np.asarray(steps.y_thresholds_)
        else:
            self.slope_, self.offset_ = _scaled(said, answer, offset=self.method == "platt")

    def _combined(self, logits: FloatArray, before: IntArray) -> FloatArray:
        if self.method == "isotonic":
            return np.interp(logits[..., 0], self.said_, self.meant_)
        return sigmoid(self.slope_[0] * logits[..., 0] + self.offset_[0])


def _scaled(said: FloatArray, answer: FloatArray, *, offset: bool) -> tuple[FloatArray, FloatArray]:
    """Slope and offset with the least cross-entropy, each `[1]`; the slope stays above 0, so that the order is kept."""
    from scipy.optimize import minimize

    def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
        logit = np.exp(parameters[0]) * said + parameters[1]
        residual = sigmoid(logit) - answer
        loss = float(np.logaddexp(0.0, logit).mean() - (answer * logit).mean())
        away = (residual * said).mean() * np.exp(parameters[0])
        return loss, np.array([away, residual.mean() if offset else 0.0])

    found = minimize(objective, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-5, 5), (-20, 20)]).x
    return np.exp(found[:1]), found[1:] if offset else np.zeros(1)
