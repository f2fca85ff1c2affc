import numpy as np
import pytest

from collaborative.logs import log
from lernpfad.collaborative.content import Content
from lernpfad.core import Catalog, NotFittedError, Sequences
from lernpfad.core.laws import reloaded

CATALOG = Catalog.of(["sum", "slope", "proof", "riddle", "new"], ["algebra", "calculus"], [[0], [0, 1], [1], [], [1]])


def history(*rows, accepted=None):
    item = np.concatenate([np.asarray(row, dtype=int) for row in rows])
    accepted = None if accepted is None else np.asarray(accepted, dtype=bool)
    names = [f"u{j}" for j in range(len(rows))]
    return Sequences.of(CATALOG, names, [len(r) for r in rows], item, np.full(len(item), -1), accepted=accepted)


TRAIN = history([0, 1], [0, 2])


def test_cosine_of_skills_by_hand():
    scores = Content(rare=False).fit(TRAIN).score(history([0], [1, 0]), np.arange(5))
    half = np.sqrt(0.5)
    np.testing.assert_allclose(scores[0], [1, half, 0, 0, 0], atol=1e-7)
    # her profile: (1 + half, half)
    length = np.hypot(1 + half, half)
    np.testing.assert_allclose(
        scores[1], [(1 + half) / length, (1 + 2 * half) * half / length, half / length, 0, half / length], atol=1e-7
    )


def test_a_rare_skill_says_more():
    catalog = Catalog.of([f"i{i}" for i in range(6)], ["all", "few"], [[0], [0], [0], [0], [0, 1], [0, 1]])
    train = Sequences.of(catalog, ["a"], [1], [4], [-1])
    plain, weighed = (Content(rare=rare).fit(train).score(train, np.array([0, 5]))[0] for rare in (False, True))
    np.testing.assert_allclose(plain, [np.sqrt(0.5), 1], atol=1e-6)
    few, every = np.log1p(6 / 2), np.log1p(6 / 6)
    np.testing.assert_allclose(weighed, [every / np.hypot(few, every), 1], atol=1e-6)


def test_a_declined_offer_counts_against_its_skills():
    scores = Content(rare=False, declined=0.5).fit(TRAIN).score(history([0, 2], accepted=[1, 0]), np.arange(4))[0]
    np.testing.assert_allclose(scores, [2 / np.sqrt(5), 0.5 / np.sqrt(2.5), -1 / np.sqrt(5), 0], atol=1e-7)


def test_an_item_that_nobody_took_is_served():
    scores = Content().fit(TRAIN).score(history([2]), np.array([4, 0]))[0]
    np.testing.assert_allclose(scores, [1, 0], atol=1e-7)


def test_a_catalog_without_skills_is_popularity():
    fitted = Content().fit(log([0, 1], [1], [1, 2]))
    assert np.argsort(-fitted.score(log([3]), np.arange(4))[0], kind="stable").tolist() == [1, 0, 2, 3]
    np.testing.assert_allclose(fitted.score(log([3]), np.arange(4)), 0, atol=1e-8)


def test_who_took_nothing_known_gets_popularity():
    strangers = Content().fit(TRAIN).score(history([], [-1], [1], accepted=[1, 0]), np.array([1, 0, -1, 9]))
    np.testing.assert_array_equal(strangers, [[0.5, 1.0, 0, 0]] * 3)


def test_saved_and_loaded():
    fitted = Content().fit(TRAIN)
    np.testing.assert_array_equal(reloaded(fitted).score(TRAIN, np.arange(5)), fitted.score(TRAIN, np.arange(5)))


def test_asked_before_fit():
    with pytest.raises(NotFittedError, match="Content has not been fitted"):
        Content().score(TRAIN, np.arange(4))
