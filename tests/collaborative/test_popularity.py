import numpy as np
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import Catalog, NotFittedError, Sequences
from lernpfad.core.events import taken_pairs
from lernpfad.core.persist import learned, revived, settings

CATALOG = Catalog.of(["a", "b", "c", "d"], ["k"], [[0]] * 4)


def log(*rows, accepted=None):
    item = np.concatenate([np.asarray(row, dtype=int) for row in rows])
    lengths = [len(row) for row in rows]
    names = [f"u{j}" for j in range(len(rows))]
    return Sequences.of(CATALOG, names, lengths, item, np.ones(len(item)), accepted=accepted)


def test_counts_learners_not_interactions():
    fitted = Popularity().fit(log([0, 0, 0, 1], [1, 2], [1]))
    np.testing.assert_array_equal(fitted.learners_, [1, 3, 1, 0])


def test_declined_offers_and_unknown_items_do_not_count():
    fitted = Popularity().fit(log([0, 1], [0, -1], accepted=[True, False, False, True]))
    np.testing.assert_array_equal(fitted.learners_, [1, 0, 0, 0])


def test_everybody_gets_the_same_score_and_new_items_get_zero():
    fitted = Popularity().fit(log([0, 1], [1]))
    scores = fitted.score(log([2], [], [0, 1]), np.array([1, 0, -1, 17]))
    np.testing.assert_array_equal(scores, [[2, 1, 0, 0]] * 3)


def test_saved_and_revived():
    fitted = Popularity().fit(log([0, 1], [1]))
    twin = revived(Popularity, settings(fitted), learned(fitted))
    np.testing.assert_array_equal(twin.score(log([0]), np.arange(4)), fitted.score(log([0]), np.arange(4)))


def test_asked_before_fit():
    with pytest.raises(NotFittedError, match="Popularity has not been fitted"):
        Popularity().score(log([0]), np.arange(4))


def test_pairs_are_unique_and_sorted():
    owner, item = taken_pairs(log([2, 0, 2], [], [1]), 4)
    assert (owner.tolist(), item.tolist()) == ([0, 0, 2], [0, 2, 1])
