"""A workforce that is simulated in cohorts is the workforce that is simulated in one piece."""

import numpy as np
import pytest

from composing import made, names
from lernpfad.core import take
from lernpfad.core.state import equal
from lernpfad.simulate import OracleTracer
from simulate.small import Uniform, lived
from simulate.test_rollout import same_log


@pytest.mark.parametrize("name", names("simulator"))
def test_cohorts_of_every_world_make_up_the_whole(name: str) -> None:
    world = made("simulator", name)
    policy, settings = made("policy", "logging"), {"weeks": 2, "tracer": OracleTracer(world), "seed": 9}
    whole = lived(world, policy, learners=23, **settings)
    assert len(whole.log)
    for first, learners in ((0, 10), (10, 10), (20, 3)):
        cohort = lived(world, policy, learners=learners, first=first, **settings)
        mine = np.arange(first, first + learners)
        same_log(cohort.log, whole.log.select(mine))
        np.testing.assert_array_equal(cohort.log.learners, whole.log.learners[mine])
        np.testing.assert_array_equal(cohort.role, whole.role[mine])
        # a world of networks rounds the truth by who else is asked about, in the last bit
        np.testing.assert_allclose(cohort.debt, whole.debt[:, mine], rtol=1e-12)
        np.testing.assert_array_equal(cohort.hours, whole.hours[:, mine])


def test_a_cohort_that_lived_in_two_parts_is_the_same() -> None:
    whole = lived(learners=12, first=40, weeks=3)
    past = lived(learners=12, first=40, weeks=1)
    rest = lived(learners=12, first=40, weeks=2, after=past)
    assert equal(rest.world_state, whole.world_state)


def test_a_cohort_under_several_seeds_meets_what_it_would_meet_under_each() -> None:
    both = lived(learners=6, first=30, seed=[4, 5])
    for place, seed in enumerate((4, 5)):
        alone = lived(learners=6, first=30, seed=seed)
        np.testing.assert_array_equal(both.debt[:, 6 * place : 6 * place + 6], alone.debt)


def test_two_cohorts_are_different_people() -> None:
    one, other = lived(learners=12), lived(learners=12, first=12)
    assert (one.debt[0] != other.debt[0]).all()
    both = lived(policy=Uniform(), learners=24)
    assert not equal(take(both.world_state, np.arange(12)), take(both.world_state, np.arange(12, 24)))
