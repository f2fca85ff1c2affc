"""A hybrid of recommenders: each is believed as far as enough is known of the item and of the learner."""

from collections.abc import Mapping
from typing import Self

import numpy as np

from lernpfad.collaborative import blend
from lernpfad.core.arrays import BoolArray, FloatArray, IntArray
from lernpfad.core.errors import ConfigError, DataError
from lernpfad.core.events import taken_pairs
from lernpfad.core.persist import require_fitted
from lernpfad.core.progress import Listener, Reports
from lernpfad.core.protocols import Recommender
from lernpfad.core.sequences import Sequences

_CELLS = 8_000_000
"""Scores held at once while learning."""


class Hybrid:
    """Score = sum over the members of f(z, count, length), with z a member's score in the learner's own standard units.

    z is taken over the whole catalog, so it does not depend on which items are asked for. f is linear in z and in
    sign(z) log(1 + |z|), with weights that shift with log(1 + learners who took the item) and log(1 + length of the
    history): a content member may carry new items, a collaborative one those that are well known. The weights, eight
    numbers for a member and a half more, are those of a conditional logit: what a validation learner took in the last
    `1 - history` of her history shall stand above what she did not take (the `best` items of every member, and
    `drawn` of the rest that stand for all of them).

    members: recommenders by name, fitted one after the other. holdout: share of the training learners who stand in
    where the data give no validation learners; refit: whether the members are then fitted once more, on everybody.
    penalty: on the squared distance of the weights from equal ones. learners: of validation, at most, drawn by `seed`.
    Learned: `weight_`, `takers_` `[I]`.
    """

    weight_: FloatArray
    takers_: IntArray

    def __init__(
        self,
        members: Mapping[str, Recommender],
        *,
        history: float = 0.8,
        holdout: float = 0.1,
        refit: bool = True,
        best: int = 50,
        drawn: int = 100,
        penalty: float = 1.0,
        learners: int = 4000,
        seed: int = 0,
    ) -> None:
        if not members:
            raise ConfigError("Hybrid: no members; expected a recommender by name, such as markov: ...")
        if not 0 <= history < 1 or not 0 < holdout < 1:
            raise ConfigError(f"Hybrid: history={history} and holdout={holdout}, expected shares between 0 and 1")
        self.members = dict(members)
        self.history = history
        self.holdout = holdout
        self.refit = refit
        self.best = best
        self.drawn = drawn
        self.penalty = penalty
        self.learners = learners
        self.seed = seed
        self.listeners: list[Listener] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> Self:
        """Fit the members, then the weights. Listeners hear every member's metrics as `<member>/<metric>`.

        DataError where nothing was taken: there is nothing to weigh.
        """
        if not train.accepted.any():
            raise DataError("Hybrid: nothing was taken in the training histories; expected accepted rows")
        if valid is not None and valid.accepted.any():
            self._fit_members(train, valid)
            self._weigh(train, valid)
            return self
        rest, held_out = self._held_out(train)
        self._fit_members(rest, held_out)
        self._weigh(rest, held_out)
        if self.refit:
            self._fit_members(train, valid)
            self.takers_ = _takers(train)
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        """Log-odds up to a constant for each learner, `[learners, items]`; 0 for an item unknown at `fit`."""
        require_fitted(self)
        known = len(self.takers_)
        whole = blend.combined(
            self._scores(histories), blend.amount(self.takers_), blend.amount(_taken(histories, known)), self.weight_
        )
        if np.array_equal(items, np.arange(known)):
            return whole
        there = (items >= 0) & (items < known)
        return np.where(there, whole[:, np.where(there, items, 0)] if known else 0.0, 0.0)

    def _scores(self, histories: Sequences) -> list[FloatArray]:
        """The members' scores of the whole catalog, each `[learners, I]`."""
        items = np.arange(len(self.takers_))
        return [member.score(histories, items) for member in self.members.values()]

    def _fit_members(self, train: Sequences, valid: Sequences | None) -> None:
        for name, member in self.members.items():
            if isinstance(member, Reports):
                member.listeners = [self._told(name)]
            member.fit(train, valid)

    def _told(self, name: str) -> Listener:
        def hear(epoch: int, metrics: Mapping[str, float]) -> None:
            for listener in self.listeners:
                listener(epoch, {f"{name}/{metric}": value for metric, value in metrics.items()})

        return hear

    def _held_out(self, train: Sequences) -> tuple[Sequences, Sequences]:
        order = np.random.default_rng([self.seed, 1]).permutation(len(train.learners))
        count = max(1, round(self.holdout * len(order)))
        return train.select(np.sort(order[count:])), train.select(np.sort(order[:count]))

    def _weigh(self, train: Sequences, valid: Sequences) -> None:
        """Learn the weights from what the validation learners took after the beginnings of their histories."""
        self.takers_ = _takers(train)
        rng = np.random.default_rng([self.seed, 2])
        some = np.sort(rng.permutation(len(valid.learners))[: self.learners])
        together = max(1, _CELLS // max(len(self.takers_), 1))
        parts = [
            self._choices(valid.select(some[first : first + together]), rng) for first in range(0, len(some), together)
        ]
        start = np.zeros(blend.width(len(self.members)))
        start[: len(self.members)] = 1.0 / len(self.members)
        self.weight_ = blend.weights(_joined(parts), start, penalty=self.penalty)

    def _choices(self, valid: Sequences, rng: np.random.Generator) -> blend.Choices:
        given, later, asked = _divided(valid, len(self.takers_), self.history)
        z = [blend.standardised(mine) for mine in self._scores(given)]
        count = blend.amount(self.takers_).astype(np.float32)
        length = blend.amount(_taken(given, len(self.takers_))).astype(np.float32)
        before = _table(given, len(self.takers_))
        owner, item = np.nonzero(_table(asked, len(self.takers_)) & ~before)
        barred = before | _table(later, len(self.takers_))
        other, stands_for = blend.sampled_others(z, barred, rng, best=self.best, drawn=self.drawn)
        row = np.arange(len(other))[:, None]
        useful = np.isin(np.arange(len(other)), owner) & (stands_for.sum(axis=1) > 0)
        place, kept = np.cumsum(useful) - 1, useful[owner]
        owner, item, other, row = owner[kept], item[kept], other[useful], row[useful]
        return blend.Choices(
            target=blend.features(np.stack([mine[owner, item] for mine in z], -1), count[item], length[owner]),
            owner=place[owner],
            other=blend.features(
                np.stack([mine[row, other] for mine in z], -1), count[other], np.broadcast_to(length[row], other.shape)
            ),
            stands_for=stands_for[useful],
        )


def _joined(parts: list[blend.Choices]) -> blend.Choices:
    first = np.cumsum([0, *(len(part.other) for part in parts)])
    return blend.Choices(
        target=np.concatenate([part.target for part in parts]),
        owner=np.concatenate([part.owner + start for part, start in zip(parts, first, strict=False)]),
        other=np.concatenate([part.other for part in parts]),
        stands_for=np.concatenate([part.stands_for for part in parts]),
    )


def _takers(train: Sequences) -> IntArray:
    return np.bincount(taken_pairs(train, len(train.catalog))[1], minlength=len(train.catalog))


def _taken(histories: Sequences, known: int) -> IntArray:
    """Number of known items that each learner took, `[learners]`."""
    return np.bincount(taken_pairs(histories, known)[0], minlength=len(histories.learners))


def _table(histories: Sequences, known: int) -> BoolArray:
    table = np.zeros((len(histories.learners), known), dtype=bool)
    table[taken_pairs(histories, known)] = True
    return table


def _divided(valid: Sequences, known: int, share: float) -> tuple[Sequences, Sequences, Sequences]:
    """The beginnings of histories, the rest, and of the rest what is to stand first.

    The rest begins with the first row marked `scored`, and the rows so marked shall stand first. Without marks, and for
    a learner whose history is scored from its first row on, it begins after `share` of what was taken.
    """
    taken = valid.accepted & (valid.item >= 0) & (valid.item < known)
    total = np.repeat(np.diff(np.concatenate([[0], np.cumsum(taken)])[valid.offsets]), valid.lengths)
    later = _before(valid, taken) >= np.floor(share * total)
    scored = valid.extra.get("scored", np.ones(len(valid), dtype=bool))
    marked = _before(valid, scored) + scored > 0
    whole = np.zeros(len(valid.learners), dtype=bool)
    whole[valid.owner[(valid.position == 0) & scored]] = True
    later = np.where(whole[valid.owner], later, marked)
    return valid.where(~later), valid.where(later), valid.where(later & scored)


def _before(histories: Sequences, rows: BoolArray) -> IntArray:
    """How many of the marked rows of the same learner precede each row, `[N]`."""
    so_far = np.concatenate([[0], np.cumsum(rows)])
    before: IntArray = so_far[:-1] - np.repeat(so_far[histories.offsets[:-1]], histories.lengths)
    return before
