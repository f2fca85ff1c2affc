"""From scores to propensities: the three shapes that every policy is made of, each over eligible candidates only."""

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray
from lernpfad.core.errors import ConfigError


def uniform(eligible: BoolArray) -> FloatArray:
    """The same probability for every eligible candidate, `[learners, C]`; a row of zeros where there is none."""
    count = eligible.sum(axis=1, keepdims=True)
    share: FloatArray = eligible / np.maximum(count, 1)
    return share


def greedy(scores: FloatArray, eligible: BoolArray, *, epsilon: float = 0.0) -> FloatArray:
    """The best score softened: `(1 - epsilon) [argmax] + epsilon / eligible`, ties shared evenly, `[learners, C]`."""
    assert not np.isnan(scores[eligible]).any(), "a score must be a number"
    masked = np.where(eligible, scores, -np.inf)
    best = masked.max(axis=1, keepdims=True, initial=-np.inf)
    return (1.0 - epsilon) * uniform(eligible & (masked == best)) + epsilon * uniform(eligible)


def softmax(scores: FloatArray, eligible: BoolArray, *, temperature: float = 1.0) -> FloatArray:
    """`exp(score / temperature)` over the eligible candidates, normalised, `[learners, C]`."""
    masked = np.where(eligible, scores, -np.inf)
    best = masked.max(axis=1, keepdims=True, initial=-np.inf)
    above = masked - np.where(np.isfinite(best), best, 0.0)
    return normalised(np.exp(above / temperature), eligible)


def normalised(mass: FloatArray, eligible: BoolArray) -> FloatArray:
    """Non-negative mass as probabilities over the eligible candidates; uniform where it all vanished."""
    mass = np.where(eligible, mass, 0.0)
    total = mass.sum(axis=1, keepdims=True)
    return np.where(total > 0, mass / np.where(total > 0, total, 1.0), uniform(eligible))


def standardised(scores: FloatArray, eligible: BoolArray) -> FloatArray:
    """Scores with mean 0 and deviation 1 over each learner's eligible candidates; 0 where they are all alike."""
    count = np.maximum(eligible.sum(axis=1, keepdims=True), 1)
    mean = np.where(eligible, scores, 0.0).sum(axis=1, keepdims=True) / count
    apart = np.where(eligible, scores - mean, 0.0)
    spread = np.sqrt((apart**2).sum(axis=1, keepdims=True) / count)
    negligible = spread <= 1e-12 * np.maximum(np.abs(mean), 1.0)
    return np.where(negligible, 0.0, apart / np.where(negligible, 1.0, spread))


def require_share(policy: object, **shares: float) -> None:
    """Raise ConfigError unless every named setting lies in [0, 1]."""
    for name, value in shares.items():
        if not 0.0 <= value <= 1.0:
            raise ConfigError(
                f"{type(policy).__name__}: {name} is {value}, expected a share in [0, 1]; set it to one, such as 0.05"
            )


def require_positive(policy: object, **values: float) -> None:
    """Raise ConfigError unless every named setting is above 0."""
    for name, value in values.items():
        if not value > 0:
            raise ConfigError(
                f"{type(policy).__name__}: {name} is {value}, expected a number above 0; set it to 1 or so"
            )
