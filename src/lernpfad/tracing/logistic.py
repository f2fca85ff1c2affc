"""Logistic regression on a sparse design, as the count models of tracing need it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lernpfad.core import FloatArray


def fitted(
    design: Any,
    answer: FloatArray,
    *,
    strength: float,
    max_iterations: int,
    heard: Callable[[float], None] = lambda loss: None,
) -> tuple[float, FloatArray]:
    """Bias and weights `[columns]` that minimise summed cross-entropy plus `strength / 2` times the squared weights.

    design: scipy CSR `[rows, columns]`. answer: `[rows]` of 0 and 1. The bias is not penalised, as in scikit-learn,
    whose C is `1 / strength`. heard: told the mean cross-entropy with the penalty after every iteration.
    """
    from scipy.optimize import minimize

    rows, columns = design.shape
    transposed = design.T.tocsr()

    def objective(parameters: FloatArray) -> tuple[float, FloatArray]:
        bias, weights = parameters[0], parameters[1:]
        logit = design @ weights + bias
        # log(1 + e^z) - y z, without overflow
        loss = float(np.logaddexp(0.0, logit).sum() - answer @ logit + 0.5 * strength * weights @ weights)
        residual = 1.0 / (1.0 + np.exp(-logit)) - answer
        slope = np.concatenate([[residual.sum()], transposed @ residual + strength * weights])
        return loss, slope

    share = float(np.clip(answer.mean(), 1e-6, 1 - 1e-6)) if rows else 0.5
    start = np.concatenate([[np.log(share / (1 - share))], np.zeros(columns)])
    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: heard(intermediate_result.fun / max(rows, 1)),
        options={"maxiter": max_iterations, "maxfun": 2 * max_iterations, "ftol": 1e-9, "gtol": 1e-3, "maxcor": 20},
    )
    return float(found.x[0]), np.ascontiguousarray(found.x[1:])
