import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.policy import AffinityOnly
from policy.scenes import crowd, scene

AFFINITY = np.array([[1.0, 3.0, 5.0, 0, 0, 0, 0, 0], [2.0, 2.0, 2.0, 0, 0, 0, 0, 0]])


def three_eligible():
    eligible = np.zeros((2, 8), dtype=bool)
    eligible[:, :3] = True
    return scene(eligible=eligible, given={"affinity": AFFINITY})


def test_softmax_of_standardised_affinity_by_hand():
    # z of 1, 3, 5 is -1.2247, 0, 1.2247
    raised = np.exp(np.array([-np.sqrt(1.5), 0, np.sqrt(1.5)]) / 0.5)
    propensities = AffinityOnly(temperature=0.5).propensities(three_eligible())
    np.testing.assert_allclose(propensities[0, :3], raised / raised.sum())
    np.testing.assert_allclose(propensities[1, :3], 1 / 3)
    np.testing.assert_array_equal(propensities[:, 3:], 0)


def test_the_scale_of_the_score_does_not_matter():
    situation = crowd(10, 20, 4)
    scaled = crowd(10, 20, 4)
    scaled.given["affinity"] = 1e4 * situation.given["affinity"] + 77
    np.testing.assert_allclose(AffinityOnly().propensities(scaled), AffinityOnly().propensities(situation), atol=1e-12)


def test_without_a_recommender_it_is_uniform():
    np.testing.assert_allclose(AffinityOnly().propensities(scene()), 1 / 8)


def test_it_ranks_by_affinity():
    score = AffinityOnly().score(three_eligible())
    np.testing.assert_array_equal(score[0, :3], [1, 3, 5])
    assert (score[0, 3:] == -np.inf).all()


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ConfigError, match="temperature is 0, expected a number above 0"):
        AffinityOnly(temperature=0)
