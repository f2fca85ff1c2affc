"""The policies that follow a list: watering can, role curriculum, mastery threshold."""

import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.policy import MasteryThreshold, RoleCurriculum, WateringCan
from lernpfad.policy.curriculum import places
from policy.scenes import CATALOG, scene


def listed(policy, situation, learner):
    """Item ids in the order in which the policy ranks them."""
    return [str(CATALOG.items[i]) for i in np.argsort(-policy.score(situation)[learner], kind="stable")]


@pytest.mark.parametrize(
    ("visits", "order"),
    [
        (1, ["s1", "c1", "t1", "s2", "c2", "t2", "c+t", "quiz"]),  # main skill of c+t is charts
        (2, ["s1", "s2", "c1", "c2", "t1", "t2", "c+t", "quiz"]),
        (3, ["s1", "s2", "c1", "c2", "c+t", "t1", "t2", "quiz"]),
    ],
)
def test_the_list_passes_through_the_skills_in_order(visits, order):
    assert [str(CATALOG.items[i]) for i in np.argsort(places(CATALOG, visits))] == order


def test_the_watering_can_gives_everybody_the_same_list():
    situation = scene()
    assert listed(WateringCan(visits=1), situation, 0) == listed(WateringCan(visits=1), situation, 1)


def test_the_watering_can_goes_on_after_what_was_taken_and_repeats_last():
    taken = np.array([[1, 0, 1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1]])
    situation = scene(taken=taken)
    assert listed(WateringCan(visits=1), situation, 0) == ["t1", "s2", "c2", "t2", "c+t", "quiz", "s1", "c1"]
    assert listed(WateringCan(visits=1), situation, 1)[0] == "s1"


def test_the_watering_can_skips_what_is_not_eligible():
    eligible = np.ones((2, 8), dtype=bool)
    eligible[0, :3] = False
    propensities = WateringCan(epsilon=0.0).propensities(scene(eligible=eligible))
    assert CATALOG.items[propensities.argmax(axis=1)].tolist() == ["c2", "s1"]


def test_a_subset_of_candidates_keeps_its_places():
    situation = scene(items=[5, 2, 0])
    np.testing.assert_array_equal(WateringCan(visits=1).score(situation)[0], -places(CATALOG, 1)[[5, 2, 0]])


def test_the_role_curriculum_leaves_out_what_the_role_gives_no_weight():
    # learner 1 has no weight on talks: those and the item without a skill come last
    assert listed(RoleCurriculum(visits=1), scene(), 1) == ["s1", "c1", "s2", "c2", "c+t", "t1", "t2", "quiz"]
    assert listed(RoleCurriculum(visits=1), scene(), 0)[:7] == listed(WateringCan(visits=1), scene(), 0)[:7]


def test_role_items_that_were_taken_still_come_before_items_of_other_roles():
    taken = np.ones((2, 8), dtype=int)
    taken[:, 4:6] = 0
    assert listed(RoleCurriculum(visits=1), scene(taken=taken), 1)[-3:-1] == ["t1", "t2"]


def test_mastery_threshold_moves_on_when_a_skill_is_mastered():
    policy = MasteryThreshold(threshold=0.85)
    assert listed(policy, scene(), 0) == ["s1", "s2", "c1", "c2", "c+t", "t1", "t2", "quiz"]
    # learner 1 knows sheets (.9), so charts come first, sheets again at the end of her role, talks are not in it
    assert listed(policy, scene(), 1) == ["c1", "c2", "c+t", "s1", "s2", "t1", "t2", "quiz"]


def test_mastery_threshold_takes_the_next_item_of_the_skill():
    taken = np.zeros((2, 8), dtype=int)
    taken[0, 0] = 1
    assert listed(MasteryThreshold(), scene(taken=taken), 0)[:3] == ["s2", "s1", "c1"]


@pytest.mark.parametrize("policy", [WateringCan(visits=1), RoleCurriculum(visits=1), MasteryThreshold()])
def test_counts_of_items_taken_may_come_in_the_narrowest_integers(policy):
    taken = np.full((2, 8), 100, dtype=np.int8)
    taken[:, 3] = 0
    assert listed(policy, scene(taken=taken), 0)[0] == ("s1" if isinstance(policy, MasteryThreshold) else "c2")


@pytest.mark.parametrize("make", [lambda: WateringCan(visits=0), lambda: RoleCurriculum(visits=-1)])
def test_a_list_without_visits_is_refused(make):
    with pytest.raises(ConfigError, match=r"visits is .*, expected a number above 0"):
        make()


@pytest.mark.parametrize("make", [lambda: WateringCan(epsilon=2), lambda: MasteryThreshold(threshold=7)])
def test_a_share_outside_0_to_1_is_refused(make):
    with pytest.raises(ConfigError, match="expected a share"):
        make()
