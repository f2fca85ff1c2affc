"""The compiled half of BKT: the E-step over all histories at once, and the trace. Needs numba."""

import numpy as np
from numba import njit

from lernpfad.core import Array, FloatArray, IntArray

PRIOR, LEARN, GUESS, SLIP, FORGET = range(5)
"""Columns of a parameter table `[K, 5]`."""


@njit(cache=True)  # type: ignore[untyped-decorator]
def expected_counts(
    bounds: IntArray, skill: IntArray, outcome: IntArray, active: Array, parameters: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How often, under `parameters`, each thing happened that a parameter is the probability of.

    bounds: `[S+1]`, history s owns `outcome[bounds[s]:bounds[s+1]]`, all of one learner and of skill `skill[s]`.
    active: `[K]`, skills to look at. parameters: `[K, 5]`.
    Returns (happened `[K, 5]`, could have happened `[K, 5]`, log-likelihood `[K]`).
    Forward: `before[t]` = P(known at t | answers before t), `after[t]` the same with answer t. Backward, `smooth` =
    P(known at t | all answers), from that at t+1 by Bayes' rule on the transition.
    """
    skills = len(parameters)
    happened, possible, likelihood = np.zeros((skills, 5)), np.zeros((skills, 5)), np.zeros(skills)
    longest = 0
    for s in range(len(skill)):
        longest = max(longest, bounds[s + 1] - bounds[s])
    before, after = np.empty(longest + 1), np.empty(longest)
    for s in range(len(skill)):
        k = skill[s]
        if not active[k]:
            continue
        first, length = bounds[s], bounds[s + 1] - bounds[s]
        prior, learn, guess, slip, forget = parameters[k]
        before[0] = prior
        for t in range(length):
            seen = outcome[first + t]
            after[t] = before[t]
            if seen >= 0:
                known = before[t] * (1.0 - slip if seen == 1 else slip)
                total = known + (1.0 - before[t]) * (guess if seen == 1 else 1.0 - guess)
                after[t] = known / total
                likelihood[k] += np.log(total)
            before[t + 1] = after[t] * (1.0 - forget) + (1.0 - after[t]) * learn
        smooth = after[length - 1]
        for t in range(length - 1, -1, -1):
            if t < length - 1:
                learned = smooth / before[t + 1] * (1.0 - after[t]) * learn
                forgotten = (1.0 - smooth) / (1.0 - before[t + 1]) * after[t] * forget if forget > 0.0 else 0.0
                smooth = smooth - learned + forgotten
                happened[k, LEARN] += learned
                possible[k, LEARN] += 1.0 - smooth
                happened[k, FORGET] += forgotten
                possible[k, FORGET] += smooth
            seen = outcome[first + t]
            if seen >= 0:
                possible[k, GUESS] += 1.0 - smooth
                possible[k, SLIP] += smooth
                if seen == 1:
                    happened[k, GUESS] += 1.0 - smooth
                else:
                    happened[k, SLIP] += smooth
        happened[k, PRIOR] += smooth
        possible[k, PRIOR] += 1.0
    return happened, possible, likelihood


@njit(cache=True)  # type: ignore[untyped-decorator]
def trace_rows(
    offsets: IntArray,
    item: IntArray,
    outcome: IntArray,
    accepted: Array,
    item_skills: IntArray,
    parameters: FloatArray,
    unknown: float,
) -> FloatArray:
    """Predict, then update, row by row: P(correct) `[N]`; `unknown` where an item has no skill."""
    predicted = np.empty(len(item))
    prior = parameters[:, PRIOR]
    known = np.empty(len(parameters))
    for j in range(len(offsets) - 1):
        known[:] = prior
        for row in range(offsets[j], offsets[j + 1]):
            total, count = 0.0, 0
            for place in range(item_skills.shape[1] if item[row] >= 0 else 0):
                k = item_skills[item[row], place]
                if k < 0:
                    continue
                _, learn, guess, slip, forget = parameters[k]
                m = known[k]
                success = m * (1.0 - slip) + (1.0 - m) * guess
                total += success
                count += 1
                if not accepted[row]:
                    continue
                if outcome[row] == 1:
                    m = m * (1.0 - slip) / success
                elif outcome[row] == 0:
                    m = m * slip / (1.0 - success)
                known[k] = m * (1.0 - forget) + (1.0 - m) * learn
            predicted[row] = total / count if count > 0 else unknown
    return predicted
