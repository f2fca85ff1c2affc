import numpy as np
import pytest

from lernpfad.core import Requirement, Roles, debt, gap

WEIGHT = np.array([1.0, 0.5, 0.25])


def owed(level, mastery):
    requirement = Requirement(np.array([level]), WEIGHT[None])
    return debt(requirement, np.array([mastery]))[0]


def test_a_week_of_learning_debt_by_hand():
    """Weights 1, .5, .25. Asked: .8 + .3 + .1 = 1.2. Owed at first: .3 + 0 + .25 * .3 = .375, so .3125."""
    assert owed([0.8, 0.6, 0.4], [0.5, 0.6, 0.1]) == pytest.approx(0.3125)
    drifted = owed([0.8, 0.6, 0.6], [0.5, 0.6, 0.1])  # the third skill is asked for at .6: .425 / 1.25
    forgotten = owed([0.8, 0.6, 0.6], [0.45, 0.55, 0.1])  # .35 + .025 + .125 = .5
    learnt = owed([0.8, 0.6, 0.6], [0.6, 0.55, 0.25])  # .2 + .025 + .0875 = .3125
    assert [drifted, forgotten, learnt] == pytest.approx([0.34, 0.40, 0.25])
    assert [drifted - 0.3125, forgotten - drifted, forgotten - learnt] == pytest.approx([0.0275, 0.06, 0.15])


def test_more_mastery_than_asked_for_pays_no_other_debt():
    assert owed([0.5, 0.5, 0.5], [1.0, 0.0, 1.0]) == pytest.approx(0.5 * 0.5 / (0.5 * 1.75))


def test_debt_without_requirements_is_undefined_not_zero():
    requirement = Requirement(np.array([[0.0, 0.0], [0.5, 0.0]]), np.ones((2, 2)))
    assert np.isnan(debt(requirement, np.zeros((2, 2)))[0])
    assert debt(requirement, np.zeros((2, 2)))[1] == 1.0


def test_gap_is_never_negative():
    requirement = Requirement(np.array([[0.8, 0.2]]), np.ones((1, 2)))
    assert gap(requirement, np.array([[0.5, 0.9]])).tolist() == [[pytest.approx(0.3), 0.0]]


def roles():
    level = np.array([[[0.1], [0.2]], [[0.3], [0.4]], [[0.5], [0.6]]])
    return Roles(np.array(["a", "b"]), np.array([100.0, 200.0, 300.0]), level, 2 * level)


@pytest.mark.parametrize(
    ("time", "expected"), [(0.0, 0.2), (100.0, 0.2), (199.0, 0.2), (200.0, 0.4), (300.0, 0.6), (9e9, 0.6)]
)
def test_a_requirement_holds_from_its_date_on(time, expected):
    requirement = roles().at(np.array([1]), time)
    assert requirement.level.tolist() == [[expected]]
    assert requirement.weight.tolist() == [[2 * expected]]


def test_each_learner_has_her_own_time():
    assert roles().at(np.array([0, 1, 0]), np.array([350.0, 250.0, 50.0])).level[:, 0].tolist() == [0.5, 0.4, 0.1]


def test_requirements_of_some_learners():
    requirement = roles().at(np.array([0, 1]), 100.0)
    assert requirement[np.array([1])].level.tolist() == [[0.2]]
