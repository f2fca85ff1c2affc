"""One pass of Elo over training answers, compiled."""

from typing import Any

import numpy as np
from numba import njit

from lernpfad.core import BoolArray, FloatArray, IntArray


def rate(
    owner: IntArray,
    item: IntArray,
    outcome: IntArray,
    item_skills: IntArray,
    difficulty: FloatArray,
    answers: IntArray,
    settings: tuple[float, float, float, float],
    *,
    learners: int,
    skills: int,
) -> float:
    """Rate learners anew and items further; changes `difficulty` and `answers` `[I]`, returns the summed loss."""
    ability, done = np.zeros(learners), np.zeros(learners, dtype=np.int64)
    offset, skill_done = np.zeros((learners, skills)), np.zeros((learners, skills), dtype=np.int64)
    return float(
        _pass(owner, item, outcome, item_skills, difficulty, answers, ability, done, offset, skill_done, *settings)
    )


@njit(cache=True)  # type: ignore[untyped-decorator]
def _pass(
    owner: Any,
    item: Any,
    outcome: Any,
    item_skills: Any,
    difficulty: Any,
    answers: Any,
    ability: Any,
    done: Any,
    offset: Any,
    skill_done: Any,
    step: float,
    fading: float,
    item_step: float,
    item_fading: float,
) -> float:
    loss = 0.0
    for row in range(len(item)):
        j, i = owner[row], item[row]
        total, count = 0.0, 0
        for place in range(item_skills.shape[1]):
            k = item_skills[i, place]
            if k >= 0:
                total += offset[j, k]
                count += 1
        logit = ability[j] + (total / count if count else 0.0) - difficulty[i]
        success = 1.0 / (1.0 + np.exp(-min(max(logit, -30.0), 30.0)))
        right = 1.0 if outcome[row] == 1 else 0.0
        loss -= np.log(success if right else 1.0 - success)
        surprise = right - success
        difficulty[i] -= item_step / (1.0 + item_fading * answers[i]) * surprise
        answers[i] += 1
        ability[j] += step / (1.0 + fading * done[j]) * surprise
        done[j] += 1
        for place in range(item_skills.shape[1]):
            k = item_skills[i, place]
            if k >= 0:
                offset[j, k] += step / (1.0 + fading * skill_done[j, k]) * surprise
                skill_done[j, k] += 1
    return loss


def trace_rows(
    offsets: IntArray,
    item: IntArray,
    outcome: IntArray,
    accepted: BoolArray,
    item_skills: IntArray,
    difficulty: FloatArray,
    settings: tuple[float, float],
    *,
    skills: int,
) -> FloatArray:
    """P(correct) of every row `[N]`. difficulty: `[I + 1]`, the unknown item's last."""
    predicted: FloatArray = _trace(offsets, item, outcome, accepted, item_skills, difficulty, skills, *settings)
    return predicted


@njit(cache=True)  # type: ignore[untyped-decorator]
def _trace(
    offsets: Any,
    item: Any,
    outcome: Any,
    accepted: Any,
    item_skills: Any,
    difficulty: Any,
    skills: int,
    step: float,
    fading: float,
) -> Any:
    predicted = np.empty(len(item))
    for j in range(len(offsets) - 1):
        ability, done = 0.0, 0
        offset, skill_done = np.zeros(skills), np.zeros(skills, dtype=np.int64)
        for row in range(offsets[j], offsets[j + 1]):
            i = item[row]
            total, count = 0.0, 0
            if i >= 0:
                for place in range(item_skills.shape[1]):
                    k = item_skills[i, place]
                    if k >= 0:
                        total += offset[k]
                        count += 1
            logit = ability + (total / count if count else 0.0) - difficulty[i]
            success = 1.0 / (1.0 + np.exp(-min(max(logit, -30.0), 30.0)))
            predicted[row] = success
            if not accepted[row] or outcome[row] < 0:
                continue
            surprise = (1.0 if outcome[row] == 1 else 0.0) - success
            ability += step / (1.0 + fading * done) * surprise
            done += 1
            if i >= 0:
                for place in range(item_skills.shape[1]):
                    k = item_skills[i, place]
                    if k >= 0:
                        offset[k] += step / (1.0 + fading * skill_done[k]) * surprise
                        skill_done[k] += 1
    return predicted
