"""Mask, Constrain, Safe, Slate: what wraps a policy and narrows, replaces or repeats it."""

import json
import logging

import numpy as np
import pytest

from lernpfad.core import ConfigError, Ranking
from lernpfad.core.laws import check_policy
from lernpfad.policy import (
    AffinityOnly,
    Constrain,
    DebtPerMinute,
    Mask,
    Random,
    RoleCurriculum,
    Safe,
    Slate,
    WateringCan,
)
from lernpfad.policy.spec import build, describe
from policy.scenes import CATALOG, crowd, scene

NONE = np.zeros((2, 8), dtype=int)


@pytest.mark.parametrize(
    "policy",
    [
        Mask(Random(), items=["item-3", "nowhere"], kinds=["read"]),
        Mask(DebtPerMinute(), skills=["skill-1"]),
        Constrain(WateringCan(), mandatory=["item-5"], longest=4.0),
        Safe(DebtPerMinute(), fallback=WateringCan(), needs=["affinity"]),
        Slate(AffinityOnly(), k=3),
        Safe(Constrain(Slate(Random()))),
    ],
    ids=lambda policy: type(policy).__name__,
)
def test_wrappers_keep_the_laws_and_travel(policy):
    check_policy(policy)
    assert build(json.loads(json.dumps(describe(policy)))) == policy
    assert isinstance(policy, Ranking)


@pytest.mark.parametrize(
    ("mask", "left"),
    [
        ({"items": ["s1", "c+t"]}, "s2 c1 c2 t1 t2 quiz"),
        ({"skills": ["charts"]}, "s1 s2 t1 t2 quiz"),
        ({"kinds": ["video"]}, "s1 s2 c1 c2 t1 t2 c+t quiz"),
        ({"kinds": ["exercise"]}, "s1 s2 c1 c2 t1 t2 c+t quiz"),  # all of them: something has to be offered
    ],
)
def test_mask_leaves_out_what_it_names(mask, left):
    given = Mask(Random(), **mask).propensities(scene())[0]
    assert list(CATALOG.items[given > 0]) == left.split()


def test_mask_refuses_a_kind_that_does_not_exist():
    with pytest.raises(ConfigError, match="no kind named 'vidoe'; did you mean 'video'"):
        Mask(Random(), kinds=["vidoe"])


def allowed(policy, situation):
    return [list(CATALOG.items[row > 0]) for row in policy.propensities(situation)]


def test_mandatory_comes_first_until_it_was_taken():
    policy = Constrain(Random(), mandatory=["t2", "s1"], ready=False, varied=False)
    taken = NONE.copy()
    taken[0, 5], taken[1, [0, 5]] = 1, 1
    assert allowed(policy, scene(taken=NONE))[0] == ["s1", "t2"]
    assert allowed(policy, scene(taken=taken)) == [["s1"], list(CATALOG.items)]


def test_rules_narrow_one_after_the_other():
    # learner 0 is ready for sheets, talks and the quiz; of these .. at most 5 minutes .. and not sheets again
    now = scene(last_item=[1, -1])
    assert allowed(Constrain(Random(), longest=5.0), now)[0] == ["t1", "quiz"]
    assert allowed(Constrain(Random(), longest=5.0, varied=False), now)[0] == ["s1", "t1", "quiz"]
    assert allowed(Constrain(Random(), longest=5.0, ready=False, varied=False), now)[0] == ["s1", "c1", "t1", "quiz"]


def test_a_rule_that_leaves_nothing_is_dropped_for_that_learner_alone():
    eligible = np.zeros((2, 8), dtype=bool)
    eligible[:, [2, 3]] = True  # charts, for which only learner 1 is ready; learner 0 keeps the other rule
    now = scene(eligible=eligible, mastery=[[0.2, 0.1, 0.7], [0.9, 0.3, 0.3]])
    assert allowed(Constrain(Random(), longest=5.0), now) == [["c1"], ["c1"]]
    assert allowed(Constrain(Random(), longest=1.0), now) == [["c1", "c2"], ["c1", "c2"]]


def test_a_limit_of_no_minutes_is_refused():
    with pytest.raises(ConfigError, match="longest is 0"):
        Constrain(Random(), longest=0)


def test_whoever_has_no_sound_estimates_gets_the_fallback():
    situation = crowd(6, 12, 3)
    given = {name: array.copy() for name, array in situation.given.items()}
    given["mastery"][2, 1] = np.nan
    given["success"][3, np.flatnonzero(situation.eligible[3])[0]] = np.inf
    object.__setattr__(situation, "given", given)
    policy = Safe(AffinityOnly(), fallback=RoleCurriculum())
    np.testing.assert_array_equal(policy.sound(situation), [True, True, False, False, True, True])
    mixed, inner = policy.propensities(situation), AffinityOnly().propensities(situation)
    rule = RoleCurriculum().propensities(situation)
    np.testing.assert_array_equal(mixed[[1, 4, 5]], inner[[1, 4, 5]])
    np.testing.assert_array_equal(mixed[[2, 3]], rule[[2, 3]])


def test_an_estimate_that_is_not_finite_where_nothing_is_eligible_is_no_harm():
    situation = crowd(3, 12, 3)
    given = {name: array.copy() for name, array in situation.given.items()}
    given["success"][~situation.eligible] = np.nan
    object.__setattr__(situation, "given", given)
    assert Safe(Random()).sound(situation).all()


class Dead:
    """A tracer whose service is down: `dies` says in which call."""

    def __init__(self, dies):
        self.dies = dies

    def predict(self, state, items, at):
        if self.dies == "predict":
            raise RuntimeError("connection refused")
        return np.full(items.shape, 0.5)

    def mastery(self, state, at):
        return np.full((len(at), 3), 0.5)

    def what_if(self, state, items, at):
        raise RuntimeError("connection refused")


@pytest.mark.parametrize("dies", ["predict", "what_if"])
def test_a_tracer_that_is_down_hands_everybody_to_the_fallback_and_says_so(dies, caplog):
    situation = scene(tracer=Dead(dies), given={})
    object.__setattr__(situation, "given", {})
    with caplog.at_level(logging.WARNING):
        given = Safe(DebtPerMinute()).propensities(situation)
    np.testing.assert_array_equal(given, RoleCurriculum().propensities(scene()))
    assert "RuntimeError: connection refused); the fallback answers" in caplog.text


def test_without_a_tracer_the_fallback_answers():
    situation = scene()
    object.__setattr__(situation, "given", {})
    np.testing.assert_array_equal(Safe(Random()).score(situation), RoleCurriculum().score(scene()))


def test_safe_refuses_an_estimate_that_does_not_exist():
    with pytest.raises(ConfigError, match="no estimate named 'masterie'; did you mean 'mastery'"):
        Safe(Random(), needs=["masterie"])


def names(columns):
    return [[str(CATALOG.items[c]) for c in row if c >= 0] for row in columns]


def test_the_first_k_of_a_slate_are_no_near_duplicates():
    score = Slate(WateringCan(visits=2), k=4, alike=0.5).score(scene())
    # list: s1, then c1 (s2 is like s1), then t1 (c+t is half like c1), then the quiz, then the rest as listed
    assert names(np.argsort(-score, axis=1, kind="stable"))[0] == ["s1", "c1", "t1", "quiz", "s2", "c2", "t2", "c+t"]
    narrow = Slate(WateringCan(visits=2), k=4, alike=0.6).score(scene())
    assert names(np.argsort(-narrow, axis=1, kind="stable"))[0][:4] == ["s1", "c1", "t1", "c+t"]


def test_a_slate_is_filled_with_near_duplicates_where_nothing_else_is_left():
    eligible = np.zeros((2, 8), dtype=bool)
    eligible[:, :2] = True
    score = Slate(WateringCan(), k=5).score(scene(eligible=eligible))
    assert names(np.argsort(-score, axis=1, kind="stable"))[0][:2] == ["s1", "s2"]
    drawn = Slate(Random(), k=3).draw(scene(eligible=eligible), np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(drawn.columns, axis=1), [[-1, 0, 1]] * 2)
    np.testing.assert_allclose(drawn.propensity, [[0.5, 1.0, 0.0]] * 2)


def test_the_propensity_of_a_slot_is_that_given_the_slots_before():
    drawn = Slate(Random(), k=3, alike=0.5).draw(scene(), np.random.default_rng(3))
    trains = CATALOG.incidence.astype(int)
    for columns, given in zip(drawn.columns, drawn.propensity, strict=True):
        left = np.ones(8, dtype=bool)
        for column, probability in zip(columns, given, strict=True):
            assert left[column]
            assert probability == pytest.approx(1 / left.sum())
            shared = trains @ trains[column]
            either = trains.sum(axis=1) + trains[column].sum() - shared
            left &= ~((shared > 0) & (shared >= 0.5 * either))
            left[column] = False


def test_lists_are_drawn_as_often_as_their_propensities_say():
    many = scene(mastery=np.ones((4000, 3)), level=np.ones((4000, 3)), weight=np.ones((4000, 3)))
    drawn = Slate(WateringCan(visits=2, epsilon=0.5), k=2).draw(many, np.random.default_rng(1))
    lists, first, number = np.unique(drawn.columns, axis=0, return_index=True, return_counts=True)
    said = drawn.propensity[first].prod(axis=1)
    assert len(lists) > 20
    assert said.sum() == pytest.approx(1.0)
    assert np.abs(number / 4000 - said).max() < 5 * np.sqrt(said.max() / 4000)


def test_a_list_of_one_is_an_ordinary_offer():
    situation = crowd(20, 30, 5)
    drawn = Slate(AffinityOnly(), k=1).draw(situation, np.random.default_rng(0))
    given = AffinityOnly().propensities(situation)
    np.testing.assert_allclose(drawn.propensity[1:, 0], given[np.arange(1, 20), drawn.columns[1:, 0]])
    assert drawn.columns[0, 0] == -1


@pytest.mark.parametrize("name", ["mask", "constrain", "safe", "slate"])
def test_a_wrapper_is_evaluated_like_any_other_policy(name):
    from test_configs import mistakes, whole

    config = whole("evaluate", "models.tracer=somewhere", f"+policy@policies.{name}={name}")
    assert config.policies[name].policy._target_.endswith("DebtPerMinute")
    assert mistakes(config) == []
