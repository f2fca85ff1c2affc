"""How much of what an item closes is still closed some days later."""

import numpy as np

from lernpfad.core.arrays import FloatArray, IntArray
from lernpfad.core.roles import debt
from lernpfad.core.situation import Situation
from lernpfad.core.state import take
from lernpfad.core.trace import mastery
from lernpfad.policy.beam import imagined

_DAY = 86_400.0
_MOST = 3.0
_LEAST = 1e-9


def lasting(situation: Situation, items: IntArray, *, days: float) -> FloatArray:
    """Share of the immediate fall of the debt that is left after so many days, `[learners, n]` in [0, 3].

    items: `[learners, n]`. Both are expected over right and wrong; the later one is against doing nothing until then,
    so a share above 1 is an item that keeps what was known from being forgotten.
    """
    later = situation.at + days * _DAY
    tracer, asked, n = situation.tracer, situation.requirement, items.shape[1]
    assert tracer is not None
    who = np.repeat(np.arange(len(situation)), 2 * n)
    seen = imagined(
        np.repeat(items.reshape(-1), 2), np.tile([0, 1], items.size), situation.at[who], catalog=situation.catalog
    )
    after = tracer.update(take(situation.state, who), seen)
    owed = debt(asked[who], mastery(tracer, after, later[who], catalog=situation.catalog)).reshape(*items.shape, 2)
    idle = debt(asked, mastery(tracer, situation.state, later, catalog=situation.catalog))
    right = tracer.predict(situation.state, items, situation.at)
    fall = idle[:, None] - (1.0 - right) * owed[..., 0] - right * owed[..., 1]
    share = np.nan_to_num(fall) / np.maximum(situation.debt_reduction(items), _LEAST)
    return np.clip(share, 0.0, _MOST)
