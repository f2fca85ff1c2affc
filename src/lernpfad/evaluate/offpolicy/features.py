"""What a reward model is told of an offer: the situation's own estimates, no identity of learner or item."""

import numpy as np

from lernpfad.core import FloatArray, Situation, mean_over_skills

NAMES = (
    *("graded", "success", "success_squared", "need", "affinity", "minutes", "taken", "ready"),
    *("left", "debt", "skill", "first"),
)
"""The columns of `of_offer`."""


def of_offer(situation: Situation) -> FloatArray:
    """Features of every candidate, `[learners, C, 12]`, in the order of `NAMES`.

    Those of the item count only where it is graded, because only such an item can be answered correctly; minutes
    and affinity count for every item. The last four are the same for all candidates of a learner: they say what is
    still to come (minutes left, debt, mean mastery, whether nothing was taken yet).
    """
    catalog, shape = situation.catalog, situation.eligible.shape
    owed = situation.requirement.weight * situation.gap
    need = mean_over_skills(owed, situation.skills[None], default=0.0)
    taken = np.zeros(shape) if situation.taken is None else situation.taken
    first = np.zeros(shape) if situation.last_item is None else (situation.last_item < 0)[:, None]
    left = np.minimum(situation.minutes_left, 4 * catalog.minutes.max(initial=1.0))
    of_item = (np.ones(shape), situation.success, situation.success**2, need)
    graded = catalog.assessed[situation.items][None, :]
    columns = (
        *(graded * column for column in of_item),
        situation.affinity,
        np.broadcast_to(situation.minutes / 10.0, shape),
        graded * taken,
        graded * situation.ready,
        *(np.broadcast_to(one[:, None], shape) for one in (left / 10.0, np.nan_to_num(situation.debt))),
        np.broadcast_to(situation.mastery.mean(axis=1, keepdims=True), shape),
        np.broadcast_to(first, shape),
    )
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=-1)
