import numpy as np
import pytest

from collaborative.logs import log, random_log
from lernpfad.collaborative.ease import EASE
from lernpfad.core import ConfigError, NotFittedError
from lernpfad.core.laws import reloaded


def test_the_closed_form_by_hand():
    # X = [[1,1,0],[1,1,1],[0,1,1]], X'X + I = [[3,2,1],[2,4,2],[1,2,3]], P = [[2,-1,0],[-1,2,-1],[0,-1,2]] / 4
    fitted = EASE(regularization=1.0).fit(log([0, 1], [2, 0, 1], [1, 2], items=3))
    np.testing.assert_allclose(fitted.weight_, [[0, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0]], atol=1e-7)
    scores = fitted.score(log([0, 2], [1], items=3), np.arange(3))
    np.testing.assert_allclose(scores, [[0, 1, 0], [0.5, 0, 0.5]], atol=1e-7)


def test_weights_are_those_of_a_ridge_regression_of_each_item_on_the_others():
    train = random_log(learners=80, items=9)
    taken = np.zeros((80, 9))
    taken[train.owner, train.item] = 1.0
    fitted = EASE(regularization=3.0).fit(train)
    for item in range(9):
        others = np.delete(taken, item, axis=1)
        weight = np.linalg.solve(others.T @ others + 3.0 * np.eye(8), others.T @ taken[:, item])
        np.testing.assert_allclose(np.delete(fitted.weight_[:, item], item), weight, atol=1e-6)


def test_a_declined_offer_is_a_negative_entry():
    train = random_log(learners=80, items=9, declined=0.3)
    signed = np.zeros((80, 9))
    signed[train.owner, train.item] = np.where(train.accepted, 1.0, -0.5)
    inverse = np.linalg.inv(signed.T @ signed + 2.0 * np.eye(9))
    weight = -inverse / np.diag(inverse)
    np.fill_diagonal(weight, 0.0)
    fitted = EASE(regularization=2.0, declined=0.5).fit(train)
    np.testing.assert_allclose(fitted.weight_, weight, atol=1e-6)
    histories = log([0, 1], items=9, accepted=[1, 0])
    np.testing.assert_allclose(fitted.score(histories, np.arange(9))[0], weight[0] - 0.5 * weight[1], atol=1e-6)
    np.testing.assert_array_equal(
        EASE(declined=0.0).fit(train).weight_, EASE(declined=0.0).fit(train.where(train.accepted)).weight_
    )


def test_declined_first_and_taken_later_is_taken():
    train = random_log(learners=30, items=6)
    histories = log([0, 0], [0], items=6, accepted=[0, 1, 1])
    scores = EASE(declined=1.0).fit(train).score(histories, np.arange(6))
    np.testing.assert_array_equal(scores[0], scores[1])


def test_who_took_nothing_known_gets_popularity():
    fitted = EASE(declined=1.0).fit(log([0, 1], [1]))
    strangers = fitted.score(log([], [-1, 7], [2], items=8, accepted=[1, 1, 0]), np.array([1, 0, -1, 9]))
    np.testing.assert_array_equal(strangers, [[1.0, 0.5, 0, 0]] * 3)


def test_saved_and_loaded():
    train = random_log(learners=20, items=8)
    fitted = EASE().fit(train)
    np.testing.assert_array_equal(reloaded(fitted).score(train, np.arange(8)), fitted.score(train, np.arange(8)))


def test_asked_before_fit():
    with pytest.raises(NotFittedError, match="EASE has not been fitted"):
        EASE().score(log([0]), np.arange(4))


def test_without_regularization_there_may_be_no_solution():
    with pytest.raises(ConfigError, match="cannot be inverted; expected a regularization above 0"):
        EASE(regularization=0.0).fit(log([0, 1], [1]))
