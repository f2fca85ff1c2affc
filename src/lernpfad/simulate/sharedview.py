"""What answers of any two logs have in common: difficulty, practice and earlier answers, without items or skills.

Vocabularies of logs differ, so a model that shall be trained on one and tested on another sees this view alone.
"""

from typing import Final, NamedTuple

import numpy as np

from lernpfad.core import FloatArray, IntArray, Sequences

BINS: Final = 20
NAMES: Final = (
    "difficulty bin",
    "opportunity",
    "right before on the skill",
    "wrong before on the skill",
    "last answer on the skill",
    "last answer",
    "right among the last five",
    "right so far",
    "answers so far",
    "same skill as before",
)
"""Columns of `View.features`; -1 in one that tells of an earlier answer: there is none."""

_SMOOTHING: Final = 5.0


class View(NamedTuple):
    """The assessed rows of a log. features: `[N, len(NAMES)]`. right: 1 or 0, `[N]`. owner: learner, `[N]`."""

    features: FloatArray
    right: IntArray
    owner: IntArray


def skill_sets(log: Sequences) -> IntArray:
    """A number for the set of skills of each item, `[I]`."""
    table = np.sort(log.catalog.item_skills, axis=1)
    numbers: IntArray = np.unique(table, axis=0, return_inverse=True)[1].ravel()
    return numbers


def difficulty_bins(train: Sequences, *, bins: int = BINS) -> IntArray:
    """Items by how often they are answered correctly, 0 the hardest twentieth of the answers to `bins - 1`, `[I]`.

    Means are shrunk by five answers of the average item; an item without answers is an average one.
    """
    rows = train.assessed
    item, right = train.item[rows], train.outcome[rows]
    count = np.bincount(item, minlength=len(train.catalog))
    mean = (np.bincount(item, right, len(count)) + _SMOOTHING * right.mean()) / (count + _SMOOTHING)
    cuts = np.quantile(mean[item], np.arange(1, bins) / bins)
    numbers: IntArray = np.searchsorted(cuts, mean, side="right")
    return numbers


def view(log: Sequences, bins: IntArray, *, first: int | None = None) -> View:
    """The assessed answers of a log, or the `first` of each learner, seen so; bins: of each item, `[I]`."""
    rows = np.flatnonzero(log.assessed)
    owner = log.owner[rows]
    if first is not None:
        rows = rows[_turn(owner) < first]
        owner = log.owner[rows]
    item, right = log.item[rows], log.outcome[rows].astype(np.float64)
    skill = skill_sets(log)[item]
    pair = owner.astype(np.int64) * (int(skill.max(initial=0)) + 1) + skill
    turn, chance = _turn(owner), _turn(pair)
    known, good = _before(owner, right), _before(pair, right)
    recent = known - np.where(turn > 5, known[np.maximum(np.arange(len(rows)) - 5, 0)], 0.0)
    columns = [
        bins[item],
        np.minimum(chance, 50),
        np.minimum(good, 50),
        np.minimum(chance - good, 50),
        _last(pair, right),
        _last(owner, right),
        np.where(turn > 0, recent / np.maximum(np.minimum(turn, 5), 1), -1.0),
        np.where(turn > 0, known / np.maximum(turn, 1), -1.0),
        np.minimum(turn, 200),
        np.where(turn > 0, _last(owner, skill.astype(np.float64)) == skill, -1.0),
    ]
    return View(np.stack(columns, axis=1).astype(np.float64), right.astype(np.int64), owner)


def _turn(group: IntArray) -> IntArray:
    """How many rows of the same group came before, `[N]`."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    turn = np.empty(len(group), dtype=np.int64)
    turn[order] = np.arange(len(group)) - np.searchsorted(ordered, ordered, side="left")
    return turn


def _before(group: IntArray, values: FloatArray) -> FloatArray:
    """Sum over the earlier rows of the same group, `[N]`."""
    order = np.argsort(group, kind="stable")
    ordered, running = group[order], np.cumsum(values[order]) - values[order]
    total = np.empty(len(group))
    total[order] = running - running[np.searchsorted(ordered, ordered, side="left")] if len(group) else running
    return total


def _last(group: IntArray, values: FloatArray) -> FloatArray:
    """The value of the row before of the same group, -1 for a first one, `[N]`."""
    order = np.argsort(group, kind="stable")
    again = np.concatenate([[False], group[order][1:] == group[order][:-1]])[: len(order)]
    last = np.empty(len(group))
    last[order] = np.where(again, np.concatenate([[-1.0], values[order][:-1]])[: len(order)], -1.0)
    return last
