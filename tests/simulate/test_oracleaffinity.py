"""The oracle's affinity is that of the very people who wrote the log."""

from functools import partial

import numpy as np
import pytest

from lernpfad.core import ConfigError, DataError, Recommender
from lernpfad.simulate import Corporate
from lernpfad.simulate.draws import Purpose, stream
from lernpfad.simulate.oracleaffinity import OracleAffinity
from simulate.small import lived, world

SIZES = {"skills": 8, "items": 40, "roles": 3, "cluster_size": 4, "skills_per_role": 5, "minutes": 60.0}
SEED = 4  # of the roll-out


def oracle(sees="taste", **changes):
    return OracleAffinity(partial(Corporate, **(SIZES | changes)), SEED, sees)


@pytest.fixture(scope="module")
def done():
    return lived(learners=80, weeks=8, seed=SEED)


def test_it_is_a_recommender_of_the_people_of_the_log(done):
    found = oracle().fit(done.log)
    assert isinstance(found, Recommender)
    of, people = world(), done.world_state
    scores = found.score(done.log, np.arange(40))
    np.testing.assert_allclose(scores, people.taste @ of.traits.taste.T, rtol=1e-5)
    few = found.score(done.log.select(np.array([17, 3])), np.array([5, 2]))
    np.testing.assert_allclose(few, scores[[17, 3]][:, [5, 2]], rtol=1e-5)  # whoever else is asked about


def test_what_it_likes_is_what_was_accepted(done):
    """Offers were drawn without regard to taste, so those accepted lie higher, in both senses."""
    log = done.log
    empty = log.where(np.zeros(len(log), dtype=bool))
    chosen = ~world().traits.mandatory[log.item]
    for sees in ("taste", "acceptance"):
        score = oracle(sees).fit(log).score(empty, np.arange(40))[log.owner, log.item]
        took, declined = (score[chosen & (log.accepted == yes)] for yes in (True, False))
        error = np.hypot(took.std() / np.sqrt(len(took)), declined.std() / np.sqrt(len(declined)))
        assert took.mean() - declined.mean() > 3 * error


def test_acceptance_is_the_worlds_own_before_anything_was_taken(done):
    log = done.log
    empty = log.where(np.zeros(len(log), dtype=bool))
    scores = oracle("acceptance").fit(log).score(empty, np.array([7]))
    of = world()
    fresh = of.reset(80, stream(SEED, 0, Purpose.POPULATION))
    at = np.full(80, 1_767_600_000.0 + 86_400.0)  # a day after the world's first Monday
    np.testing.assert_allclose(scores[:, 0], of.acceptance(fresh, np.full(80, 7), at), atol=1e-4)


def test_who_took_what_she_needed_needs_it_less(done):
    """After a history the same people are asked as they are then."""
    log, items = done.log, np.arange(40)
    empty = log.where(np.zeros(len(log), dtype=bool))
    found = oracle("acceptance").fit(log)
    before, after = found.score(empty, items), found.score(log, items)
    asked = ~world().traits.mandatory
    assert after[:, asked].mean() < before[:, asked].mean()
    np.testing.assert_allclose(found.score(log.select(np.array([5])), items)[0], after[5], rtol=1e-6)


def test_what_everybody_accepts_is_ranked_by_taste(done):
    mandatory = np.flatnonzero(world().traits.mandatory)
    assert len(mandatory) > 1
    asked = [oracle(sees).fit(done.log).score(done.log, mandatory).argsort(axis=1) for sees in ("taste", "acceptance")]
    np.testing.assert_array_equal(*asked)


def test_other_logs_are_refused(done, taken_up):
    with pytest.raises(DataError, match="the log has 40 items, the world 41 other ones"):
        oracle(items=41).fit(done.log)
    found = oracle().fit(done.log)
    stranger = done.log.select(np.array([0]))
    object.__setattr__(stranger, "learners", np.array(["anna-7"]))
    with pytest.raises(DataError, match="learner 'anna-7' is nobody of a simulated workforce"):
        found.score(stranger, np.arange(2))
    with pytest.raises(ConfigError, match="no sight named 'tast'; did you mean 'taste'"):
        OracleAffinity(world, SEED, "tast")


def test_an_item_that_the_world_does_not_have_is_never_liked(done):
    scores = oracle().fit(done.log).score(done.log, np.array([-1, 3, 40]))
    assert np.isneginf(scores[:, [0, 2]]).all()
    assert np.isfinite(scores[:, 1]).all()
