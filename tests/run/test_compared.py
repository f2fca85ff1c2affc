"""Policies of one world: side by side as one after the other, taught on other people, and asked whom they ask."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from lernpfad.core import Policy
from lernpfad.evaluate.closed_loop import compare
from lernpfad.policy import AffinityOnly, DebtPerMinute, Legal, Random, WateringCan, spec
from lernpfad.run import closed_loop, compared, stack
from lernpfad.run.closed_loop import Outcome
from lernpfad.run.seeds import child
from lernpfad.run.store import Fitted
from lernpfad.simulate.rollout import rollout
from simulate.small import world
from simulate.test_rollout import Counting

_FORMULA = {"_target_": "lernpfad.policy.debtperminute.DebtPerMinute"}
_WORLD = {"skills": 8, "items": 40, "roles": 3, "cluster_size": 4, "skills_per_role": 5, "minutes": 60.0}
CONFIG = {
    "seed": 3,
    "repeats": 2,
    "learners": 12,
    "past_weeks": 2,
    "weeks": 2,
    "rest": 1,
    "resamples": 50,
    "progress": False,
    "only": None,
    "reference": "wateringcan",
    "log": {"learners": 20, "weeks": 2},
    "simulator": {"_target_": "lernpfad.simulate.Corporate", **_WORLD},
    "past_policy": {"_target_": "lernpfad.policy.random.Random"},
    "policies": {
        "wateringcan": {"_target_": "lernpfad.policy.wateringcan.WateringCan"},
        "debtperminute": _FORMULA,
        "linucb": {"_target_": "lernpfad.policy.linucb.LinUCB", "formula": _FORMULA},
        "oracle": {"_target_": "lernpfad.policy.oracle.Oracle"},
    },
}


@pytest.fixture(scope="module")
def config() -> Any:
    return OmegaConf.create(CONFIG)


@pytest.fixture(scope="module")
def models() -> stack.Models:
    of = world()
    return stack.Models(Fitted(Counting(), of.believed, of.roles, {}, Path("nowhere")), None)


@pytest.fixture(scope="module")
def outcome(config: Any, models: stack.Models) -> Outcome:
    return closed_loop.run(config, models)


def test_populations_side_by_side_are_those_of_one_after_the_other(
    config: Any, models: stack.Models, outcome: Outcome
) -> None:
    loops: dict[str, list[Any]] = {name: [] for name in outcome.policies}
    for seed in closed_loop.seeds(config):
        size = {"learners": 12, "seed": seed}
        truth = stack.truth(outcome.world)
        past = rollout(Random(), outcome.world, weeks=2, name="past", tracer=truth, **size)
        for name, policy in outcome.policies.items():
            told = stack.told(policy, models.tracer.model, outcome.world)
            more = {"weeks": 2, "rest": 1, "after": past, "watched": 12}
            loops[name].append(rollout(policy, outcome.world, name=name, tracer=told, **more, **size))
    for name, some in loops.items():
        assert np.array_equal(outcome.rollouts[name].debt, np.concatenate([one.debt for one in some], axis=1))
        assert np.array_equal(outcome.rollouts[name].log.item, np.concatenate([one.log.item for one in some]))
    settings = {"resamples": 50, "roles": outcome.world.roles, "catalog": outcome.world.catalog}
    together, apart = compare(outcome.rollouts, **settings), compare(loops, **settings)
    assert [one.row() for one in together] == [one.row() for one in apart]


def test_policies_learn_from_people_who_are_not_judged(config: Any, outcome: Outcome) -> None:
    assert set(spec.arrays(outcome.policies["linucb"])) != set()
    assert spec.arrays(outcome.policies["debtperminute"]) == {}
    lesson = compared.lessons(config, outcome.world)
    assert len(lesson.log.learners) == 20
    assert lesson.seeds[0] not in closed_loop.seeds(config)
    assert lesson.seeds == (child(3, "people whom policies learn from"),)
    assert not np.array_equal(lesson.debt[0, :12], outcome.past.debt[0, :12])


def test_belief_is_held_against_the_truth_where_the_tracer_is_asked(outcome: Outcome) -> None:
    assert set(outcome.beliefs) == {"debtperminute", "linucb"}
    assert all(one.items > 0 for one in outcome.beliefs.values())
    assert set(outcome.accounts) == set(outcome.policies)
    assert all(one.books.weeks == 3 for one in outcome.accounts.values())


@pytest.mark.parametrize(
    ("policy", "asks"),
    [
        (WateringCan(), False),
        (Random(), False),
        (AffinityOnly(), False),
        (Legal(Random()), True),
        (DebtPerMinute(), True),
    ],
)
def test_who_asks_the_tracer(policy: Policy, asks: bool) -> None:
    assert compared.asks(policy, world()) is asks


def test_a_policy_that_learns_is_found_inside_another() -> None:
    made = spec.build({"class": "lernpfad.policy.combine.Legal", "policy": {"class": "lernpfad.policy.linucb.LinUCB"}})
    assert spec.learns(made)
    assert not spec.learns(Legal(Random()))
