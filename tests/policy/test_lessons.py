"""What logged offers are worth, computed by hand, and the features that they are told by."""

import numpy as np

from lernpfad.policy import DebtPerMinute
from lernpfad.policy.debtperminute import best
from lernpfad.policy.features import NAMES, PER_MILLE, going_on, guess, of_candidates
from lernpfad.policy.lessons import closed, lessons
from policy.experiences import small
from policy.scenes import crowd, scene


def test_the_debt_an_offer_closed_by_hand():
    """Two skills of weight 1 and .5, level .8 each: asked .8 + .4 = 1.2. The item trains the first alone.

    It was at .3 and is at .5 afterwards, at .4 after the next offer: closed (.5 - .3) / 1.2 at once, (.5 - .4) / 1.2
    in hindsight. What happened to the other skill is not its doing.
    """
    told = {
        "before": np.array([[0.3, 0.1], [0.5, 0.1]]),
        "after": np.array([[0.5, 0.1], [0.4, 0.9]]),
        "level": np.full((2, 2), 0.8),
        "weight": np.tile([1.0, 0.5], (2, 1)),
    }
    skills = np.array([[0, -1], [1, -1]])
    np.testing.assert_allclose(closed(skills, told, np.array([0, 1])), [0.2 / 1.2, 0.5 * 0.7 / 1.2])
    np.testing.assert_allclose(closed(skills, told, np.array([1, 1]))[0], 0.1 / 1.2)


def test_nothing_is_closed_beyond_the_requirement_nor_without_one():
    told = {
        "before": np.array([[0.7], [0.2]]),
        "after": np.array([[1.0], [0.9]]),
        "level": np.array([[0.8], [0.0]]),
        "weight": np.array([[2.0], [0.0]]),
    }
    found = closed(np.zeros((2, 1), dtype=np.int64), told, np.arange(2))
    np.testing.assert_allclose(found, [0.1 / 0.8, 0.0])


def test_declined_offers_close_nothing_and_rows_follow_each_other():
    experience = small()
    log = experience.log
    seen = lessons(experience, DebtPerMinute(), others=4)
    assert (seen.closed[~log.accepted] == 0).all()
    assert seen.closed[log.accepted].std() > 0
    follows = np.flatnonzero(seen.follows >= 0)
    assert (log.owner[seen.follows[follows]] == log.owner[follows]).all()
    assert (seen.follows < 0).sum() == (log.lengths > 0).sum()
    assert seen.others.shape == (len(log), 4, len(NAMES))
    assert (seen.cost > 0).all()


def test_the_first_feature_is_the_score_of_the_formula():
    """On the shortlist, where that looks ahead; without a tracer both take the same least gain."""
    now, formula = crowd(6, 40, 5), DebtPerMinute(shortlist=10)
    short = best(guess(now, formula), 10)
    there = np.take_along_axis(now.eligible, short, axis=1)
    told = of_candidates(now, short, formula)[..., 0]
    score = np.take_along_axis(formula.score(now), short, axis=1)
    np.testing.assert_allclose(told[there], PER_MILLE * score[there])


def test_same_skill_as_the_last_item():
    now = scene(last_item=[0, -1])
    assert going_on(now, np.array([[1, 2, 7], [1, 2, 7]])).tolist() == [[1, 0, 0], [0, 0, 0]]
