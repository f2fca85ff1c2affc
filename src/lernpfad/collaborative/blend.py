"""How a hybrid weighs its members: features of (learner, item), and the weights that rank what was taken highest."""

from dataclasses import dataclass

import numpy as np

from lernpfad.core.arrays import BoolArray, FloatArray, IntArray

SHAPES, KNOWN = 2, 3
"""A member's score enters as it is and compressed; each of these plainly, by the item's count, by the length."""
_HUNDRED = np.log(101.0)
"""Counts and lengths enter as log(1 + n), in units of a hundred."""
_BLOCK = 32
"""Learners combined at once: few enough to stay in the cache."""
_STEPS = 50


def standardised(scores: FloatArray) -> FloatArray:
    """Scores `[learners, I]` of the whole catalog less the learner's mean, in her standard deviations."""
    z: FloatArray = np.array(scores, dtype=np.float32)
    z -= z.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.einsum("li,li->l", z, z) / max(z.shape[1], 1))[:, None]
    z /= np.where(deviation > 0, deviation, 1.0)
    return z


def compressed(z: FloatArray) -> FloatArray:
    """`sign(z) log(1 + |z|)`: members differ in how far their best scores lie from the others."""
    size = np.abs(z)
    size += 1.0
    return np.copysign(np.log(size, out=size), z)


def amount(count: IntArray) -> FloatArray:
    """How much is known: `log(1 + count)`, 1 at a hundred."""
    known: FloatArray = np.log1p(count) / _HUNDRED
    return known


def width(members: int) -> int:
    """Number of features."""
    return SHAPES * KNOWN * members + 2


def features(z: FloatArray, count: FloatArray, length: FloatArray) -> FloatArray:
    """Features of pairs of learner and item, `[..., width]`.

    z: `[..., members]`. count: `amount` of the learners who took the item, `[...]`. length: `amount` of the history.
    """
    shapes = np.concatenate([z, compressed(z)], axis=-1)
    known = [shapes, shapes * count[..., None], shapes * length[..., None]]
    return np.concatenate([*known, count[..., None], (count * length)[..., None]], axis=-1)


def combined(scores: list[FloatArray], count: FloatArray, length: FloatArray, weight: FloatArray) -> FloatArray:
    """`features @ weight` for all learners and items, `[learners, I]`, without ever holding the features.

    scores: `[learners, I]` of each member, not yet standardised. count: `[I]`. length: `[learners]`.
    """
    table = weight[:-2].reshape(KNOWN, SHAPES, len(scores)).astype(np.float32)
    count, length = count.astype(np.float32), length.astype(np.float32)[:, None]
    total: FloatArray = np.empty((len(length), len(count)), dtype=np.float32)
    for first in range(0, len(total), _BLOCK):
        some = slice(first, first + _BLOCK)
        total[some] = count * (np.float32(weight[-2]) + np.float32(weight[-1]) * length[some])
        for member, mine in enumerate(scores):
            z = standardised(mine[some])
            for shape, values in enumerate((z, compressed(z))):
                plain, by_count, by_length = table[:, shape, member]
                values *= by_count * count + (plain + by_length * length[some])
                total[some] += values
    return total


@dataclass(frozen=True, eq=False)
class Choices:
    """What learners took, and what they could have taken instead.

    target: features of the taken items, `[targets, width]`. owner: whose each is, `[targets]`. other: features of items
    not taken, `[learners, others, width]`. stands_for: how many items each of these represents, `[learners, others]`.
    """

    target: FloatArray
    owner: IntArray
    other: FloatArray
    stands_for: FloatArray


def sampled_others(
    z: list[FloatArray], barred: BoolArray, rng: np.random.Generator, *, best: int, drawn: int
) -> tuple[IntArray, FloatArray]:
    """For each learner the `best` items of every member and `drawn` of the rest, and for how many items each stands.

    z: `[learners, I]` of each member. barred: items that she has taken, `[learners, I]`. Two arrays
    `[learners, others]`; what is twice among the best, or barred, stands for none.
    """
    learners, items = barred.shape
    best, drawn = min(best, items), min(drawn, items)
    top = np.concatenate([np.argpartition(-mine, best - 1, axis=1)[:, :best] for mine in z], axis=1)
    top = np.sort(top, axis=1)
    once = np.diff(top, axis=1, prepend=-1) != 0
    rest = ~barred
    np.put_along_axis(rest, top, False, axis=1)
    lot = np.where(rest, rng.random((learners, items)), 2.0)
    chance = np.argpartition(lot, drawn - 1, axis=1)[:, :drawn]
    free = np.take_along_axis(rest, chance, axis=1)
    each = rest.sum(axis=1, keepdims=True) / np.maximum(free.sum(axis=1, keepdims=True), 1)
    sure = once & ~np.take_along_axis(barred, top, axis=1)
    return np.concatenate([top, chance], axis=1), np.concatenate([sure, free * each], axis=1)


def weights(choices: Choices, start: FloatArray, *, penalty: float) -> FloatArray:
    """Weights `[width]` of a conditional logit: P(taken) = exp(score) / sum of exp(score) over it and the others.

    Every learner counts alike. penalty: on the squared distance from `start`. Newton's method, halving steps that fail.
    """
    weight, step = start.astype(np.float64), 1.0
    loss, slope, curvature = _loss(choices, weight, start, penalty)
    for _ in range(_STEPS):
        move = step * np.linalg.solve(curvature, slope)
        found = _loss(choices, weight - move, start, penalty)
        if not found[0] <= loss + 1e-9 * abs(loss):
            step /= 2
            continue
        done = loss - found[0] < 1e-7 * abs(loss)
        weight, step = weight - move, 1.0
        loss, slope, curvature = found
        if done:
            break
    return weight


def _loss(
    choices: Choices, weight: FloatArray, start: FloatArray, penalty: float
) -> tuple[float, FloatArray, FloatArray]:
    """Penalised negative log-likelihood, its gradient `[width]` and its Hessian `[width, width]`."""
    target, other, owner = choices.target.astype(np.float64), choices.other, choices.owner
    share = 1.0 / np.bincount(owner, minlength=len(other))[owner]
    pull, whole = _softmax((other @ weight.astype(other.dtype)).astype(np.float64), choices.stands_for)
    mean = (pull.astype(other.dtype)[:, None, :] @ other)[:, 0].astype(np.float64)
    chosen = target @ weight
    lost = np.logaddexp(chosen, whole[owner]) - chosen
    missed = -np.expm1(-lost)  # the probability that was given to the others
    expected = missed[:, None] * mean[owner] + (1 - missed)[:, None] * target
    spread = np.bincount(owner, weights=share * missed, minlength=len(other))
    pulled = other * (spread[:, None] * pull).astype(other.dtype)[:, :, None]
    curvature = (other.transpose(0, 2, 1) @ pulled).sum(axis=0, dtype=np.float64)
    curvature += (target * (share * (1 - missed))[:, None]).T @ target
    curvature -= (expected * share[:, None]).T @ expected
    away = weight - start
    return (
        float(share @ lost + 0.5 * penalty * away @ away),
        share @ (expected - target) + penalty * away,
        curvature + penalty * np.eye(len(weight)),
    )


def _softmax(scores: FloatArray, stands_for: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Probabilities `[learners, others]` of items that stand for several, and the log of the sum, `[learners]`."""
    scores = np.where(stands_for > 0, scores, -np.inf)  # what stands for none may be far above all the others
    highest = scores.max(axis=1, keepdims=True)
    mass = stands_for * np.exp(scores - highest)
    total = mass.sum(axis=1, keepdims=True)
    return mass / total, (highest + np.log(total))[:, 0]
