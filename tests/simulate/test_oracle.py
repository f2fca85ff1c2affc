import numpy as np

from lernpfad.core import KnowledgeTracer, SeesTruth, SkillHead, WhatIf, plain_what_if
from lernpfad.core.state import equal
from lernpfad.simulate import OracleTracer
from lernpfad.simulate.calendar import START
from simulate.small import Leaning, lived, people, world


def test_the_oracle_is_a_tracer_that_sees_the_truth() -> None:
    oracle = OracleTracer(world())
    for promise in (KnowledgeTracer, SkillHead, WhatIf, SeesTruth):
        assert isinstance(oracle, promise)
    state = people(oracle.world, 5)
    assert oracle.look(state) is state
    assert equal(oracle.start(5), oracle.fit(lived().log).start(5))


def test_its_fast_what_if_equals_the_plain_one() -> None:
    of = world()
    oracle, at = OracleTracer(of), np.full(12, START + 600.0)
    items = np.random.default_rng(0).integers(-1, 40, (12, 30))
    fast = oracle.what_if(people(of, 12), items, at)
    plain = plain_what_if(oracle, people(of, 12), items, at, catalog=of.catalog)
    np.testing.assert_allclose(fast, plain, rtol=1e-5)


def test_the_same_candidates_for_everybody_are_looked_up_once_with_the_same_result() -> None:
    for of in (world(), world(rule="min")):
        oracle, at = OracleTracer(of), np.full(300, START + 600.0)
        shared = np.broadcast_to(np.array([3, -1, 17, 39]), (300, 4))
        for ask in (oracle.predict, oracle.what_if):
            np.testing.assert_array_equal(ask(people(of, 300), shared, at), ask(people(of, 300), shared.copy(), at))


def test_it_knows_better_than_the_log() -> None:
    """With the oracle the policy meets the true probabilities, so its leaning to what goes well shows."""
    of = world()
    blind = lived(of, Leaning(), learners=60)
    seeing = lived(of, Leaning(), learners=60, tracer=OracleTracer(of))
    right = [done.log.outcome[done.log.assessed].mean() for done in (blind, seeing)]
    assert right[1] > right[0]
