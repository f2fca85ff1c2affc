"""The compiled half of BKT with items and classes of learners. Needs numba."""

import numpy as np
from numba import njit

from lernpfad.core import Array, FloatArray, IntArray

PRIOR, LEARN, FORGET = range(3)
"""Columns of a transition table `[C, K, 3]`."""


@njit(cache=True)  # type: ignore[untyped-decorator]
def likelihoods(
    bounds: IntArray,
    skill: IntArray,
    outcome: IntArray,
    slot: IntArray,
    share: FloatArray,
    moves: FloatArray,
    told: FloatArray,
) -> FloatArray:
    """Log-likelihood of each history under each class, `[S, C]`.

    bounds: `[S+1]`, history s owns rows `bounds[s]:bounds[s+1]`, all of one learner and of skill `skill[s]`.
    slot: which guess and slip tell the answer, `[R]`; told: those, `[T, 2]`. share: what the row counts for, `[R]`, 1
    over the skills of its item. moves: prior, learn and forget, `[C, K, 3]`.
    """
    classes = len(moves)
    found = np.zeros((len(skill), classes))
    for s in range(len(skill)):
        for c in range(classes):
            prior, learn, forget = moves[c, skill[s]]
            known, total = prior, 0.0
            for r in range(bounds[s], bounds[s + 1]):
                seen = outcome[r]
                if seen >= 0:
                    guess, slip = told[slot[r]]
                    one = known * (1.0 - slip if seen == 1 else slip)
                    said = one + (1.0 - known) * (guess if seen == 1 else 1.0 - guess)
                    total += share[r] * np.log(said)
                    known = one / said
                known = known * (1.0 - forget) + (1.0 - known) * learn
            found[s, c] = total
    return found


@njit(cache=True)  # type: ignore[untyped-decorator]
def expected_counts(
    bounds: IntArray,
    skill: IntArray,
    outcome: IntArray,
    slot: IntArray,
    weight: FloatArray,
    moves: FloatArray,
    told: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """How often each thing happened that a parameter is the probability of, histories counting `weight` `[S, C]`.

    Returns (happened `[C, K, 3]`, could have happened `[C, K, 3]`) of the moves and (`[T, 2]`, `[T, 2]`) of guesses and
    slips; forward and backward as in `bkt_kernels.expected_counts`, of which this is the weighted, classed form.
    """
    classes, skills = moves.shape[0], moves.shape[1]
    moved, could_move = np.zeros((classes, skills, 3)), np.zeros((classes, skills, 3))
    said, could_say = np.zeros((len(told), 2)), np.zeros((len(told), 2))
    longest = 0
    for s in range(len(skill)):
        longest = max(longest, bounds[s + 1] - bounds[s])
    before, after = np.empty(longest + 1), np.empty(longest)
    for s in range(len(skill)):
        k, first, length = skill[s], bounds[s], bounds[s + 1] - bounds[s]
        for c in range(classes):
            w = weight[s, c]
            if w < 1e-6:
                continue
            prior, learn, forget = moves[c, k]
            before[0] = prior
            for t in range(length):
                seen = outcome[first + t]
                after[t] = before[t]
                if seen >= 0:
                    guess, slip = told[slot[first + t]]
                    known = before[t] * (1.0 - slip if seen == 1 else slip)
                    after[t] = known / (known + (1.0 - before[t]) * (guess if seen == 1 else 1.0 - guess))
                before[t + 1] = after[t] * (1.0 - forget) + (1.0 - after[t]) * learn
            smooth = after[length - 1]
            for t in range(length - 1, -1, -1):
                if t < length - 1:
                    learned = smooth / before[t + 1] * (1.0 - after[t]) * learn
                    forgotten = (1.0 - smooth) / (1.0 - before[t + 1]) * after[t] * forget if forget > 0.0 else 0.0
                    smooth = smooth - learned + forgotten
                    moved[c, k, LEARN] += w * learned
                    could_move[c, k, LEARN] += w * (1.0 - smooth)
                    moved[c, k, FORGET] += w * forgotten
                    could_move[c, k, FORGET] += w * smooth
                seen, place = outcome[first + t], slot[first + t]
                if seen >= 0:
                    could_say[place, 0] += w * (1.0 - smooth)
                    could_say[place, 1] += w * smooth
                    if seen == 1:
                        said[place, 0] += w * (1.0 - smooth)
                    else:
                        said[place, 1] += w * smooth
            moved[c, k, PRIOR] += w * smooth
            could_move[c, k, PRIOR] += w
    return moved, could_move, said, could_say


@njit(cache=True)  # type: ignore[untyped-decorator]
def trace_rows(
    offsets: IntArray,
    item: IntArray,
    outcome: IntArray,
    accepted: Array,
    item_skills: IntArray,
    slots: IntArray,
    moves: FloatArray,
    told: FloatArray,
    classes: FloatArray,
    unknown: float,
) -> FloatArray:
    """Predict, then update, row by row: P(correct) `[N]`; `unknown` where an item has no skill.

    slots: of each item and place, `[I, M]`. classes: log share of each class, `[C]`.
    """
    predicted = np.empty(len(item))
    count = len(moves)
    known, log_class, weight = np.empty((count, moves.shape[1])), np.empty(count), np.empty(count)
    said = np.empty(count)
    for j in range(len(offsets) - 1):
        known[:] = moves[:, :, PRIOR]
        log_class[:] = classes
        for row in range(offsets[j], offsets[j + 1]):
            highest, total = log_class.max(), 0.0
            for c in range(count):
                weight[c] = np.exp(log_class[c] - highest)
                total += weight[c]
            said[:] = 0.0
            skills, right, seen = 0, 0.0, outcome[row] if accepted[row] else -1
            for place in range(item_skills.shape[1] if item[row] >= 0 else 0):
                k = item_skills[item[row], place]
                if k < 0:
                    continue
                skills += 1
                guess, slip = told[slots[item[row], place]]
                for c in range(count):
                    success = known[c, k] * (1.0 - slip) + (1.0 - known[c, k]) * guess
                    right += weight[c] / total * success
                    if not accepted[row]:
                        continue
                    m = known[c, k]
                    if seen == 1:
                        m = m * (1.0 - slip) / success
                        said[c] += np.log(success)
                    elif seen == 0:
                        m = m * slip / (1.0 - success)
                        said[c] += np.log(1.0 - success)
                    known[c, k] = m * (1.0 - moves[c, k, FORGET]) + (1.0 - m) * moves[c, k, LEARN]
            predicted[row] = right / skills if skills > 0 else unknown
            if skills > 0:
                for c in range(count):
                    log_class[c] += said[c] / skills
    return predicted
