import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lernpfad.core import BundleError, ConfigError
from lernpfad.policy import (
    AffinityOnly,
    DebtPerMinute,
    Explore,
    Legal,
    LinUCB,
    Logging,
    MasteryThreshold,
    Mix,
    Oracle,
    Planner,
    Random,
    RoleCurriculum,
    Softened,
    Thompson,
    WateringCan,
)
from lernpfad.policy.spec import arrays, build, describe, learn
from policy.experiences import small
from policy.scenes import crowd

EVERY = [
    AffinityOnly(temperature=0.7),
    DebtPerMinute(shortlist=7, epsilon=0.0),
    Logging(block=0.35),
    MasteryThreshold(threshold=0.8),
    Oracle(),
    LinUCB(alpha=1.0),
    Planner(horizon=2),
    Thompson(formula=DebtPerMinute(aim=0.2)),
    Random(),
    RoleCurriculum(visits=2),
    WateringCan(visits=5),
    Explore(Legal(Random()), 0.2),
    Softened(DebtPerMinute(), 0.1),
    Mix([Legal(WateringCan()), Explore(AffinityOnly(), 0.1)], [1, 2.5]),
]


@pytest.mark.parametrize("policy", EVERY, ids=lambda policy: type(policy).__name__)
def test_describe_and_build_round_trip_through_json(policy):
    revived = build(json.loads(json.dumps(describe(policy))))
    assert revived == policy
    situation = crowd(6, 12, 3)
    np.testing.assert_array_equal(revived.propensities(situation), policy.propensities(situation))


def test_what_a_description_looks_like():
    assert describe(Explore(Random(), 0.2)) == {
        "class": "lernpfad.policy.combine.Explore",
        "policy": {"class": "lernpfad.policy.random.Random"},
        "rate": 0.2,
    }


@dataclass(frozen=True)
class Stranger:
    """A policy from elsewhere."""

    inner: Any = None

    def propensities(self, situation):
        return Random().propensities(situation)


def test_a_class_from_elsewhere_is_refused_unless_trusted():
    spec = describe(Explore(Stranger()))
    with pytest.raises(BundleError, match=r"Stranger' is not from lernpfad.policy; .* trusted"):
        build(spec)
    assert type(build(spec, trusted=[Stranger.__module__]).policy).__name__ == "Stranger"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"class": "os.system"}, "not from lernpfad.policy"),
        ({"class": "lernpfad.policyevil.Thing"}, "not from lernpfad.policy"),
        ({}, "policy class '' is not from"),
        ({"class": "lernpfad.policy.random.Nothing"}, "does not exist here"),
        ({"class": "lernpfad.policy.nowhere.Random"}, "does not exist here"),
        ({"class": "lernpfad.policy.spec.import_module"}, "is not a class of lernpfad.policy"),
        ({"class": "lernpfad.policy.spec.BundleError"}, "is not a class of lernpfad.policy"),
        ({"class": "lernpfad.policy.random.Random", "speed": 3}, "does not take these settings"),
        ({"class": "lernpfad.policy.logging._Tables"}, "does not take these settings"),
        ({"class": "lernpfad.policy.explode"}, "does not exist here"),
    ],
)
def test_a_description_that_cannot_be_built_is_one_line(spec, message):
    with pytest.raises(BundleError, match=message) as caught:
        build(spec)
    assert "\n" not in str(caught.value)


def test_settings_that_are_not_plain_are_refused():
    with pytest.raises(ConfigError, match=r"Stranger.inner is a object, expected numbers"):
        describe(Stranger(inner=object()))


def fitted():
    bandit = LinUCB(doubt=0.5)
    bandit.theta_, bandit.spread_ = np.arange(16.0), np.eye(16)
    return bandit


def test_what_was_learned_travels_as_arrays_beside_the_description():
    policy = Mix([Explore(fitted(), 0.1), Legal(Random())], [1, 1])
    spec, learned = json.loads(json.dumps(describe(policy))), arrays(policy)
    assert set(learned) == {"policies.0.policy.theta_", "policies.0.policy.spread_"}
    revived, now = build(spec, arrays=learned), crowd(6, 12, 3)
    np.testing.assert_array_equal(revived.policies[0].policy.theta_, np.arange(16.0))
    np.testing.assert_array_equal(revived.propensities(now), policy.propensities(now))
    assert describe(revived) == describe(policy)


def test_a_learned_policy_without_its_arrays_or_with_others_is_refused():
    spec, learned = describe(fitted()), arrays(fitted())
    with pytest.raises(BundleError, match=r"LinUCB was learned, and the arrays that it learned are not here"):
        build(spec)
    with pytest.raises(BundleError, match=r"are not those that it was described with"):
        build(spec, arrays=learned | {"theta_": learned["theta_"] + 1})


def test_learning_reaches_policies_inside_policies():
    policy = learn(Explore(LinUCB()), small())
    assert hasattr(policy.policy, "theta_")
    assert learn(Random(), small()) == Random()
