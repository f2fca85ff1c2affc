from dataclasses import replace

import numpy as np
import pytest

from lernpfad.core import ConfigError, Interactions
from lernpfad.policy import DebtPerMinute, Oracle
from lernpfad.policy.debtperminute import aiming, best, founded, promise, readiness, spoken_for
from policy.scenes import CATALOG, crowd, scene


class Stepper:
    """A tracer of which everything can be said by hand: mastery per skill; right adds .2, wrong adds .1."""

    def fit(self, train, valid=None):
        return self

    def start(self, learners):
        return np.full((learners, 3), 0.2)

    def update(self, state, seen: Interactions):
        state = state.copy()
        for j, item in enumerate(seen.item):
            skills = CATALOG.item_skills[item][CATALOG.item_skills[item] >= 0]
            state[j, skills] = np.minimum(1.0, state[j, skills] + (0.1 if seen.outcome[j] == 0 else 0.2))
        return state

    def predict(self, state, items, at):
        skills = CATALOG.skills_of(items)[..., 0]
        return np.where(skills >= 0, np.take_along_axis(state, np.maximum(skills, 0), axis=1), 0.5)

    def mastery(self, state, at):
        return state


MASTERY = np.array([[0.7, 0.5, 0.1], [0.3, 0.6, 0.6]])
PLAIN = {
    "aim": 0.0,
    "trust": 1.0,
    "unready": 1.0,
    "unsuited": 1.0,
    "crowding": 0.0,
    "foundation": 0.0,
    "silent": 0.0,
    "epsilon": 0.0,
    "slope": 0.0,
    "bias": 50.0,
}
"""No discounts, and every offer is accepted: debt per minute and nothing else."""


def stepping(**more):
    return scene(mastery=MASTERY, tracer=Stepper(), state=MASTERY, **more)


def test_debt_per_minute_by_hand():
    score = DebtPerMinute(**PLAIN).score(stepping())
    # learner 0, all weights 1, levels .8: asked 2.4. s1: gap .1, right or wrong it closes: (.7 * .1 + .3 * .1) / 5
    # c1: P .5, gap .3: right closes .2, wrong .1: .15. t1: P .1: .1 * .2 + .9 * .1 = .11.
    # c+t: P .5: charts .15 and talks .15. quiz trains nothing.
    by_hand = np.array([0.1 / 5, 0.1 / 10, 0.15 / 5, 0.15 / 10, 0.11 / 5, 0.11 / 10, 0.3 / 10, 0.0]) / 2.4
    np.testing.assert_allclose(score[0], by_hand, atol=1e-9)
    # learner 1: weights 1, .5, 0, asked 1.2; sheets P .3: .13; charts P .6: .16, half the weight; talks weigh nothing
    by_hand = np.array([0.13 / 5, 0.13 / 10, 0.08 / 5, 0.08 / 10, 0, 0, 0.08 / 10, 0.0]) / 1.2
    np.testing.assert_allclose(score[1], by_hand, atol=1e-9)


def test_it_offers_the_best_and_shares_ties():
    taken_twice = np.zeros((2, 8), dtype=bool)
    taken_twice[:, 2:4] = True
    propensities = DebtPerMinute(**PLAIN).propensities(stepping(eligible=~taken_twice))
    assert CATALOG.items[propensities.argmax(axis=1)].tolist() == ["c+t", "s1"]
    equal = DebtPerMinute(**PLAIN).propensities(stepping(weight=np.zeros((2, 3))))
    np.testing.assert_allclose(equal, 1 / 8)


def test_declined_offers_cost_minutes():
    # P(accept) = .25: three declined offers of .3 minutes before each accepted one
    policy = DebtPerMinute(**(PLAIN | {"bias": -np.log(3)}))
    situation = stepping()
    np.testing.assert_allclose(policy.acceptance(situation), 0.25)
    np.testing.assert_allclose(policy.minutes_per_taken(situation)[0], CATALOG.minutes + 0.9)


def test_affinity_raises_acceptance():
    affinity = np.tile([1.0, 3.0, 5.0, 1, 3, 5, 3, 3], (2, 1))
    accept = DebtPerMinute(slope=0.5, bias=0.8).acceptance(stepping(given={"affinity": affinity, "mastery": MASTERY}))
    z = (affinity[0] - 3) / affinity[0].std()
    np.testing.assert_allclose(accept[0], 1 / (1 + np.exp(-(0.5 * z + 0.8))))


def test_readiness_by_hand():
    ready = readiness(stepping(), floor=0.15)
    np.testing.assert_allclose(ready[0], 1.0)  # sheets at .7: charts are ready
    np.testing.assert_allclose(ready[1, [2, 3]], 0.15 + 0.85 * 0.6)  # sheets at .3 of the .5 needed
    np.testing.assert_allclose(ready[1, 6], 0.15 + 0.85 * 0.8)  # charts .6 and talks 1, averaged
    np.testing.assert_allclose(ready[1, 7], 1.0)


def test_the_zone_is_a_hump_with_a_floor():
    zone = DebtPerMinute(target=0.8, width=0.25, unsuited=0.3).zone(np.array([0.8, 0.55, 0.0]))
    np.testing.assert_allclose(zone, [1.0, 0.3 + 0.7 * np.exp(-0.5), 0.3 + 0.7 * np.exp(-5.12)])


def test_promise_sums_over_skills():
    owed = promise(stepping())
    np.testing.assert_allclose(owed[0], np.array([0.1, 0.1, 0.3, 0.3, 0.7, 0.7, 1.0, 0.0]) / 2.4)


def test_who_misses_nothing_is_kept_fresh_in_what_weighs_most():
    situation = stepping(level=np.full((2, 3), 0.1), weight=[[0.2, 0.4, 1.0]] * 2)
    assert situation.debt.max() == 0
    score = DebtPerMinute(**(PLAIN | {"trust": 0.5})).score(situation)
    assert CATALOG.items[score.argmax(axis=1)].tolist() == ["t1", "t1"]


def test_aiming_raises_what_is_required_and_keeps_the_estimates():
    situation = stepping(level=[[0.8, 0.0, 0.95]] * 2)
    aimed = aiming(situation, above=0.1)
    np.testing.assert_allclose(aimed.requirement.level, [[0.9, 0.0, 1.0]] * 2)
    np.testing.assert_allclose(aimed.gap[0], [0.2, 0.0, 0.9])
    assert aimed.mastery is situation.mastery
    assert aimed.success is situation.success


def test_trust_is_a_geometric_mean_of_what_ifs_and_gap():
    situation, half = stepping(), DebtPerMinute(**(PLAIN | {"trust": 0.5}))
    # t1 of learner 0: closes .11 of 2.4, misses .7 of 2.4, in 5 minutes
    np.testing.assert_allclose(half.score(situation)[0, 4], np.sqrt(0.11 * 0.7) / 2.4 / 5)
    none = DebtPerMinute(**(PLAIN | {"trust": 0.0}))
    np.testing.assert_allclose(none.score(situation)[0, 4], 0.7 / 2.4 / 5)


def test_the_effect_by_hand():
    effect = DebtPerMinute(**(PLAIN | {"crowding": 0.5})).effect(stepping())
    np.testing.assert_allclose(effect[0], [1, 1, 1, 1, 1, 1, 2**-0.5, 1])
    effect = DebtPerMinute(**(PLAIN | {"unready": 0.2})).effect(stepping())
    np.testing.assert_allclose(effect[1, :3], [1, 1, 0.2 + 0.8 * 0.6])


def test_the_shortlist_is_looked_ahead_for_and_ranks_above_the_rest():
    situation = stepping()
    full, short = DebtPerMinute(**PLAIN).score(situation), DebtPerMinute(**PLAIN, shortlist=3).score(situation)
    for j in range(2):
        listed = np.argsort(-short[j])[:3]
        np.testing.assert_allclose(short[j, listed], full[j, listed])
        rest = np.setdiff1d(np.arange(8), listed)
        assert short[j, rest].max() < short[j, listed].min()
    assert np.isfinite(short).all()


def test_a_shortlist_wider_than_the_eligible_items_changes_nothing():
    situation = crowd(30, 40, 6)
    assert situation.eligible.sum(axis=1).max() < 39
    wide, all_ = DebtPerMinute(shortlist=39), DebtPerMinute(shortlist=40)
    np.testing.assert_array_equal(wide.score(situation), all_.score(situation))


def test_scores_are_finite_exactly_where_eligible():
    situation = crowd(50, 60, 6)
    for policy in (DebtPerMinute(shortlist=5), Oracle()):
        np.testing.assert_array_equal(np.isfinite(policy.score(situation)), situation.eligible)
        total = policy.propensities(situation).sum(axis=1)
        np.testing.assert_allclose(total, situation.eligible.any(axis=1))


def test_without_a_role_nothing_divides_by_zero():
    score = DebtPerMinute().score(stepping(weight=np.zeros((2, 3))))
    assert np.isfinite(score).all()


def test_best_columns():
    scores = np.array([[1.0, 9.0, 5.0, 7.0], [4.0, 3.0, 2.0, 1.0]])
    assert [set(row) for row in best(scores, 2)] == [{1, 3}, {0, 1}]
    np.testing.assert_array_equal(best(scores, 9), [[0, 1, 2, 3]] * 2)


def test_the_oracle_is_debt_per_minute_without_discounts():
    assert Oracle.sees_truth
    assert not hasattr(DebtPerMinute, "sees_truth")
    situation = stepping()
    plain = DebtPerMinute(**(PLAIN | {"slope": 0.5, "bias": 0.8})).score(situation)
    np.testing.assert_array_equal(Oracle().score(situation), plain)


@pytest.mark.parametrize("settings", [{"shortlist": 0}, {"width": 0}, {"unready": 2}, {"unsuited": -1}, {"trust": 9}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError, match="expected a"):
        DebtPerMinute(**settings)


def test_what_missing_skills_build_on_is_wanted_as_well():
    """sheets -> charts -> talks: learner 0 misses .3 / .8 of charts and .7 / .8 of talks, each of weight 1."""
    graph = CATALOG.with_prerequisites(np.array([[0, 1], [1, 2]]))
    asked = founded(replace(stepping(), catalog=graph), share=0.5, held=0.9).requirement
    charts = 0.5 * 0.7 / 0.8
    sheets = 0.5 * (0.3 / 0.8 + charts)
    np.testing.assert_allclose(asked.weight[0], [1 + sheets, 1 + charts, 1])
    np.testing.assert_allclose(asked.level[0], [0.9, 0.9, 0.8])
    same = stepping()
    assert founded(same, share=0.0, held=0.9) is same


def test_a_foundation_that_the_role_says_nothing_of_is_taught_before_what_is_out_of_reach():
    graph = CATALOG.with_prerequisites(np.array([[0, 2]]))
    known = np.array([[0.2, 0.9, 0.1]] * 2)
    weight = np.array([[0.0, 0.0, 1.0]] * 2)
    situation = replace(scene(mastery=known, tracer=Stepper(), state=known, weight=weight), catalog=graph)
    careless = DebtPerMinute(**(PLAIN | {"unready": 0.2})).score(situation)
    careful = DebtPerMinute(**(PLAIN | {"unready": 0.2, "foundation": 2.0})).score(situation)
    assert CATALOG.items[careless[0].argmax()] in ("t1", "c+t")
    assert CATALOG.items[careful[0].argmax()] == "s1"


def test_what_the_tracer_is_silent_about_is_taken_to_teach_as_the_rest_does():
    closed, owed = np.array([[0.2, 0.1, 0.0]]), np.array([[0.4, 0.2, 0.4]])
    assessed = np.array([[True, True, False]])
    np.testing.assert_allclose(spoken_for(closed, owed, assessed, share=0.5), [[0.2, 0.1, 0.5 * 0.3 / 0.6 * 0.4]])
    nothing = np.zeros((1, 3), dtype=bool)
    np.testing.assert_allclose(spoken_for(closed, owed, nothing, share=0.5), closed)
