"""What is still remembered of each skill: FSRS-6 with its published parameters, walked over a history."""

import numpy as np

from lernpfad.core import memory
from lernpfad.core.arrays import FloatArray
from lernpfad.core.sequences import Sequences
from lernpfad.core.situation import Situation
from lernpfad.policy.recent import Answers, takes

DAY = 86_400.0


def recall(situation: Situation) -> FloatArray:
    """Retrievability R of each skill now, `[learners, K]` in (0, 1]; NaN for what was never taken.

    A wrong answer is the rating "again"; a correct one, and an item that ends without an answer, are "good". Without
    histories nothing was ever taken.
    """
    shape = (len(situation), len(situation.catalog.skills))
    left = np.full(shape, np.nan)
    if situation.histories is None:
        return left
    taken = takes(situation.histories)
    stability, last = _walked(taken, situation.histories)
    key = taken.owner * shape[1] + taken.skill
    owner, skill = np.divmod(np.unique(key), shape[1])
    left[owner, skill] = memory.retrievability((situation.at[owner] - last) / DAY, stability)
    return left


def _walked(taken: Answers, histories: Sequences) -> tuple[FloatArray, FloatArray]:
    """Stability (days) and time of the last contact (seconds) of each memory, those of one learner by skill."""
    key = taken.owner * taken.shape[1] + taken.skill
    _, first, number = np.unique(key, return_index=True, return_counts=True)
    longest_first = np.argsort(-number, kind="stable")
    starts, ascending = first[longest_first], np.sort(number)
    good = histories.outcome[taken.row] != 0
    rating, time = np.where(good, memory.GOOD, memory.AGAIN), histories.time[taken.row]
    stability, difficulty = memory.first_stability(rating[starts]), memory.first_difficulty(rating[starts])
    for turn in range(1, int(number.max(initial=0))):
        active = len(number) - int(np.searchsorted(ascending, turn, side="right"))
        rows, now = starts[:active] + turn, slice(0, active)
        days = (time[rows] - time[rows - 1]) / DAY
        stability[now] = memory.next_stability(stability[now], difficulty[now], days=days, rating=rating[rows])
        difficulty[now] = memory.next_difficulty(difficulty[now], rating[rows])
    back = np.argsort(longest_first, kind="stable")
    return stability[back], time[first + number - 1]
