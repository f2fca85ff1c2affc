"""Faults planted in an honest policy, each seen to be caught by the law it breaks."""

from itertools import count

import numpy as np
import pytest

from lernpfad.core import LawBroken
from lernpfad.core.laws import POLICY_LAWS, PolicyCase, check_policy, planted_situations, that_fit

SITUATIONS = planted_situations()
BY_NAME = {law.name: law for law in POLICY_LAWS}


def shared(weight):
    total = weight.sum(axis=1, keepdims=True)
    return np.divide(weight, total, out=np.zeros(weight.shape), where=total > 0)


class Hopeful:
    """In proportion to the predicted success of what is eligible."""

    def propensities(self, situation):
        return shared(situation.eligible * situation.success)

    def score(self, situation):
        return np.where(situation.eligible, situation.success, -np.inf)


class Unnormalised(Hopeful):
    def propensities(self, situation):
        return situation.eligible * situation.success


class Negative(Hopeful):
    def propensities(self, situation):
        given = super().propensities(situation)
        many = situation.eligible.sum(axis=1) > 1
        first = np.argmax(situation.eligible, axis=1) if situation.eligible.shape[1] else many
        given[np.flatnonzero(many), first[many]] -= 2.0
        return given


class Dividing(Hopeful):
    """0 / 0 where nothing is eligible."""

    def propensities(self, situation):
        weight = situation.eligible * situation.success
        with np.errstate(invalid="ignore"):
            return weight / weight.sum(axis=1, keepdims=True)


class Transposed(Hopeful):
    def propensities(self, situation):
        return super().propensities(situation).T


class Careless(Hopeful):
    """Offers everything, eligible or not."""

    def propensities(self, situation):
        return shared(situation.success) * situation.eligible.any(axis=1, keepdims=True)


class Dicing(Hopeful):
    """Draws for itself instead of saying with which chance."""

    numbers = count()

    def propensities(self, situation):
        return shared(situation.eligible * (1 + 1e-3 * (next(self.numbers) % 7) * situation.success))


class Comparing(Hopeful):
    """Measures a learner against the batch."""

    def propensities(self, situation):
        usual = situation.success.sum() / max(situation.success.size, 1)
        return shared(situation.eligible * (0.1 + (situation.success > usual)))


class FirstCome(Hopeful):
    """Breaks ties by the place among the candidates."""

    def propensities(self, situation):
        return shared(situation.eligible * np.arange(situation.eligible.shape[1], 0, -1))


class Grabbing(Hopeful):
    """Marks as taken what it offers."""

    def propensities(self, situation):
        if situation.taken is not None:
            situation.taken[:] += 1
        return super().propensities(situation)


class Clipping(Hopeful):
    """Clips the estimates in place."""

    def propensities(self, situation):
        np.clip(situation.mastery, 0.1, 0.9, out=situation.mastery)
        return super().propensities(situation)


class Dreaming(Hopeful):
    """Imagines an update in the state it was given."""

    def propensities(self, situation):
        if situation.state is not None:
            situation.state.answers[:] += 1
        return super().propensities(situation)


class Listing(Hopeful):
    """A score for what is not eligible."""

    def score(self, situation):
        return situation.success


class Nameless(Hopeful):
    def score(self, situation):
        return np.where(situation.eligible, np.nan, -np.inf)


class Forgetful(Hopeful):
    """Draws from the score as if nothing was ever ineligible."""

    def drawn(self, score, situation):
        return np.where(np.isfinite(score), 1.0, 0.0) / max(score.shape[1], 1)


class Storytelling(Hopeful):
    """Ranks by success and says that it was affinity."""

    def parts(self, situation):
        return {"affinity": situation.affinity}


class Omitting(Hopeful):
    """Names no parts for the very item that it puts first."""

    def parts(self, situation):
        success = np.where(situation.eligible, situation.success, 0.0)
        return {"success": np.where(success == success.max(axis=1, keepdims=True, initial=0.0), np.nan, success)}


FAULTS = [
    (Unnormalised, "distribution", r"given: row 0 sums to \d\.\d+, expected 1"),
    (Negative, "distribution", r"given: a propensity is -[12]\.?\d*, below zero"),
    (Dividing, "distribution", "given: 15 propensities are not finite"),
    (Transposed, "distribution", r"given: propensities have shape \(15, 6\), expected \[learners, items\] = \(6, 15\)"),
    (Careless, "nothing_ineligible", r"given: candidate \d+ is not eligible for learner 0 and has propensity 0\.\d+"),
    (Dicing, "deterministic", "given: propensities asked for again"),
    (Comparing, "batch_partners_irrelevant", r"(given|computed): learner \d alone"),
    (FirstCome, "candidate_order_irrelevant", "given: candidates reversed"),
    (Grabbing, "situation_left_alone", "given: the policy changed 'taken' of the situation"),
    (Clipping, "situation_left_alone", "given: the policy changed 'mastery' of the situation"),
    (Dreaming, "situation_left_alone", "computed: the policy changed '(success|state)' of the situation"),
    (Listing, "score_where_eligible", "given: a candidate that is not eligible has a score"),
    (Nameless, "score_where_eligible", r"given: a score is NaN or \+inf"),
    (Forgetful, "drawn_from_the_score", "given: drawn from the score"),
    (Storytelling, "parts_make_the_order", r"given: learner 0: the parts put a candidate .* above one"),
    (Omitting, "parts_make_the_order", "given: learner 0: not weighed, yet ahead"),
]


@pytest.mark.parametrize(("fault", "law", "words"), FAULTS, ids=[f"{law}-{fault.__name__}" for fault, law, _ in FAULTS])
def test_the_law_catches_the_fault(fault, law, words):
    with pytest.raises(LawBroken, match=words) as caught:
        BY_NAME[law](PolicyCase(fault(), SITUATIONS))
    assert str(caught.value).startswith(f"{fault.__name__} breaks {law}: ")
    assert "\n" not in str(caught.value)


def test_every_law_has_caught_something():
    assert {law for _, law, _ in FAULTS} == set(BY_NAME)


class Honest(Hopeful):
    """All that a policy may offer, and each part fits the others."""

    def drawn(self, score, situation):
        return shared(np.where(situation.eligible, score, 0.0))

    def parts(self, situation):
        return {"success": situation.success / 2, "minutes": situation.success / 2}


def test_an_honest_policy_keeps_every_law():
    check_policy(Honest())
    assert that_fit(POLICY_LAWS, PolicyCase(Honest(), SITUATIONS)) == POLICY_LAWS


def test_situations_of_your_own():
    with pytest.raises(LawBroken, match=r"^Careless breaks nothing_ineligible: mine: "):
        check_policy(Careless(), situations={"mine": SITUATIONS["given"]})


def test_the_planted_situations_hold_what_they_promise():
    given = SITUATIONS["given"]
    assert not given.eligible[1].any()
    assert given.eligible[2].sum() == 1
    assert SITUATIONS["empty"].eligible.shape == (6, 0)
    assert np.isnan(SITUATIONS["bare"].debt[1])
    assert (SITUATIONS["computed"].debt_reduction(SITUATIONS["computed"].candidates) != 0).any()
