"""What tames weights goes from doing nothing to leaving nothing, and may be put around anything."""

import numpy as np
import pytest

from evaluate.offpolicy.oracle import CLUSTERS, rows
from lernpfad.evaluate.offpolicy import DM, DR, Clipped, OfCluster, Plain, Shrunk, SubGaussian, Switched

NOTHING_CHANGED = (Clipped(1e9), Shrunk(1e15), Switched(1e9), SubGaussian(0.0))
NOTHING_LEFT = (Clipped(0.0), Shrunk(0.0), Switched(0.0))


@pytest.mark.parametrize("weight", NOTHING_CHANGED, ids=lambda one: type(one).__name__)
def test_at_one_end_nothing_changes(weight):
    np.testing.assert_allclose(weight(rows()), Plain()(rows()))


@pytest.mark.parametrize("weight", NOTHING_LEFT, ids=lambda one: type(one).__name__)
def test_at_the_other_end_the_model_is_left_alone(weight):
    assert DR(weight).terms(rows()).value == pytest.approx(DM().terms(rows()).value)


@pytest.mark.parametrize("kind", [Clipped, Shrunk, Switched, SubGaussian])
def test_a_shape_goes_around_any_weight(kind):
    """Around weights of clusters it tames those, and shows those underneath."""
    inner = OfCluster(CLUSTERS)
    weight = kind(0.9, of=inner)
    assert weight(rows()).max() < inner(rows()).max()
    np.testing.assert_array_equal(weight.overlap(rows()), inner(rows()))


def test_one_cluster_for_each_item_is_no_clustering():
    np.testing.assert_allclose(OfCluster(np.arange(3))(rows()), rows().weight)


def test_one_cluster_for_all_items_weighs_nothing():
    """Then OffCEM is the model plus its mean residual on the log."""
    together = OfCluster(np.zeros(3, dtype=int))
    np.testing.assert_allclose(together(rows()), 1.0)
    expected = (rows().value + rows().reward - rows().expected).mean()
    assert DR(together).terms(rows()).value == pytest.approx(expected)
