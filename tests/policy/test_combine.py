import numpy as np
import pytest

from lernpfad.core import ConfigError, Ranking
from lernpfad.policy import Explore, Legal, Mix, Random, Softened, WateringCan
from lernpfad.policy.distribution import uniform
from policy.scenes import crowd, scene


def test_legal_random_keeps_to_items_whose_prerequisites_are_met():
    # learner 0 has .2 in sheets: charts are not legal; learner 1 has .9: everything is
    propensities = Legal(Random()).propensities(scene())
    np.testing.assert_allclose(propensities[0], np.array([1, 1, 0, 0, 1, 1, 0, 1]) / 5)
    np.testing.assert_allclose(propensities[1], 1 / 8)


def test_legal_falls_back_to_the_eligible_where_nothing_is_ready():
    eligible = np.zeros((2, 8), dtype=bool)
    eligible[:, 2:4] = True  # charts only
    propensities = Legal(Random()).propensities(scene(eligible=eligible))
    np.testing.assert_allclose(propensities[0], [0, 0, 0.5, 0.5, 0, 0, 0, 0])


def test_legal_asks_the_tracer_once():
    situation = scene()
    narrowed = situation.among(situation.eligible & situation.ready)
    assert narrowed.mastery is situation.mastery
    assert narrowed.eligible.sum() < situation.eligible.sum()


def test_legal_ranks_by_the_inner_score():
    situation = scene()
    score = Legal(WateringCan(visits=1)).score(situation)
    legal = np.isfinite(score[0])
    np.testing.assert_array_equal(legal, situation.ready[0])
    np.testing.assert_array_equal(score[0, legal], WateringCan(visits=1).score(situation)[0, legal])


def test_explore_is_a_mixture_with_uniform_by_hand():
    situation = scene(taken=np.zeros((2, 8), dtype=int))
    greedy = WateringCan(epsilon=0.0).propensities(situation)
    np.testing.assert_allclose(Explore(WateringCan(epsilon=0.0), 0.2).propensities(situation), 0.8 * greedy + 0.2 / 8)


def test_explore_softened_and_epsilon_are_three_ways_to_the_same():
    situation = crowd(20, 30, 5)
    once = WateringCan(epsilon=0.1).propensities(situation)
    np.testing.assert_allclose(Explore(WateringCan(epsilon=0.0), 0.1).propensities(situation), once)
    np.testing.assert_allclose(Softened(WateringCan(epsilon=0.0), 0.1).propensities(situation), once)


def test_mix_is_the_weighted_mean():
    situation = crowd(20, 30, 5)
    mixed = Mix([Random(), WateringCan(epsilon=0.0)], [1, 3]).propensities(situation)
    expected = 0.25 * uniform(situation.eligible) + 0.75 * WateringCan(epsilon=0.0).propensities(situation)
    np.testing.assert_allclose(mixed, expected)


def test_only_what_ranks_is_a_ranking():
    assert isinstance(Explore(WateringCan()), Ranking)
    assert not isinstance(Mix([Random()], [1.0]), Ranking)
    assert not isinstance(Random(), Ranking)


@pytest.mark.parametrize("make", [lambda: Explore(Random(), 1.5), lambda: Softened(WateringCan(), -0.1)])
def test_a_share_outside_0_to_1_is_refused(make):
    with pytest.raises(ConfigError, match=r"expected a share in \[0, 1\]"):
        make()


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [-1.0, 2.0]])
def test_mix_refuses_weights_that_do_not_fit(weights):
    with pytest.raises(ConfigError, match="one share >= 0 for each"):
        Mix([Random(), WateringCan()], weights)
