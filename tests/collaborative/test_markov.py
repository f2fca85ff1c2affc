import numpy as np
import pytest

from collaborative.logs import log, random_log
from lernpfad.collaborative.markov import Markov
from lernpfad.core import NotFittedError
from lernpfad.core.laws import reloaded


def table(markov, items):
    """The learned rows as a table."""
    dense = np.zeros((items, items))
    dense[np.repeat(np.arange(items), np.diff(markov.offset_)), markov.item_] = markov.weight_
    return dense


def plain(train, markov):
    """T, counted pair by pair."""
    items = len(train.catalog)
    count, less = np.zeros((items, items)), np.zeros((items, items))
    for j in range(len(train.learners)):
        mine = train.select(np.array([j]))
        taken = []
        for item, accepted in zip(mine.item, mine.accepted, strict=True):
            if accepted or item not in mine.item[mine.accepted]:
                for d, before in enumerate(reversed(taken[-markov.window :]), start=1):
                    (count if accepted else less)[before, item] += 1 / d
            if accepted:
                taken.append(item)
    return (count - markov.declined * less) / (count.sum(axis=1, keepdims=True) + markov.shrink)


def test_transitions_and_scores_by_hand():
    fitted = Markov(window=2, decay=0.5, last=2, shrink=1.0).fit(log([0, 1, 2], [0, 2], [1, 0, 2]))
    # C: 0->1 1 (u0), 0->2 1/2 (u0) + 1 (u1) + 1 (u2), 1->2 1 (u0) + 1/2 (u2), 1->0 1 (u2)
    expected = [[0, 1 / 4.5, 2.5 / 4.5, 0], [1 / 3.5, 0, 1.5 / 3.5, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(table(fitted, 4), expected, rtol=1e-6)
    # the last two items of 2, 0, 1 are 1 and, by half, 0
    scores = fitted.score(log([2, 0, 1]), np.arange(4))
    np.testing.assert_allclose(scores, [[1 / 3.5, 0.5 / 4.5, 1.5 / 3.5 + 1.25 / 4.5, 0]], atol=1e-8)


@pytest.mark.parametrize("declined", [0.0, 0.5])
def test_counts_what_a_plain_loop_counts(declined):
    train = random_log(learners=60, items=12, declined=0.25)
    markov = Markov(window=3, declined=declined).fit(train)
    np.testing.assert_allclose(table(markov, 12), plain(train, markov), atol=1e-6)


def test_a_declined_offer_takes_off_by_hand():
    # u0 took 0, declined 1, took 2; u1 took 0, then 1; u2 declined 2 and took it later
    train = log([0, 1, 2], [0, 1], [0, 2, 2], accepted=[1, 0, 1, 1, 1, 1, 0, 1])
    # C: 0->2 1 + 1, 0->1 1, together 3; D: 0->1 1
    fitted = Markov(window=2, shrink=1.0, declined=0.5).fit(train)
    np.testing.assert_allclose(table(fitted, 4)[0], [0, 0.5 / 4, 2 / 4, 0])
    ignored = Markov(window=2, shrink=1.0).fit(train)
    np.testing.assert_allclose(table(ignored, 4)[0], [0, 1 / 4, 2 / 4, 0])


def test_among_equals_the_popular_stand_first():
    fitted = Markov().fit(log([3, 0], [2], [2], [1]))
    scores = fitted.score(log([3]), np.arange(4))[0]
    assert np.argsort(-scores).tolist()[:3] == [0, 2, 1]
    np.testing.assert_allclose(scores[1:3], 0, atol=1e-8)


def test_who_took_nothing_known_gets_popularity():
    fitted = Markov().fit(log([0, 1], [1]))
    strangers = fitted.score(log([], [-1, 7], [2], items=8, accepted=[1, 1, 0]), np.array([1, 0, -1, 9]))
    np.testing.assert_array_equal(strangers, [[1.0, 0.5, 0, 0]] * 3)


def test_unknown_items_and_declined_offers_are_no_part_of_the_chain():
    fitted = Markov().fit(random_log(learners=50, items=8))
    plainly = fitted.score(log([1, 2], items=8), np.arange(8))
    mixed = fitted.score(log([1, -1, 5, 2, 9], items=10, accepted=[1, 1, 0, 1, 1]), np.arange(8))
    np.testing.assert_array_equal(mixed, plainly)


def test_many_learners_score_as_one_does():
    train = random_log(learners=200, items=30)
    fitted = Markov().fit(train)
    together = fitted.score(train, np.arange(30))
    for j in (0, 3, 199):
        np.testing.assert_allclose(fitted.score(train.select([j]), np.arange(30))[0], together[j], atol=1e-7)


def test_saved_and_loaded():
    train = random_log(learners=20, items=8)
    fitted = Markov(decay=0.5).fit(train)
    np.testing.assert_array_equal(
        reloaded(fitted).score(train, np.array([3, 1])), fitted.score(train, np.array([3, 1]))
    )


def test_an_empty_log_gives_zeros():
    np.testing.assert_array_equal(Markov().fit(log([], [])).score(log([1]), np.arange(4)), np.zeros((1, 4)))


def test_asked_before_fit():
    with pytest.raises(NotFittedError, match="Markov has not been fitted"):
        Markov().score(log([0]), np.arange(4))
