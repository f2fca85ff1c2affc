"""What five public logs look like: the statistics of `lernpfad.simulate.gates`, measured once, as constants.

ASSISTments 2009 and 2015 (Feng et al. 2009; Worcester Polytechnic Institute), Statics 2011 and Algebra 2005 (PSLC
DataShop) and Spanish vocabulary (Lindsey et al. 2014), in the versions of Gervet et al. (JEDM 2020) and of the AKT
repository; Algebra and Spanish are the test parts of those. An opportunity counts answers on the same *set* of
skills. They are sums over persons, and hold nothing of any person. `lernpfad calibrate data=assist09` measures the
first of them again.
"""

from collections.abc import Mapping
from typing import Final

CURVE: Final = (1, 2, 4, 8)
"""Opportunities at which success of the pairs with at least eight is known."""

_NAMES: Final = (
    "correct",
    "correct at first opportunity",
    "lower half of learners at first opportunity",
    "upper half of learners at first opportunity",
    "answers per learner, q50",
    "answers per learner, q90",
    "answers per learner, q99",
    "Gini of items",
    "Gini of skills",
    "lag-1 autocorrelation of residuals",
    "lag-1 autocorrelation within learners",
    "opportunities per learner and skill, median",
    "opportunities per learner and skill, mean",
    "learner-skill pairs with at least 7 opportunities",
    *(f"correct at opportunity {k}" for k in CURVE),
    "logit slope over opportunities 1-8",
    "sd of item means",
    "sd of learner means",
)

_MEASURED: Final[Mapping[str, tuple[float, ...]]] = {
    "ASSISTments 2009": (
        *(0.659, 0.607, 0.357, 0.739, 32, 208, 720, 0.53, 0.653, 0.211, 0.107, 4, 6.75, 0.312),
        *(0.475, 0.578, 0.623, 0.681, 0.094, 0.188, 0.199),
    ),
    "Statics 2011": (
        *(0.765, 0.724, 0.624, 0.811, 635, 1111, 2189, 0.245, 0.718, 0.136, 0.096, 4, 10.21, 0.279),
        *(0.757, 0.782, 0.776, 0.815, 0.03, 0.206, 0.103),
    ),
    "Algebra 2005": (
        *(0.754, 0.532, 0.451, 0.666, 640, 3207, 4983, 0.577, 0.811, 0.086, 0.069, 5, 17.08, 0.452),
        *(0.557, 0.686, 0.697, 0.72, 0.071, 0.253, 0.092),
    ),
    "Spanish": (
        *(0.751, 0.349, 0.23, 0.451, 2909, 3893, 4900, 0.349, 0.362, 0.267, 0.213, 9, 13.18, 0.627),
        *(0.343, 0.515, 0.65, 0.786, 0.258, 0.149, 0.149),
    ),
    "ASSISTments 2015": (
        *(0.732, 0.662, 0.503, 0.837, 20, 84, 199, 0.357, 0.357, 0.165, 0.083, 4, 5.49, 0.236),
        *(0.445, 0.5, 0.569, 0.726, 0.149, 0.102, 0.137),
    ),
}


def _whole(measured: tuple[float, ...]) -> dict[str, float]:
    found = dict(zip(_NAMES, map(float, measured), strict=True))
    lower, upper = (found[f"{half} half of learners at first opportunity"] for half in ("lower", "upper"))
    return found | {
        "upper minus lower half of learners at first opportunity": round(upper - lower, 3),
        "answers per learner, q90 / q50": found["answers per learner, q90"] / found["answers per learner, q50"],
    }


PUBLIC_LOGS: Final[Mapping[str, Mapping[str, float]]] = {name: _whole(row) for name, row in _MEASURED.items()}
"""Log to its statistics, by the names that `gates.statistics` gives them."""
