import numpy as np
import pytest

from evaluate.handmade import log
from lernpfad.evaluate.belief import GainWitness, belief_error, expected_gain, predicted_gains, spread
from lernpfad.simulate import OracleTracer, rollout
from simulate.small import Uniform, lived, world
from simulate.test_rollout import Counting, same_log


def test_a_gain_by_hand() -> None:
    after = np.asarray([[[0.5, 0.4], [0.9, 0.6]]])  # wrong: .5 .4, right: .9 .6
    found = expected_gain(np.asarray([0.25]), after, np.asarray([[0.4, 0.3]]), np.asarray([[0, 1]]))
    assert found == pytest.approx([((0.6 - 0.4) + (0.45 - 0.3)) / 2])
    alone = expected_gain(np.asarray([0.25]), after, np.asarray([[0.4, 0.3]]), np.asarray([[1, -1]]))
    assert alone == pytest.approx([0.25 * 0.9 + 0.75 * 0.5 - 0.3])
    assert np.isnan(expected_gain(np.ones(1), after, np.ones((1, 2)), np.asarray([[-1, -1]]))).all()


def test_bias_and_slope_that_were_planted() -> None:
    rng = np.random.default_rng(0)
    predicted, owner = rng.uniform(0, 0.1, 4000), np.repeat(np.arange(200), 20)
    true = 0.01 + 0.5 * predicted + rng.normal(0, 0.01, 4000)
    found = belief_error(predicted, true, owner)
    assert found.slope.low < 0.5 < found.slope.high
    assert found.bias.value == pytest.approx((predicted - true).mean())
    assert found.bias.low < found.bias.value < found.bias.high
    assert found.items == 4000


def test_a_constant_belief_has_no_slope_and_gaps_are_left_out() -> None:
    found = belief_error(np.asarray([0.2, 0.2, np.nan]), np.asarray([0.1, 0.3, 0.1]), np.arange(3))
    assert np.isnan(found.slope.value)
    assert found.items == 2
    assert found.bias.value == pytest.approx(0.0)


def test_the_truth_believes_itself() -> None:
    of = world()
    witness = GainWitness(of)
    done = rollout(Uniform(), witness, learners=20, weeks=2, seed=4, name="uniform", tracer=OracleTracer(of))
    same_log(done.log, lived(of, learners=20, weeks=2).log)
    true = witness.gains(done.log)
    assert np.isnan(true[~done.log.accepted]).all()
    taken = true[done.log.accepted]
    assert (taken > 0).all()
    found = belief_error(true, true, done.log.owner)
    assert (found.bias.value, found.slope.value) == pytest.approx((0.0, 1.0))


def test_what_a_tracer_expects_at_each_offer_by_hand() -> None:
    # P = (1 + right) / (3 + all); after an answer: right (2 + right) / (4 + all), wrong (1 + right) / (4 + all)
    history = log([[(0, 1), (1, 1)], [(2, 0)]], accepted=np.asarray([True, True, False]))
    nothing = log([[], []])
    gains = predicted_gains(Counting(), nothing, history)
    first = (1 / 3) * (2 / 4) + (2 / 3) * (1 / 4) - 1 / 3
    second = (2 / 4) * (3 / 5) + (2 / 4) * (2 / 5) - 2 / 4
    assert gains[:2] == pytest.approx([first, second])
    assert np.isnan(gains[2])
    later = predicted_gains(Counting(), log([[(0, 1)], []]), log([[(1, 1)], []]))
    assert later == pytest.approx([second])


def test_a_witness_of_some_learners_says_of_them_what_one_of_all_says() -> None:
    of, some = world(), spread(20, 7)
    found = []
    for watched in (None, some):
        witness = GainWitness(of, watched)
        done = rollout(Uniform(), witness, learners=20, weeks=2, seed=4, name="uniform")
        found.append(witness)
    everybody, few = (one.gains(done.log) for one in found)
    mine = np.isin(done.log.owner, some)
    assert np.array_equal(everybody[mine], few[mine], equal_nan=True)
    assert np.isnan(few[~mine]).all()
    nothing = done.log.where(np.zeros(len(done.log), dtype=bool))
    error = found[1].error(Counting(), nothing, done.log, resamples=50)
    expected = predicted_gains(Counting(), nothing, done.log)
    by_hand = belief_error(expected[mine], few[mine], done.log.owner[mine], resamples=50)
    assert error == by_hand


def test_a_sample_is_spread_over_everybody() -> None:
    assert spread(5, 10).tolist() == [0, 1, 2, 3, 4]
    few = spread(500, 100)
    assert len(few) == 100
    assert np.bincount(few // 25, minlength=20).tolist() == [5] * 20
