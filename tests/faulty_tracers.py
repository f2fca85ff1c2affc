"""Tracers with one fault each, planted in an honest one: what the laws have to catch."""

from dataclasses import replace
from itertools import count

import numpy as np

from lernpfad.core import fold
from lernpfad.core.laws import Counting, reloaded
from lernpfad.core.trace import plain_what_if, walked


class Full(Counting):
    """Counting with every optional protocol, each by its definition."""

    def fit(self, train, valid=None):
        self.catalog = train.catalog
        return super().fit(train, valid)

    def trace(self, histories):
        return fold(self, histories)[1]

    def mastery(self, state, at):
        table = self.catalog.probes
        known = self.predict(state, np.broadcast_to(table.reshape(1, -1), (len(at), table.size)), at)
        there = table >= 0
        there[:, 0] = True
        return (known.reshape(-1, *table.shape) * there).sum(-1) / there.sum(-1)

    def what_if(self, state, items, at):
        return plain_what_if(self, state, items, at, catalog=self.catalog)

    def after(self, histories):
        return walked(self, histories)


class Certain(Counting):
    def predict(self, state, items, at):
        return np.where(super().predict(state, items, at) > 0.8, 1.0, super().predict(state, items, at))


class OneColumn(Counting):
    def predict(self, state, items, at):
        return super().predict(state, items, at).mean(axis=1, keepdims=True)


class PlaceBound(Counting):
    def predict(self, state, items, at):
        return super().predict(state, items, at) * (1 - 1e-3 * np.arange(items.shape[1]))


class Contrasting(Counting):
    """Looks at the other candidates."""

    def predict(self, state, items, at):
        predicted = super().predict(state, items, at)
        return 0.9 * predicted + 0.1 * predicted.mean(axis=1, keepdims=True)


class Remembering(Counting):
    """Keeps something between calls that is not in the state."""

    def __init__(self, strength=4.0):
        super().__init__(strength)
        self.asked = 0

    def predict(self, state, items, at):
        self.asked += 1
        return super().predict(state, items, at) * (1 - 1e-9 * self.asked)


class InPlace(Counting):
    def update(self, state, seen):
        new = super().update(state, seen)
        state.answers[:] = new.answers
        return new


class InPlaceWhenAsked(Counting):
    def predict(self, state, items, at):
        state.answers[:] *= 0.999
        return super().predict(state, items, at)


class Tidying(Counting):
    """Overwrites what it is shown."""

    def update(self, state, seen):
        seen.outcome[:] = np.abs(seen.outcome)
        return super().update(state, seen)


class Centred(Counting):
    """Like batch normalisation left in training mode."""

    def predict(self, state, items, at):
        predicted = super().predict(state, items, at)
        return predicted + 0.01 * (predicted.mean() - 0.5)


class Padded(Full):
    """A parallel path that sees how much padding there is."""

    def trace(self, histories):
        longest = histories.lengths.max(initial=0)
        return fold(self, histories)[1] * (1 - 0.05 * (longest - histories.lengths[histories.owner]) / 230)


class Shifted(Full):
    """A parallel path that is one row late."""

    def trace(self, histories):
        traced = fold(self, histories)[1]
        return np.where(histories.position > 0, np.roll(traced, 1), traced)


class Peeking(Full):
    """The classic leak: the answer is among the inputs of its own prediction."""

    def trace(self, histories):
        traced = fold(self, histories)[1]
        return np.where(histories.assessed, 0.7 * traced + 0.3 * histories.outcome, traced)


class Timed(Full):
    """A leak by another column: the minutes of an answer are known only after it."""

    def trace(self, histories):
        return fold(self, histories)[1] * np.exp(-0.001 * histories.minutes)


class Foresighted(Full):
    """A parallel path without a causal mask: it lifts everything when the last answer was right."""

    def trace(self, histories):
        traced, last = fold(self, histories)[1], histories.outcome[np.maximum(histories.offsets[1:] - 1, 0)]
        return traced * (1 - 0.01 * (last == 1))[histories.owner]


class CountingDeclined(Full):
    """A parallel path that forgets to leave out declined offers."""

    def trace(self, histories):
        return fold(self, replace(histories, accepted=np.ones(len(histories), dtype=bool), outcome=taken(histories)))[1]


def taken(histories):
    return np.where(histories.accepted, histories.outcome, 0).astype(np.int8)


class Unseeded(Counting):
    numbers = count()

    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.item_rate_ = np.clip(self.item_rate_ + 1e-4 * next(self.numbers), 0.05, 0.95)
        return self


class WarmStarted(Counting):
    """A second fit goes on from the first."""

    def fit(self, train, valid=None):
        before = getattr(self, "item_rate_", None)
        super().fit(train, valid)
        if before is not None:
            self.item_rate_ = 0.5 * (self.item_rate_ + before)
        return self


class Unsaved(Counting):
    """Learns something whose name does not end in an underscore."""

    def fit(self, train, valid=None):
        super().fit(train, valid)
        self.lift = 0.5
        return self

    def predict(self, state, items, at):
        return super().predict(state, items, at) * getattr(self, "lift", 1.0)


class Blind(Counting):
    """Indexes with -1: an unknown item is taken for the last one of the catalog."""

    def predict(self, state, items, at):
        if (items < 0).any() and not state.answers.any():
            raise IndexError("item -1")
        return super().predict(state, items, at)


class Overconfident(Counting):
    """An item that it never saw is surely too hard."""

    def fit(self, train, valid=None):
        super().fit(train, valid)
        unseen = np.bincount(train.item, minlength=len(train.catalog)) == 0
        self.item_rate_ = np.where(unseen, 0.01, self.item_rate_)
        return self


class BaseRate(Counting):
    """Learns nothing but the base rate."""

    def predict(self, state, items, at):
        return np.full(items.shape, float(self.base_))


class Hasty(Full):
    """A what-if that mixes up the outcomes."""

    def what_if(self, state, items, at):
        return super().what_if(state, items, at)[:, :, ::-1]


class Holey(Full):
    """A what-if that puts numbers where there is no skill."""

    def what_if(self, state, items, at):
        return np.nan_to_num(super().what_if(state, items, at))


class Forgetful(Full):
    """A short way to the state that leaves the oldest row out."""

    def after(self, histories):
        return walked(self, histories.where(histories.position > 0))


class Logits(Full):
    """A skill head that forgets the sigmoid."""

    def mastery(self, state, at):
        known = super().mastery(state, at)
        return np.log(known / (1 - known))


class OneSkill(Full):
    def mastery(self, state, at):
        return super().mastery(state, at)[:, :1]


class Rounded(Counting):
    """An export in too few digits."""

    def predict(self, state, items, at):
        return np.round(super().predict(state, items, at), 2)


def rounded(tracer):
    twin = reloaded(tracer)
    twin.__class__ = Rounded
    return twin
