"""Faults planted in an honest simulator and in its log, each seen to be caught."""

from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import pytest
from numpy.random import default_rng

from lernpfad.core import LawBroken, Outcomes, Sequences, choose
from lernpfad.core.laws import (
    SIMULATOR_LAWS,
    SimulatorCase,
    check_simulator,
    logged_propensities_match,
    propensities_are_frequencies,
)
from lernpfad.core.laws.planted import answer_catalog

BY_NAME = {law.name: law for law in SIMULATOR_LAWS}


@dataclass(frozen=True)
class People:
    number: np.ndarray  # [learners], who they are, whatever the batch
    known: np.ndarray  # [learners, K]


class Class:
    """Knowledge grows with every accepted item; luck is keyed by the learner's number."""

    catalog = answer_catalog()

    def reset(self, learners, rng):
        return People(np.arange(learners), rng.uniform(0.1, 0.6, (learners, len(self.catalog.skills))))

    def step(self, state, items, at, rng):
        accept, luck = self.luck(state, rng)
        accepted = (items >= 0) & (accept < 0.8)
        skills = self.catalog.skills_of(items)
        touched = np.zeros(state.known.shape)
        row, column = np.nonzero(skills >= 0)
        touched[row, skills[row, column]] = 1.0
        chance = (state.known * touched).sum(axis=1) / np.maximum(touched.sum(axis=1), 1)
        answered = accepted & self.catalog.assessed[items]
        outcome = np.where(answered, luck < chance, -1)
        known = state.known + 0.1 * (1 - state.known) * touched * accepted[:, None]
        return replace(state, known=known), Outcomes(accepted, outcome, np.where(accepted, 5.0, 0.3) * (items >= 0))

    def luck(self, state, rng):
        return rng.random((2, 10_000))[:, state.number]

    def mastery(self, state, at):
        return state.known


class Forgetting(Class):
    """Draws from a clock of its own."""

    numbers = count()

    def luck(self, state, rng):
        return default_rng(next(self.numbers)).random((2, len(state.number)))


class Crowded(Class):
    """Draws in batch order, so that luck depends on who else is there."""

    def luck(self, state, rng):
        return rng.random((len(state.number), 2)).T


class Jealous(Class):
    """Who gets the same item as another one learns nothing and fails."""

    def step(self, state, items, at, rng):
        after, seen = super().step(state, items, at, rng)
        fewer = np.bincount(items[items >= 0] % 2, minlength=2).argmin()
        return after, replace(seen, minutes=seen.minutes + fewer * (items >= 0))


class InPlace(Class):
    def step(self, state, items, at, rng):
        after, seen = super().step(state, items, at, rng)
        state.known[:] = after.known
        return after, seen


class Peeking(Class):
    """Even looking changes the world."""

    def mastery(self, state, at):
        state.known[:] *= 0.999
        return state.known


class Graded(Class):
    """Gives an outcome to what was declined."""

    def step(self, state, items, at, rng):
        after, seen = super().step(state, items, at, rng)
        return after, replace(seen, outcome=np.abs(seen.outcome))


class Lazy(Class):
    """Never grades."""

    def step(self, state, items, at, rng):
        after, seen = super().step(state, items, at, rng)
        return after, replace(seen, outcome=np.full(len(items), -1))


class BackInTime(Class):
    def step(self, state, items, at, rng):
        after, seen = super().step(state, items, at, rng)
        return after, replace(seen, minutes=seen.minutes - 1)


class Imagining(Class):
    """A missing offer is taken for the last item."""

    def step(self, state, items, at, rng):
        return super().step(state, items % len(self.catalog), at, rng)


class Fated(Class):
    def luck(self, state, rng):
        return default_rng(1).random((2, 10_000))[:, state.number]


class Logit(Class):
    def mastery(self, state, at):
        return np.log(state.known / (1 - state.known))


FAULTS = [
    (Forgetting, "repeatable", "of step 0 lived again"),
    (Crowded, "batch_partners_irrelevant", r"of learners \[2\] without the others"),
    (Jealous, "others_offers_irrelevant", "minutes of even learners when odd ones get other offers"),
    (InPlace, "step_leaves_its_argument_alone", "step changed the state it was given"),
    (Peeking, "step_leaves_its_argument_alone", "mastery changed the state it was given"),
    (Graded, "outcomes_well_formed", r"step 0: learner \d+ has an outcome for what was never answered"),
    (Lazy, "outcomes_well_formed", r"step 0: learner \d+ has no outcome for a graded item"),
    (BackInTime, "outcomes_well_formed", r"minutes of step 0: -0\.7 at \[\d+\] is outside \[0, inf\]"),
    (Imagining, "no_offer_nothing_happens", "a learner without an offer accepted it"),
    (Fated, "luck_comes_from_the_generator", "8 generators gave the same outcomes to 24 learners"),
    (Logit, "mastery_in_unit_interval", r"mastery: -?\d.* is outside \[0, 1\]"),
]


@pytest.mark.parametrize(("fault", "law", "words"), FAULTS, ids=[f"{law}-{fault.__name__}" for fault, law, _ in FAULTS])
def test_the_law_catches_the_fault(fault, law, words):
    with pytest.raises(LawBroken, match=words) as caught:
        BY_NAME[law](SimulatorCase(fault))
    assert str(caught.value).startswith(f"{fault.__name__} breaks {law}: ")


def test_every_law_has_caught_something():
    assert {law for _, law, _ in FAULTS} == set(BY_NAME)


def test_an_honest_simulator_keeps_every_law():
    check_simulator(Class)


def offers(*, count, power=1.0, seed=0):
    """Choices of a policy over 30 candidates, and the distributions that it claims to draw from."""
    rng = default_rng(seed)
    weight = rng.gamma(0.5, size=(count, 30)) + 0.05
    claimed = weight / weight.sum(axis=1, keepdims=True)
    drawn = weight**power / (weight**power).sum(axis=1, keepdims=True)
    return claimed, choose(drawn, rng)


def test_honest_propensities_are_frequencies():
    for seed in range(20):
        propensities_are_frequencies(*offers(count=3000, seed=seed))


def test_a_candidate_that_is_drawn_too_often_is_caught():
    claimed, chosen = offers(count=3000)
    chosen[::9] = 7
    with pytest.raises(LawBroken, match=r"candidate 7 was chosen \d+ times, its propensities sum to 9\d\."):
        propensities_are_frequencies(claimed, chosen)


def test_a_choice_of_propensity_zero_is_caught():
    with pytest.raises(LawBroken, match="choice 1 had propensity 0"):
        propensities_are_frequencies(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 1]))


def log_of(claimed, chosen):
    rows = len(chosen)
    extra = {"propensity": claimed[np.arange(rows), chosen], "eligible": np.full(rows, claimed.shape[1])}
    catalog = answer_catalog()
    return Sequences.of(catalog, ["a"], [rows], np.zeros(rows, int), np.ones(rows, int), extra=extra)


def test_an_honest_log_agrees_with_its_propensities():
    for seed in range(20):
        logged_propensities_match(log_of(*offers(count=3000, seed=seed)))


def test_a_log_that_was_drawn_from_something_else_is_caught():
    with pytest.raises(LawBroken, match=r"1 / \(propensity x eligible\) is 0\.\d+ in the mean of 3000 offers"):
        logged_propensities_match(log_of(*offers(count=3000, power=2.0)))


def test_a_propensity_that_is_no_probability_is_caught():
    claimed, chosen = offers(count=30)
    log = log_of(claimed, chosen)
    log.extra["propensity"][4] = 0.0
    with pytest.raises(LawBroken, match=r"row 4: propensity 0 is not in \(0, 1\]"):
        logged_propensities_match(log)
