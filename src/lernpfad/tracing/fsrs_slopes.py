"""All memories of FSRS at once, and the derivatives of what becomes of them by its weights."""

from typing import NamedTuple

import numpy as np

from lernpfad.core import FloatArray, IntArray, memory
from lernpfad.tracing.memory import Pairs


class Slopes(NamedTuple):
    """Derivatives of one step (S, D) -> (S', D'). by_weight: of S' and of D', by index of the weight."""

    stability: FloatArray
    stability_by_difficulty: FloatArray
    difficulty: FloatArray
    by_weight: dict[int, tuple[FloatArray | float, FloatArray | float]]


class Walk(NamedTuple):
    """All memories under one set of weights: (S, D) after each answer, `[A]` each."""

    stability: FloatArray
    difficulty: FloatArray


def walked(pairs: Pairs, turns: list[IntArray], w: FloatArray) -> Walk:
    """One answer of every memory after another."""
    rating = np.where(pairs.outcome == 1, memory.GOOD, memory.AGAIN)
    days, first = pairs.days[pairs.answers], memory.first_stability(rating, w)
    stability, difficulty = first.copy(), memory.first_difficulty(rating, w)
    for some in turns[1:]:
        before = some - 1
        old = stability[before], difficulty[before]
        stability[some] = memory.next_stability(*old, days=days[some], rating=rating[some], w=w)
        difficulty[some] = memory.next_difficulty(old[1], rating[some], w)
    return Walk(stability, difficulty)


def pulled_back(
    pairs: Pairs, turns: list[IntArray], w: FloatArray, walk: Walk, *, stability: FloatArray, difficulty: FloatArray
) -> FloatArray:
    """From derivatives by the memory after each answer, `[A]` each, to those by the weights, `[21]`."""
    later = np.flatnonzero(pairs.turn > 0)
    slopes = _slopes(walk, later - 1, pairs.days[pairs.answers[later]], pairs.outcome[later], w)
    place = np.full(len(pairs.turn), -1)
    place[later] = np.arange(len(later))
    by_s, by_d = stability.copy(), difficulty.copy()
    for some in reversed(turns[1:]):
        at = place[some]
        by_s[some - 1] += by_s[some] * slopes.stability[at]
        by_d[some - 1] += by_s[some] * slopes.stability_by_difficulty[at] + by_d[some] * slopes.difficulty[at]
    gradient = np.zeros(21)
    for index, (of_s, of_d) in slopes.by_weight.items():
        gradient[index] = np.sum(by_s[later] * of_s) + np.sum(by_d[later] * of_d)
    first = pairs.turn == 0
    right = first & (pairs.outcome == 1)
    gradient[0] += by_s[first & ~right].sum()
    gradient[2] += by_s[right].sum()
    inner = (walk.difficulty > 1.0) & (walk.difficulty < 10.0)
    gradient[4] += by_d[first & inner].sum()
    gradient[5] -= 2.0 * np.exp(2.0 * w[5]) * by_d[right & inner].sum()
    return gradient


def recall_slopes(days: FloatArray, stability: FloatArray, w: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """R, and its derivatives by S and by w20."""
    factor, power = memory.factor(w), w[20]
    slope = 0.9 ** (-1.0 / power) * np.log(0.9) / power**2
    ratio = days / stability
    left = (1.0 + factor * ratio) ** -power
    by_stability = left * power * factor * ratio / (stability * (1.0 + factor * ratio))
    by_power = -left * (np.log1p(factor * ratio) + power * ratio * slope / (1.0 + factor * ratio))
    return left, by_stability, by_power


def _slopes(walk: Walk, before: IntArray, days: FloatArray, outcome: IntArray, w: FloatArray) -> Slopes:
    s, d = walk.stability[before], walk.difficulty[before]
    left, left_s, left_w = recall_slopes(days, s, w)
    right, same = outcome == 1, days < 1.0
    after = walk.stability[before + 1]
    free = (after > memory.SHORTEST) & (after < memory.LONGEST)
    failed, today = ~right & ~same & free, same & free
    recalled = 1.0 * (right & ~same & free)
    by: dict[int, tuple[FloatArray | float, FloatArray | float]] = {}

    scale = np.exp(w[8]) * (11.0 - d) * s ** -w[9]
    raised = np.exp(w[10] * (1.0 - left))
    growth = scale * (raised - 1.0)
    by[8] = recalled * s * growth, 0.0
    by[9] = -recalled * s * growth * np.log(s), 0.0
    by[10] = recalled * s * scale * raised * (1.0 - left), 0.0
    grown_s = 1.0 + growth - w[9] * growth - s * scale * w[10] * raised * left_s
    grown_d = -s * growth / (11.0 - d)
    grown_w = -s * scale * w[10] * raised * left_w

    power = (s + 1.0) ** w[13]
    base = w[11] * d ** -w[12] * np.exp((1.0 - left) * w[14])
    fallen, cap = base * (power - 1.0), np.exp(-w[17] * w[18])
    under, capped = 1.0 * (failed & (fallen < s * cap)), 1.0 * (failed & (fallen >= s * cap))
    by[11] = under * fallen / w[11], 0.0
    by[12] = -under * fallen * np.log(d), 0.0
    by[13] = under * base * power * np.log1p(s), 0.0
    by[14] = under * fallen * (1.0 - left), 0.0
    fallen_s = base * w[13] * power / (s + 1.0) - fallen * w[14] * left_s
    by[20] = recalled * grown_w - under * fallen * w[14] * left_w, 0.0

    rating = np.where(right, memory.GOOD, memory.AGAIN)
    shift = rating - 3.0 + w[18]
    settled = np.exp(w[17] * shift) * s ** -w[19]
    kept = 1.0 * (today & right & (settled < 1.0))
    moving = 1.0 * today - kept
    by[17] = moving * s * settled * shift - capped * w[18] * s * cap, 0.0
    by[18] = moving * s * settled * w[17] - capped * w[17] * s * cap, 0.0
    by[19] = -moving * s * settled * np.log(s), 0.0
    by_s = recalled * grown_s + under * fallen_s + capped * cap + moving * settled * (1.0 - w[19]) + kept
    by_d = recalled * grown_d - under * w[12] * fallen / d

    easy = w[4] - np.exp(3.0 * w[5]) + 1.0
    moved = d - w[6] * (rating - 3.0) * (10.0 - d) / 9.0
    later = walk.difficulty[before + 1]
    inner = 1.0 * ((later > 1.0) & (later < 10.0))
    by[4], by[5] = (0.0, inner * w[7]), (0.0, inner * -3.0 * w[7] * np.exp(3.0 * w[5]))
    by[6] = 0.0, inner * -(1.0 - w[7]) * (rating - 3.0) * (10.0 - d) / 9.0
    by[7] = 0.0, inner * (easy - moved)
    return Slopes(by_s, by_d, inner * (1.0 - w[7]) * (1.0 + w[6] * (rating - 3.0) / 9.0), by)
