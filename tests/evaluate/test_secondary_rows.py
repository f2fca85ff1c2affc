"""The secondary metrics of two policies that were really rolled out."""

import numpy as np
import pytest

from lernpfad.core import Rollout
from lernpfad.evaluate.books import Bookkeeper
from lernpfad.evaluate.returns import Account
from lernpfad.evaluate.secondary import Secondary, secondary
from lernpfad.policy import Random, WateringCan
from simulate.small import lived, world


@pytest.fixture(scope="module")
def found() -> tuple[list[Secondary], dict[str, Rollout]]:
    of = world(moving=0.0, arrivals=0.0, departures=0.0)
    rollouts, accounts = {}, {}
    for name, policy in (("wateringcan", WateringCan()), ("random", Random())):
        keeper = Bookkeeper(of.roles, of.catalog)
        done = lived(of, policy, learners=60, weeks=6, name=name, observers=[keeper])
        rollouts[name], accounts[name] = done, Account.of(name, keeper.books(), done.log, done.hours)
    results = secondary(rollouts, accounts, reference="wateringcan", catalog=of.catalog, resamples=100)
    return results, rollouts


def test_the_reference_is_compared_with_itself(found: tuple[list[Secondary], dict[str, Rollout]]) -> None:
    (can, _), _ = found
    assert can.policy == "wateringcan"
    assert can.dropouts.everybody.value == 0
    assert can.dropouts.lost == 0


def test_figures_are_those_of_the_rollout(found: tuple[list[Secondary], dict[str, Rollout]]) -> None:
    (can, random), rollouts = found
    for one, done in ((can, rollouts["wateringcan"]), (random, rollouts["random"])):
        assert one.takeup.accepted.value == pytest.approx(done.log.accepted.mean())
        assert one.takeup.dropout.value == pytest.approx((~done.active[-1]).mean())
        assert one.coverage == pytest.approx(len(np.unique(done.log.item)) / 40)
        assert 0 < one.diversity < 1
    assert random.gini < can.gini  # one list for everybody against anything at all


def test_requirements_that_stay_drop_only_those_who_meet_them(
    found: tuple[list[Secondary], dict[str, Rollout]],
) -> None:
    (can, random), _ = found
    assert can.targets.dropped == random.targets.dropped < 30
    assert -1 < random.targets.score.value < 1


def test_a_row_names_the_group_that_gains_least(found: tuple[list[Secondary], dict[str, Rollout]]) -> None:
    (_, random), _ = found
    row = random.row()
    assert row["policy"] == "random"
    assert "(low)" in row["least by debt at first"]  # who owes little has little to pay back
    assert {"min/max by minutes", "E_p at equal minutes", "weeks to ready, median"} <= set(row)
