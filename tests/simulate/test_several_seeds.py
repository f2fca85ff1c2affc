import numpy as np
import pytest

from lernpfad.core import ConfigError, Rollout
from lernpfad.evaluate.lived import as_lived
from lernpfad.simulate import rollout
from lernpfad.simulate.draws import Purpose, stream, streams, uniforms
from lernpfad.tracing.elo import Elo
from simulate.small import Leaning, Uniform, world

EACH, SEEDS = 6, (3, 11, 4)


def test_a_voice_of_a_chorus_says_what_it_says_alone() -> None:
    asked = np.asarray([17, 0, 7, 6, 5, 12])  # of three seeds, six learners each, in no order
    together = uniforms(streams(SEEDS, 9, Purpose.OFFER, each=EACH), asked, 4)
    for row, learner in zip(together, asked, strict=True):
        alone = stream(SEEDS[learner // EACH], 9, Purpose.OFFER)
        np.testing.assert_array_equal(row, uniforms(alone, np.asarray([learner % EACH]), 4)[0])


def lived_together(*seeds: int, **settings: int) -> Rollout:
    of = world()
    tracer = Elo().fit(rollout(Uniform(), of, learners=30, weeks=4, seed=99, name="log").log)
    past = rollout(Uniform(), of, learners=EACH, weeks=2, seed=seeds, name="past")
    return rollout(Leaning(), of, learners=EACH, weeks=3, seed=seeds, name="x", tracer=tracer, after=past, **settings)


def test_seeds_side_by_side_are_what_each_is_alone() -> None:
    together = lived_together(*SEEDS)
    assert together.seeds == SEEDS
    np.testing.assert_array_equal(as_lived(together).seed, np.repeat([0, 1, 2], EACH))
    np.testing.assert_array_equal(as_lived([together, together]).seed, np.repeat(np.arange(6), EACH))
    for place, seed in enumerate(SEEDS):
        alone, mine = lived_together(seed), slice(place * EACH, (place + 1) * EACH)
        np.testing.assert_array_equal(together.debt[:, mine], alone.debt)
        np.testing.assert_array_equal(together.hours[:, mine], alone.hours)
        rows = together.log.select(np.arange(EACH) + place * EACH)
        for name in ("item", "outcome", "accepted", "minutes", "time"):
            np.testing.assert_array_equal(getattr(rows, name), getattr(alone.log, name))
        np.testing.assert_allclose(rows.extra["propensity"], alone.log.extra["propensity"], rtol=1e-12)


def test_a_rest_has_weeks_without_offers_in_which_people_forget() -> None:
    through, rested = lived_together(5), lived_together(5, rest=4)
    assert (rested.rest, len(rested.hours), len(rested.debt)) == (4, 7, 8)
    np.testing.assert_array_equal(rested.debt[:4], through.debt)
    assert not rested.hours[3:].any()
    assert len(rested.log) == len(through.log)
    assert np.nanmean(rested.debt[-1]) > np.nanmean(rested.debt[3])


def test_seeds_that_make_no_sense_are_refused() -> None:
    past = rollout(Uniform(), world(), learners=4, weeks=1, seed=(1, 2), name="past")
    for seeds in ((), (1, 1), (-1, 2)):
        with pytest.raises(ConfigError, match="several different ones"):
            rollout(Uniform(), world(), learners=4, weeks=1, seed=seeds, name="x")
    with pytest.raises(ConfigError, match="one for each"):
        rollout(Uniform(), world(), learners=4, weeks=1, seed=1, name="x", after=past)
