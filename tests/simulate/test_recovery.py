"""Planted truths come back: from one model's assumptions alone, and from the main world by its own likelihood."""

from typing import Any

import numpy as np
import pytest

from lernpfad.core import memory
from lernpfad.simulate import alone, replay
from lernpfad.simulate.calendar import START
from lernpfad.simulate.witness import Witness
from lernpfad.tracing.bkt import BKT
from lernpfad.tracing.fsrs import FSRS
from lernpfad.tracing.irt import IRT
from simulate.small import Uniform, lived, world


def test_bkt_gives_its_parameters_back() -> None:
    planted = alone.bkt(np.random.default_rng(0), learners=2000, skills=4)
    model = BKT(forgets=False, tolerance=1e-4).fit(planted.log)
    found = np.stack([model.prior_, model.learn_, model.guess_, model.slip_], axis=1)
    np.testing.assert_allclose(found, planted.truth, atol=0.05)


def test_irt_gives_difficulties_and_slopes_back() -> None:
    planted = alone.irt(np.random.default_rng(0), learners=2000)
    model = IRT(model="2pl").fit(planted.log)
    assert np.corrcoef(model.difficulty_, planted.difficulty)[0, 1] >= 0.95
    assert np.corrcoef(model.slope_, planted.slope)[0, 1] >= 0.8


def test_rotated_answers_give_nothing_back() -> None:
    """The check of the check: answers that belong to other items say nothing of these."""
    planted = alone.irt(np.random.default_rng(0), learners=500)
    shuffled = planted.log.with_outcome(np.random.default_rng(1).permutation(planted.log.outcome))
    assert abs(np.corrcoef(IRT(model="2pl").fit(shuffled).difficulty_, planted.difficulty)[0, 1]) < 0.5


def test_a_memory_log_is_what_fsrs_says_by_hand() -> None:
    """Without noise in the first answers: stability before the second review is w0 or w2, and recall follows it."""
    planted = alone.fsrs(np.random.default_rng(0), learners=4000, skills=1, answers=2, kappa=3.0)
    first, second = planted.log.outcome.reshape(-1, 2).T
    np.testing.assert_allclose(planted.stability[1::2], np.where(first == 1, memory.W[2], memory.W[0]))
    days = np.diff(planted.log.time.reshape(-1, 2), axis=1)[:, 0] / alone.DAY
    expected = memory.retrievability(days, 3.0 * planted.stability[1::2])
    assert second.mean() == pytest.approx(expected.mean(), abs=4 * 0.5 / np.sqrt(4000))


def test_fsrs_gives_the_stretch_of_its_stabilities_back() -> None:
    planted = alone.fsrs(np.random.default_rng(0), learners=500, skills=2, kappa=3.0)
    model = FSRS(success="recall", max_iterations=30).fit(planted.log)
    assert alone.stretch(model.w_, planted) == pytest.approx(3.0, rel=0.2)
    assert alone.stretch(np.array(memory.W), planted) == pytest.approx(1.0)


def test_a_replay_in_the_same_world_gives_the_true_chances() -> None:
    watched: Any = Witness(world())
    done = lived(watched, Uniform(), learners=30, weeks=4)
    said = replay.chances(world(), done.log, seed=4, start=START)
    np.testing.assert_allclose(said, watched.chances(done.log), atol=1e-6)
    assert replay.loss(said, done.log) < replay.loss(np.full(len(said), 0.6), done.log)


def test_the_own_likelihood_is_best_near_the_truth() -> None:
    log = lived(world(), Uniform(), learners=60, weeks=6).log
    for name, tried in (("growth", (0.0, 0.3, 0.9)), ("form_sd", (0.0, 0.85, 1.7))):
        losses = [replay.loss(replay.chances(world(**{name: v}), log, seed=4, start=START), log) for v in tried]
        assert int(np.argmin(losses)) == 1, name
