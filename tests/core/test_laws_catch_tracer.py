"""A law that never failed proves nothing: each fault here is planted in an honest tracer, and seen to be caught."""

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from lernpfad.core import LawBroken, fold
from lernpfad.core.laws import TRACER_LAWS, Counting, TracerCase, check_tracer, planted_answers, reloaded, that_fit
from lernpfad.core.trace import plain_what_if, probes, walked

PLANTED = planted_answers(learners=100)
BY_NAME = {law.name: law for law in TRACER_LAWS}


class Full(Counting):
    """Counting with every optional protocol, each by its definition."""

    def fit(self, train, valid=None):
        self.catalog = train.catalog
        return super().fit(train, valid)

    def trace(self, histories):
        return fold(self, histories)[1]

    def mastery(self, state, at):
        table = probes(self.catalog)
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


FAULTS = [
    (Certain, "probabilities", r"trace: 1 at \[\d+\] is outside \(0, 1\)"),
    (OneColumn, "probabilities", r"predict gave shape \(10, 1\), expected \[learners, items\] = \(10, 25\)"),
    (PlaceBound, "candidate_order_irrelevant", "predictions for reversed candidates: .* differ, by up to"),
    (Contrasting, "candidate_order_irrelevant", "predictions for two of the candidates"),
    (Remembering, "asking_changes_nothing", "second trace of the same histories"),
    (InPlace, "update_leaves_its_argument_alone", "update changed the state it was given"),
    (InPlaceWhenAsked, "update_leaves_its_argument_alone", "predict changed the state it was given"),
    (Tidying, "update_leaves_its_argument_alone", "column 'outcome' after update: 1 instead of -1 at"),
    (Centred, "batch_partners_irrelevant", "predictions for learner 0 alone instead of in a batch of 10"),
    (Padded, "padding_irrelevant", r"trace of learner \d alone \(\d+ rows\)"),
    (Shifted, "parallel_equals_fold", "parallel trace against the fold: .* values differ"),
    (Peeking, "parallel_equals_fold", "parallel trace against the fold"),
    (Peeking, "no_answer_seen_early", "predictions up to row 0 of a history after the answers from there on were"),
    (Timed, "no_answer_seen_early", "were flipped: .* differ"),
    (Foresighted, "no_answer_seen_early", "were flipped: .* differ"),
    (CountingDeclined, "declined_changes_nothing", "trace without the declined offers"),
    (Unseeded, "same_seed_same_numbers", "a second tracer"),
    (WarmStarted, "same_seed_same_numbers", "fit must start afresh"),
    (Unsaved, "save_and_load_change_nothing", "trace after save and load"),
    (Blind, "unknown_gets_a_sane_prior", "it raised IndexError: item -1"),
    (Overconfident, "unknown_gets_a_sane_prior", r"a new learner at an unseen item, with base rate 0\.\d\d: 0\.01"),
    (BaseRate, "planted_learned", r"log loss 0\.\d{4} on \d+ planted answers, the base rate has"),
    (Peeking, "coin_flips_give_half", r"AUC [01]\.\d{4} on coin flips, expected \.5 within 0\.0"),
    (Forgetful, "after_equals_walked", "the state by `after` against the plain one: .* values differ"),
    (Hasty, "what_if_equals_plain", "what_if against the plain one"),
    (Holey, "what_if_equals_plain", r"NaN in one but not in the other at \[0, 0, 0, 1\]"),
    (Logits, "mastery_in_unit_interval", r"mastery: -?\d.* is outside \[0, 1\]"),
    (OneSkill, "mastery_in_unit_interval", r"mastery has shape \(10, 1\), expected \[learners, skills\] = \(10, 5\)"),
    (Counting, "twin_gives_the_same_numbers", "trace of the exported twin"),
]


def case_of(kind):
    twin = rounded if kind is Counting else None
    reload = None if issubclass(kind, Full) else reloaded
    return TracerCase(kind, planted=PLANTED, twin=twin, reload=reload)


@pytest.mark.parametrize(("fault", "law", "words"), FAULTS, ids=[f"{law}-{fault.__name__}" for fault, law, _ in FAULTS])
def test_the_law_catches_the_fault(fault, law, words):
    case = case_of(fault)
    assert BY_NAME[law] in that_fit(TRACER_LAWS, case)
    with pytest.raises(LawBroken, match=words) as caught:
        BY_NAME[law](case)
    assert str(caught.value).startswith(f"{fault.__name__} breaks {law}: ")
    assert "\n" not in str(caught.value)


def test_every_law_has_caught_something():
    assert {law for _, law, _ in FAULTS} == set(BY_NAME)


@pytest.mark.parametrize("law", TRACER_LAWS, ids=lambda law: law.name)
def test_an_honest_tracer_keeps_the_law(law):
    case = TracerCase(Full, planted=PLANTED, reload=lambda tracer: tracer, twin=lambda tracer: tracer)
    assert law.fits(case)
    law(case)


def test_check_tracer_names_every_broken_law():
    check_tracer(Counting)
    with pytest.raises(LawBroken) as caught:
        check_tracer(Remembering)
    lines = str(caught.value).splitlines()
    assert len(lines) >= 2
    assert all(line.startswith("Remembering breaks ") for line in lines)


def test_a_fitted_tracer_is_held_to_the_laws_without_fitting_it_again():
    case = TracerCase(fitted=Counting().fit(PLANTED.train), planted=PLANTED)
    names = {law.name for law in that_fit(TRACER_LAWS, case)}
    assert names == set(BY_NAME) - {
        "same_seed_same_numbers",
        "coin_flips_give_half",
        "parallel_equals_fold",
        "after_equals_walked",
        "what_if_equals_plain",
        "twin_gives_the_same_numbers",
    }
    for law in that_fit(TRACER_LAWS, case):
        law(case)
