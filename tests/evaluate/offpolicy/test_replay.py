"""A log is replayed as it was made: the policy that wrote it says again what was logged."""

from dataclasses import replace

import numpy as np
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import Catalog, DataError, NextBest, Sequences
from lernpfad.core.laws import Counting
from lernpfad.core.walk import eligible_of
from lernpfad.evaluate.offpolicy import DR, SNIPS, Limits, Ridge, cross_fitted, judge, of_offer, replay, right
from lernpfad.policy import AffinityOnly, DebtPerMinute, Legal, Logging, Random, SpacedRepetition
from lernpfad.policy.combine import Explore, Mix
from lernpfad.simulate.rollout import history, rollout
from simulate.small import world

WORLD = world()


@pytest.fixture(scope="module")
def models():
    other = rollout(Random(), WORLD, learners=40, weeks=3, seed=9, name="random").log
    return {"tracer": Counting().fit(other), "recommender": Popularity().fit(other)}


@pytest.fixture(scope="module")
def branch(models):
    """Two weeks of anything, then a week under a mixture that looks at everything that a policy may see."""
    past = rollout(Random(), WORLD, learners=60, weeks=2, seed=3, name="random")
    return rollout(behaviour(), WORLD, learners=60, weeks=1, seed=3, name="mix", after=past, **models)


def behaviour():
    return Mix((Logging(block=0.35), Explore(DebtPerMinute(), 0.2), AffinityOnly()), (0.6, 0.2, 0.2))


def replayed(branch, models, policies, **changes):
    log = history(branch)
    settings = {"judged": log.extra["week"] == 2, "roles": WORLD.roles, "role": branch.role, **models}
    return replay(log, policies, **(settings | changes))


def test_the_policy_that_wrote_the_log_says_it_again(branch, models):
    found = replayed(branch, models, {"mix": behaviour()})
    assert len(found.log) == len(branch.log) > 100
    said = found.propensities["mix"][np.arange(len(found.log)), found.log.item]
    np.testing.assert_allclose(said, branch.log.extra["propensity"], rtol=2e-5)
    assert (found.eligible.sum(axis=1) == branch.log.extra["eligible"]).all()
    same = found.logged("mix", behaviour="mix")
    np.testing.assert_allclose(same.weight, 1.0, rtol=2e-5)
    assert SNIPS().terms(same).value == pytest.approx(right(branch.log).mean())


def test_what_is_judged_is_what_would_be_served(branch, models):
    """The situation that a service builds from the posted history gives the propensities that are judged here."""
    policy = behaviour()
    found = replayed(branch, models, {"mix": policy})
    log, first = history(branch), found.log.offsets[:-1][found.log.lengths > 0]
    asked = np.flatnonzero(found.log.lengths > 0)
    at = found.log.time[first]
    eligible = np.where(found.eligible[first], log.catalog.minutes, -np.inf)
    situation = NextBest(models["tracer"], models["recommender"], policy).situation(
        log.where(log.extra["week"] < 2).select(asked),
        requirement=WORLD.roles.at(branch.role[asked], at),
        role=branch.role[asked],
        minutes_left=eligible.max(axis=1),
        at=at,
    )
    np.testing.assert_allclose(policy.propensities(situation), found.propensities["mix"][first], rtol=1e-6, atol=1e-9)


def test_another_policy_did_not_write_it(branch, models):
    found = replayed(branch, models, {"mix": behaviour(), "legal": Legal(Random())})
    with pytest.raises(DataError, match=r"row \d+ was logged with propensity .* policy 'legal' says .*pass the policy"):
        found.logged("mix", behaviour="legal")


def test_other_estimates_did_not_write_it(branch, models):
    """A tracer that is forgotten is found out: the logging policy would have said something else."""
    found = replayed(branch, models, {"mix": behaviour()}, tracer=None)
    with pytest.raises(DataError, match="pass the policy, tracer, recommender and roles"):
        found.logged("mix", behaviour="mix")


def test_without_its_history_a_log_is_refused(models):
    """What was taken before decides what is eligible; the log knows how many were."""
    long = rollout(Random(), WORLD, learners=20, weeks=8, seed=3, name="random").log
    assert len(replay(long, {"random": Random()}).log) == len(long)
    late = long.where(long.extra["week"] >= 6)
    with pytest.raises(DataError, match=r"its history allows .*pass the whole history"):
        replay(late, {"random": Random()})


def test_eligible_are_the_shortest_items():
    """By hand: minutes 3, 9, 5, 5; the first was taken twice. Two eligible: the two of five minutes, not the nine."""
    catalog = Catalog.of(["a", "b", "c", "d"], ["s"], [[0]] * 4, minutes=[3.0, 9.0, 5.0, 5.0])
    log = Sequences.of(catalog, ["x"], [1], np.array([2]), np.array([1]), extra={"eligible": np.array([2])})
    may, left = eligible_of(np.array([[2, 0, 0, 0]]), log, np.array([0]))
    assert may.tolist() == [[False, False, True, True]]
    assert left.tolist() == [5.0]
    told = replace(log, extra={"eligible": np.array([2]), "minutes_left": np.array([8.0])})
    assert eligible_of(np.array([[2, 0, 0, 0]]), told, np.array([0]))[1].tolist() == [8.0]
    with pytest.raises(DataError, match="row 0 was logged with 2 eligible items, its history allows 2 and not the one"):
        eligible_of(np.array([[0, 0, 2, 0]]), log, np.array([0]))


def test_a_log_without_propensities_is_refused(branch):
    bare = replace(branch.log, extra={})
    with pytest.raises(DataError, match="no column 'propensity'"):
        replay(bare, {"random": Random()})


def test_from_log_to_judgement(branch, models):
    """The thinnest way through: replay, cross-fit, judge."""
    policies = {"mix": behaviour(), "flat": Mix((behaviour(), Random()), (0.7, 0.3))}
    found = replayed(branch, models, policies, features=of_offer)
    logged = found.logged("flat", behaviour="mix")
    logged = logged.with_model(cross_fitted(Ridge, found.features, logged))
    made = judge(DR(), logged, limits=Limits(ess_units=20))
    assert made.refused is None
    assert made.low < made.value < made.high
    assert 0 < made.value < 1
    assert made.diagnostics.unsupported < 0.01
    assert abs(made.diagnostics.mean_weight - 1) < 4 * made.diagnostics.mean_weight_error


def test_a_policy_that_reads_histories_needs_no_recommender():
    """Who plans by what was done before is told of it, whatever else the platform knows."""
    alone = rollout(SpacedRepetition(), WORLD, learners=20, weeks=3, seed=5, name="due")
    log = history(alone)
    found = replay(log, {"due": SpacedRepetition()}, roles=WORLD.roles, role=alone.role)
    assert found.logged("due", behaviour="due").weight == pytest.approx(1.0, abs=1e-4)
