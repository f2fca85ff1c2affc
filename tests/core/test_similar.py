import numpy as np

from lernpfad.core import plain_similar, similar


class ByNumber:
    """An item is the more alike the nearer its number."""

    def fit(self, train, valid=None):
        return self

    def score(self, histories, items):
        assert (histories.lengths == 1).all()
        assert histories.accepted.all()
        return -np.abs(histories.item[:, None] - items).astype(np.float64)


class ByRemainder(ByNumber):
    """Has a way of its own."""

    def similar(self, items):
        return (items[:, None] % 2 == np.arange(5) % 2).astype(np.float64)


def test_neighbours_are_what_one_is_offered_who_took_the_item_alone(catalog):
    np.testing.assert_array_equal(plain_similar(ByNumber(), catalog, np.array([1])), [[-1, 0, -1, -2, -3]])
    alike = similar(ByNumber(), catalog, np.array([1, 4]))
    np.testing.assert_array_equal(alike, [[-1, -np.inf, -1, -2, -3], [-4, -3, -2, -1, -np.inf]])


def test_a_recommender_may_have_a_way_of_its_own(catalog):
    np.testing.assert_array_equal(similar(ByRemainder(), catalog, np.array([1])), [[0, -np.inf, 0, 1, 0]])


def test_an_unknown_item_has_neighbours_all_the_same(catalog):
    assert np.isfinite(similar(ByRemainder(), catalog, np.array([-1]))).all()
