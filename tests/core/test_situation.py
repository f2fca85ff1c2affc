import numpy as np
import pytest

from lernpfad.core import Requirement, Situation, plain_what_if
from lernpfad.core.laws import Counting, planted_situations


def situation(catalog, **given):
    """Two learners before all five items; algebra .8 of weight 1, calculus .5 of weight .5, proof is not asked for."""
    level, weight = np.tile([0.8, 0.5, 0.0], (2, 1)), np.tile([1.0, 0.5, 1.0], (2, 1))
    mastery = np.array([[0.3, 0.9, 0.5], [0.6, 0.1, 0.5]])
    return Situation(
        catalog=catalog,
        items=np.arange(5),
        eligible=np.ones((2, 5), dtype=bool),
        at=np.zeros(2),
        minutes_left=np.full(2, 20.0),
        requirement=Requirement(level, weight),
        given={"mastery": mastery} | given,
    )


def test_gap_and_debt_follow_from_mastery(catalog):
    """Asked for .8 + .25 = 1.05; owed .5 + 0, and .2 + .2."""
    now = situation(catalog)
    np.testing.assert_allclose(now.gap, [[0.5, 0.0, 0.0], [0.2, 0.4, 0.0]])
    assert now.debt == pytest.approx([0.5 / 1.05, 0.4 / 1.05])


def test_ready_is_what_has_its_prerequisites_met(catalog):
    """Algebra comes before calculus, which only slope trains; the first learner has .3 of algebra, .5 is enough."""
    assert situation(catalog).ready.tolist() == [[True, True, False, True, True], [True] * 5]
    just = situation(catalog, mastery=np.array([[0.5, 0, 0], [0.4999, 1, 1]]))
    assert just.ready[:, 2].tolist() == [True, False]


def test_two_missing_prerequisites_do_not_cancel(catalog):
    both = situation(catalog.with_prerequisites([(0, 1), (2, 1)]), mastery=np.array([[0.9, 0, 0.1], [0.1, 0, 0.9]]))
    assert not both.ready[:, 2].any()


def test_what_is_not_known_has_a_plain_value(catalog):
    bare = Situation(
        catalog,
        np.arange(5),
        np.ones((1, 5), bool),
        np.zeros(1),
        np.ones(1),
        Requirement(np.ones((1, 3)), np.ones((1, 3))),
    )
    assert (bare.success == 0.5).all()
    assert (bare.mastery == 0).all()
    assert (bare.affinity == 0).all()
    assert (bare.debt_reduction(bare.candidates) == 0).all()


def test_what_is_given_replaces_what_would_be_computed(catalog):
    now = situation(catalog, success=np.full((2, 5), 0.7), affinity=np.full((2, 5), 3.0))
    assert (now.success == 0.7).all()
    assert (now.affinity == 3.0).all()
    assert now.minutes.tolist() == [3, 4, 6, 10, 2]


def test_among_fewer_candidates_keeps_the_estimates():
    now = planted_situations()["computed"]
    mastery = now.mastery
    few = now.among(np.zeros(now.eligible.shape, dtype=bool))
    assert few.mastery is mastery
    assert not few.eligible.any()
    assert now.eligible.any()


class Improving:
    """After a right answer every touched skill is at .9, after a wrong one at .4; success is always .75."""

    def predict(self, state, items, at):
        return np.full(items.shape, 0.75)

    def what_if(self, state, items, at):
        after = np.empty((*items.shape, 2, 2))
        after[:, :, 0], after[:, :, 1] = 0.4, 0.9
        return after

    def mastery(self, state, at):
        raise AssertionError("mastery is given")


def test_debt_reduction_by_hand(catalog):
    """First learner, sum: .25 (.5 - .4) + .75 (.5 - 0) = .4, over 1.05. Slope: calculus at .9 owes nothing before;
    a wrong answer would put it at .4, .1 short at weight .5, so .25 (.1 - .05) + .75 (.5) = .3875.
    History trains what nobody asks for, the riddle nothing."""
    now = situation(catalog)
    now = Situation(**{f: getattr(now, f) for f in now.__dataclass_fields__} | {"tracer": Improving(), "state": None})
    reduction = now.debt_reduction(now.candidates)
    np.testing.assert_allclose(reduction[0], np.array([0.4, 0.4, 0.3875, 0.0, 0.0]) / 1.05)


def test_debt_reduction_is_the_expected_fall_of_the_debt(planted):
    """By the definition: the debt with the touched skills replaced, weighted by the chance of each outcome."""
    now = planted_situations()["computed"]
    tracer, items = now.tracer, now.candidates
    assert isinstance(tracer, Counting)
    after = plain_what_if(tracer, now.state, items, now.at, catalog=now.catalog)
    right = tracer.predict(now.state, items, now.at)
    for learner, column in ((0, 3), (2, 17), (5, 16), (9, 18)):
        chances = (1 - right[learner, column], right[learner, column])
        expected = 0.0
        for outcome, chance in enumerate(chances):
            mastery = now.mastery[learner].copy()
            for place, skill in enumerate(now.skills[column]):
                if skill >= 0:
                    mastery[skill] = after[learner, column, outcome, place]
            owed = now.requirement.weight[learner] * np.maximum(0, now.requirement.level[learner] - mastery)
            asked = now.requirement.weight[learner] * now.requirement.level[learner]
            expected += chance * (now.debt[learner] - owed.sum() / asked.sum())
        assert now.debt_reduction(items)[learner, column] == pytest.approx(expected, abs=1e-12)
