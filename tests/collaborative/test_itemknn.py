import warnings

import numpy as np
import pytest

from collaborative.logs import log, random_log
from lernpfad.collaborative.itemknn import ItemKNN
from lernpfad.core import ConfigError, NotFittedError
from lernpfad.core.laws import reloaded


def table(knn, items):
    """The learned rows as a table."""
    dense = np.zeros((items, items))
    dense[np.repeat(np.arange(items), np.diff(knn.offset_)), knn.item_] = knn.weight_
    return dense


def test_cosine_by_hand():
    # learners of item 0: u0, u1; of 1: u0, u1, u2; of 2: u2; of 3: nobody
    fitted = ItemKNN(neighbours=3, weighting="cosine").fit(log([0, 1], [0, 1], [1, 2]))
    near, far = 2 / np.sqrt(6), 1 / np.sqrt(3)
    expected = [[0, near, 0, 0], [near, 0, far, 0], [0, far, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(table(fitted, 4), expected, rtol=1e-6)
    np.testing.assert_allclose(fitted.score(log([0, 2], [1]), np.array([1, 2, 3])), [[near + far, 0, 0], [0, far, 0]])
    nearest = ItemKNN(neighbours=1, weighting="cosine").fit(log([0, 1], [0, 1], [1, 2]))
    np.testing.assert_allclose(table(nearest, 4)[1], [near, 0, 0, 0], rtol=1e-6)


@pytest.mark.parametrize("weighting", ["cosine", "tfidf", "bm25"])
def test_scores_are_those_of_implicit_less_an_items_likeness_to_itself(weighting):
    from implicit import nearest_neighbours as implicit
    from scipy.sparse import csr_matrix

    train = random_log(learners=90, items=25)
    taken = np.zeros((90, 25))
    taken[train.owner, train.item] = 1.0
    kinds = {"cosine": "CosineRecommender", "tfidf": "TFIDFRecommender", "bm25": "BM25Recommender"}
    model = getattr(implicit, kinds[weighting])(K=25, num_threads=1)
    with warnings.catch_warnings(action="ignore"):
        model.fit(csr_matrix(taken), show_progress=False)
    alike = model.similarity.toarray()
    expected = taken @ (alike - np.diag(np.diag(alike)))
    some = np.flatnonzero(train.lengths > 0)
    scores = ItemKNN(neighbours=25, weighting=weighting).fit(train).score(train, np.arange(25))
    np.testing.assert_allclose(scores[some], expected[some], rtol=1e-5, atol=1e-6)


def test_a_declined_offer_counts_against_what_is_like_it():
    train = random_log(learners=90, items=12)
    fitted = ItemKNN(declined=0.5).fit(train)
    alike = table(fitted, 12)
    scores = fitted.score(log([1, 4, 4, 1], items=12, accepted=[1, 0, 0, 0]), np.arange(12))
    np.testing.assert_allclose(scores[0], alike[1] - 0.5 * alike[4], atol=1e-6)
    deaf = ItemKNN().fit(train).score(log([1, 4], items=12, accepted=[1, 0]), np.arange(12))
    np.testing.assert_allclose(deaf[0], alike[1], atol=1e-6)


def test_rows_hold_the_nearest_and_no_more():
    train = random_log(learners=90, items=25)
    whole, few = (ItemKNN(neighbours=k, weighting="bm25").fit(train) for k in (25, 3))
    assert np.diff(few.offset_).max() == 3
    kept = table(few, 25)
    for row, full in zip(kept, table(whole, 25), strict=True):
        np.testing.assert_allclose(np.sort(row)[-3:], np.sort(full)[-3:], rtol=1e-6)


def test_who_took_nothing_known_gets_popularity():
    fitted = ItemKNN(declined=1.0).fit(log([0, 1], [1]))
    strangers = fitted.score(log([], [-1, 7], [2], items=8, accepted=[1, 1, 0]), np.array([1, 0, -1, 9]))
    np.testing.assert_array_equal(strangers, [[1.0, 0.5, 0, 0]] * 3)


def test_saved_and_loaded():
    train = random_log(learners=20, items=8)
    fitted = ItemKNN(weighting="bm25").fit(train)
    np.testing.assert_array_equal(reloaded(fitted).score(train, np.arange(8)), fitted.score(train, np.arange(8)))


def test_there_are_three_weightings():
    with pytest.raises(ConfigError, match="weighting is 'jaccard', expected one of cosine, tfidf, bm25"):
        ItemKNN(weighting="jaccard")


def test_asked_before_fit():
    with pytest.raises(NotFittedError, match="ItemKNN has not been fitted"):
        ItemKNN().score(log([0]), np.arange(4))
