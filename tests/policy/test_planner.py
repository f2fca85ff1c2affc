"""Planning: a stepping stone is seen, ties are the formula's, opinions that differ count for less."""

from dataclasses import asdict, dataclass
from time import process_time
from typing import Any

import numpy as np
import pytest

from lernpfad.core import Catalog, ConfigError, FloatArray, take
from lernpfad.core.laws import Counting
from lernpfad.policy import DebtPerMinute, Oracle, OraclePlanner, Planner
from lernpfad.policy.beam import Beam, best_by_first, futures
from lernpfad.policy.lasting import lasting
from lernpfad.policy.planner import planned
from lernpfad.simulate import OracleTracer, rollout
from lernpfad.simulate.calendar import START
from policy.experiences import small
from policy.scenes import scene
from simulate.small import Uniform, people, world

STAIRS = Catalog.of(["stone", "crumb", "summit"], ["base", "side", "top"], [[0], [1], [2]], minutes=5.0)


@dataclass
class Stairs:
    """A tracer that knows: the stone lifts the base by .2, the crumb the side by .3; the summit lifts the top by .9,
    but only from the stone. Whatever was answered.
    """

    lift: float = 0.9

    def start(self, learners: int) -> FloatArray:
        return np.zeros((learners, 3))

    def fit(self, train: Any, valid: Any = None) -> "Stairs":
        return self

    def update(self, state: FloatArray, seen: Any) -> FloatArray:
        after, each = state.copy(), np.arange(len(state))
        lift = np.array([0.2, 0.3, 0.0])[seen.item] + np.where((seen.item == 2) & (state[:, 0] > 0), self.lift, 0.0)
        after[each, seen.item] = np.minimum(1.0, after[each, seen.item] + lift)
        return after

    def predict(self, state: FloatArray, items: Any, at: FloatArray) -> FloatArray:
        return np.full(items.shape, 0.5)

    def mastery(self, state: FloatArray, at: FloatArray) -> FloatArray:
        return state


def stairs(tracer: Any, state: Any, learners: int = 1):
    return scene(
        mastery=np.zeros((learners, 3)),
        level=np.ones((learners, 3)),
        weight=np.ones((learners, 3)),
        catalog=STAIRS,
        tracer=tracer,
        state=state,
    )


PLAIN = {"trust": 1.0, "aim": 0.0, "unready": 1.0, "unsuited": 1.0, "crowding": 0.0, "epsilon": 0.0}


def test_a_stepping_stone_is_seen_by_who_plans_and_by_nobody_else():
    now = stairs(Stairs(), np.zeros((1, 3)))
    assert DebtPerMinute(**PLAIN).propensities(now).argmax() == 1
    assert Planner(**PLAIN, horizon=1).propensities(now).argmax() == 1
    assert Planner(**PLAIN, horizon=2).propensities(now).argmax() == 0


def test_the_worth_of_sequences_by_hand():
    """Debt is a third of each gap. Discount .5, five minutes each: stone then summit (.2 + .5 x .9) / 3 / 7.5,
    crumb then stone (.3 + .5 x .2) / 3 / 7.5; from the summit nothing, then the crumb .5 x .3 / 3 / 7.5.
    """
    now = stairs(Stairs(), np.zeros((1, 3)))
    beam = Beam(horizon=2, width=9, caution=0.0, discount=0.5)
    found = beam.search(now, np.array([[0, 1, 2]]), np.full((1, 3), 5.0), lambda c, i, s: c.debt_reduction(i))
    np.testing.assert_allclose(found, np.array([[0.65, 0.40, 0.15]]) / 3 / 7.5)


def test_what_may_not_be_taken_is_in_no_plan():
    now = stairs(Stairs(), np.zeros((1, 3)))
    beam = Beam(horizon=3, width=9, caution=0.0, discount=0.5)
    cost = np.array([[np.inf, 5.0, 5.0]])
    found = beam.search(now, np.array([[0, 1, 2]]), cost, lambda c, i, s: c.debt_reduction(i))
    assert found[0, 0] == -np.inf


@dataclass
class Divided(Stairs):
    """Three tracers; one of them does not believe in the summit."""

    def opinions(self, state: FloatArray) -> Any:
        return [(Stairs(lift), state) for lift in (0.9, 0.9, 0.0)]


def test_what_opinions_differ_about_counts_for_less():
    """Mean lift .6, deviation .424. Stone first: .2 + .8 x .6 = .68, with one deviation .2 + .8 x .176 = .34; crumb
    first, then the stone: .3 + .8 x .2 = .46 either way.
    """
    now = stairs(Divided(), np.zeros((1, 3)))
    assert Planner(**PLAIN, horizon=2, caution=0.0).propensities(now).argmax() == 0
    assert Planner(**PLAIN, horizon=2, caution=1.0).propensities(now).argmax() == 1


def test_chances_of_the_imagined_cases_sum_to_one_and_the_state_is_left_alone():
    experience = small()
    now = next(step.situation for n, step in enumerate(experience.decisions()) if n == 5)
    root = futures(now)[0]
    items = np.tile([0, 1], (len(now), 1))
    after = root.after(now, np.zeros((len(now), 2), dtype=int), items)
    twice = after.after(now, np.tile([1, 0], (len(now), 1)), items)
    assert twice.chance.shape == (len(now), 2, 4)
    np.testing.assert_allclose(twice.chance.sum(axis=2), 1.0)
    wrong = Counting.update(experience.tracer, now.state, imagined_wrong(now, 0))
    first = take(after.state, np.arange(len(now)) * 4)
    np.testing.assert_array_equal(
        experience.tracer.predict(first, items, now.at), experience.tracer.predict(wrong, items, now.at)
    )


def imagined_wrong(now, item):
    from lernpfad.policy.beam import imagined

    return imagined(np.full(len(now), item), np.zeros(len(now), dtype=int), now.at, catalog=now.catalog)


def test_the_planned_stand_above_the_others_in_their_order():
    before = np.array([[5.0, 4.0, 3.0, -np.inf]])
    score = planned(np.array([[0.1, -np.inf]]), np.array([[2, 0]]), before)
    np.testing.assert_allclose(score[0], [-0.9, -1.9, 0.1, -np.inf])
    assert best_by_first(np.array([[1.0, 3.0, 2.0]]), np.array([[0, 1, 0]]), 3).tolist() == [[2.0, 3.0, -np.inf]]


def test_what_lasts_is_what_the_world_forgets_less():
    """At once all of it lasts; a year later some is forgotten, but never more than all."""
    of = world()
    oracle = OracleTracer(of)
    now = scene(
        mastery=np.zeros((12, 8)),
        level=np.full((12, 8), 0.99),
        weight=np.ones((12, 8)),
        catalog=of.catalog,
        tracer=oracle,
        state=people(of, 12),
    )
    now = type(now)(**{**vars(now), "at": np.full(12, START + 600.0), "given": {}})
    items = np.tile(np.arange(10), (12, 1))
    at_once, later = lasting(now, items, days=0.0), lasting(now, items, days=365.0)
    np.testing.assert_allclose(at_once, 1.0, rtol=1e-4)
    assert (later <= at_once + 1e-4).mean() > 0.9
    assert later.mean() < 0.8


def test_the_oracle_that_plans_is_no_worse_than_the_greedy_one():
    """On average over small companies, on the same people with the same luck: more debt-weeks avoided."""
    left = {"greedy": [], "planner": []}
    for seed in (1000, 1001):
        of = world(seed=seed)
        past = rollout(Uniform(), of, learners=60, weeks=2, seed=seed, name="past")
        for name, policy in (("greedy", Oracle()), ("planner", OraclePlanner(breadth=8, kept=4))):
            done = rollout(policy, of, learners=60, weeks=5, seed=seed, name=name, tracer=OracleTracer(of), after=past)
            left[name].append(np.nanmean(done.debt))
    assert np.mean(left["planner"]) < np.mean(left["greedy"]) + 5e-4


def test_a_decision_takes_few_milliseconds():
    """Processor time for 64 learners; the bound is the product's 15 ms a learner."""
    experience = small()
    now = next(step.situation for n, step in enumerate(experience.decisions()) if n == 5)
    policy = Planner()
    policy.propensities(now)
    began = process_time()
    policy.propensities(now)
    assert process_time() - began < 0.015 * len(now)


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="Planner: horizon is 0"):
        Planner(horizon=0)


def test_planning_changes_no_setting_of_the_formula_that_it_plans_with():
    formula, planner = asdict(DebtPerMinute()), asdict(Planner())
    assert {name: planner[name] for name in formula} == formula
    oracle, plans = asdict(Oracle()), asdict(OraclePlanner())
    assert {name: plans[name] for name in oracle} == oracle
