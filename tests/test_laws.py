"""Every model that has a YAML in configs/ is held to every law that fits it. A new one needs no line here."""

from functools import cache, partial

import numpy as np
import pytest

from composing import made, names
from lernpfad.core import BundleError, Experience, NextBest, persist
from lernpfad.core.laws import (
    POLICY_LAWS,
    RECOMMENDER_LAWS,
    SIMULATOR_LAWS,
    TRACER_LAWS,
    Counting,
    PolicyCase,
    RecommenderCase,
    SimulatorCase,
    TracerCase,
    logged_propensities_match,
    planted_situations,
    propensities_are_frequencies,
    rebuilt,
    reloaded,
    that_fit,
)
from lernpfad.policy import Random
from lernpfad.policy.spec import learn
from lernpfad.serve import bundle
from lernpfad.serve.models import read_model, write_model
from lernpfad.serve.twin import TOLERANCE, random_histories
from lernpfad.simulate.oracle import OracleTracer
from lernpfad.simulate.rollout import rollout
from serve.apart import told, told_apart

LEARNERS, WEEKS = 60, 4


@pytest.fixture(scope="module")
def twin_of(tmp_path_factory):
    """Exports a fitted model, once, and opens what was written, as production does."""

    @cache
    def exported(model):
        folder = tmp_path_factory.mktemp("exported")
        return read_model(write_model(model, folder), folder)

    return exported


@pytest.fixture(scope="module")
def tracer_case(twin_of):
    """One fitted tracer per YAML, shared by the laws. What exports graphs has settings that are objects."""

    @cache
    def case(name):
        make = partial(made, "tracer", name)
        exports, graphs = forms(make())
        return TracerCase(make, reload=rebuilt if exports else reloaded, twin=twin_of if graphs else None)

    return case


@pytest.fixture(scope="module")
def recommender_case(twin_of):
    """One fitted recommender per YAML, shared by the laws."""

    @cache
    def case(name):
        make = partial(made, "recommender", name)
        exports, graphs = forms(make())
        return RecommenderCase(make, reload=rebuilt if exports else reloaded, twin=twin_of if graphs else None)

    return case


@pytest.fixture(scope="module")
def situations():
    return planted_situations()


def forms(model):
    """Whether a model is exported as graphs, and whether it or one that it is made of is."""
    exports = hasattr(model, "export")
    return exports, exports or any(hasattr(one, "export") for one in persist.members(model).values())


def of(laws):
    return pytest.mark.parametrize("law", laws, ids=[law.name for law in laws])


def every(kind):
    return pytest.mark.parametrize("name", names(kind))


def apply(law, case):
    if not law.fits(case):
        pytest.skip("the law says nothing about it")
    law(case)


@of(TRACER_LAWS)
@every("tracer")
def test_tracer(name, law, tracer_case):
    apply(law, tracer_case(name))


@every("tracer")
def test_exported_tracer(name, tracer_case, twin_of):
    """The twin is held to the same laws as what it was exported from."""
    original = tracer_case(name)
    if original.twin is None:
        pytest.skip("served by the very class that was fitted")
    twin = TracerCase(fitted=twin_of(original.tracer), reload=None, planted=original.planted)
    for law in that_fit(TRACER_LAWS, twin):
        law(twin)


@of(RECOMMENDER_LAWS)
@every("recommender")
def test_recommender(name, law, recommender_case):
    apply(law, recommender_case(name))


@every("recommender")
def test_exported_recommender(name, recommender_case, twin_of):
    """The twin is held to the same laws as what it was exported from."""
    original = recommender_case(name)
    if original.twin is None:
        pytest.skip("served by the very class that was fitted")
    twin = RecommenderCase(fitted=twin_of(original.recommender), reload=None, planted=original.planted)
    for law in that_fit(RECOMMENDER_LAWS, twin):
        law(twin)


@pytest.fixture(scope="module")
def experience():
    """A log of offers for the policies that learn from one. None knows items by name, so the catalog may be another."""
    world = made("simulator", "tiny")
    past = rollout(made("policy", "logging"), world, learners=LEARNERS, weeks=WEEKS, seed=7, name="logging")
    return Experience(past.log, Counting().fit(past.log), None, world.roles, past.role)


@of(POLICY_LAWS)
@every("policy")
def test_policy(name, law, situations, experience):
    apply(law, PolicyCase(learn(made("policy", name), experience), situations))


@of(SIMULATOR_LAWS)
@every("simulator")
def test_simulator(name, law):
    apply(law, SimulatorCase(partial(made, "simulator", name)))


@every("simulator")
def test_log_of_the_simulator(name):
    """What the logging policy wrote into its log is what it drew from; nobody is mastered, so it may offer all."""
    world = made("simulator", name)
    log = rollout(made("policy", "logging"), world, learners=LEARNERS, weeks=WEEKS, seed=3, name="logging").log
    assert len(log) > 500
    logged_propensities_match(log)


class Recorded:
    """A policy that remembers every distribution that it gave."""

    def __init__(self, policy):
        self.policy = policy
        self.given = []

    def propensities(self, situation):
        propensities = self.policy.propensities(situation)
        self.given.append(propensities)
        return propensities


@every("policy")
def test_offers_are_drawn_from_the_propensities(name, experience):
    """In a rollout each item is offered as often as the policy said, and the log holds the propensity of each offer."""
    world, policy = made("simulator", "tiny"), Recorded(learn(made("policy", name), experience))
    sees_truth = getattr(policy.policy, "sees_truth", False)
    past = rollout(made("policy", "logging"), world, learners=LEARNERS, weeks=2, seed=5, name="logging")
    tracer = OracleTracer(world) if sees_truth else Counting().fit(past.log)
    log = rollout(policy, world, learners=0, weeks=WEEKS, seed=5, name=name, tracer=tracer, after=past).log
    given = np.concatenate(policy.given)
    drawn = given[given.sum(axis=1) > 0]
    assert len(drawn) == len(log) > 200
    as_asked = np.lexsort((log.owner, log.extra["position"], log.extra["sitting"], log.extra["week"]))
    offered, logged = log.item[as_asked], log.extra["propensity"][as_asked]
    np.testing.assert_allclose(drawn[np.arange(len(log)), offered], logged, rtol=1e-6)
    propensities_are_frequencies(drawn, offered)


@pytest.fixture
def served_apart(tmp_path):
    """Exports stacks as bundles and holds what they say where torch and its like are not to what the originals say."""

    def check(stacks, catalog):
        for name, stack in stacks.items():
            parts = {"tracer": stack.tracer, "recommender": stack.recommender, "policy": stack.policy}
            facts = {"roles": None, "metrics": {}, "provenance": {}}
            bundle.write(tmp_path / name.replace("/", "-"), catalog=catalog, **parts, **facts)
        folders = [tmp_path / name.replace("/", "-") for name in stacks]
        histories = random_histories(catalog, np.random.default_rng(1))
        for (name, stack), said in zip(stacks.items(), told_apart(folders, tmp_path / "said.npz"), strict=True):
            for what, expected in told(stack, histories).items():
                np.testing.assert_allclose(said[what], expected, rtol=0, atol=TOLERANCE, err_msg=f"{name}: {what}")

    return check


def test_every_tracer_is_served_without_what_it_was_fitted_with(tracer_case, twin_of, served_apart):
    """A bundle of each, its policy blind to the tracer: the twin of a graph is written again, since that is quick."""
    cases = {name: tracer_case(name) for name in names("tracer")}
    models = {name: one.tracer if one.twin is None else twin_of(one.tracer) for name, one in cases.items()}
    catalog = cases["bkt"].planted.catalog  # each case plants the same
    served_apart({name: NextBest(one, None, Random()) for name, one in models.items()}, catalog)


def test_every_recommender_is_served_without_what_it_was_fitted_with(recommender_case, twin_of, served_apart):
    cases = {name: recommender_case(name) for name in names("recommender")}
    planted = cases["als"].planted  # each case plants the same
    tracer = made("tracer", "itemmean").fit(planted.train)
    models = {name: one.recommender if one.twin is None else twin_of(one.recommender) for name, one in cases.items()}
    served_apart({name: NextBest(tracer, one, Random()) for name, one in models.items()}, planted.catalog)


def test_every_policy_is_served_without_what_it_learned_with(tracer_case, experience, served_apart):
    """All but the oracles, which see what production does not have."""
    tracer = tracer_case("bkt").tracer
    policies = {name: learn(made("policy", name), experience) for name in names("policy")}
    oracles = {name for name, one in policies.items() if getattr(one, "sees_truth", False)}
    for name in oracles:
        with pytest.raises(BundleError, match="an oracle sees the truth"):
            served_apart({name: NextBest(tracer, None, policies[name])}, tracer_case("bkt").planted.catalog)
    fair = {name: NextBest(tracer, None, one) for name, one in policies.items() if name not in oracles}
    assert len(oracles) == 2
    served_apart(fair, tracer_case("bkt").planted.catalog)
