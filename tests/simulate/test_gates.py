import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lernpfad.core import ConfigError
from lernpfad.evaluate.metrics import auc
from lernpfad.policy.logging import Logging
from lernpfad.simulate import Corporate, OracleTracer, rollout
from lernpfad.simulate.gates import GATES, gini, inside, of_log, statistics
from lernpfad.simulate.publiclogs import PUBLIC_LOGS
from lernpfad.simulate.witness import Witness
from simulate.small import Uniform, lived, world

DRAWN_IN = {"answers per learner, q90 / q50": 1.3, "logit slope over opportunities 1-8": 0.01}


def test_gini_by_hand() -> None:
    assert gini(np.array([5, 5, 5])) == pytest.approx(0.0)
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert gini(np.array([1, 3])) == pytest.approx(0.25)


def test_statistics_by_hand() -> None:
    """Two learners, two skills: 0 answers skill 0 right, wrong, right and skill 1 wrong; 1 answers skill 0 right."""
    found = statistics(
        np.array([0, 1, 0, 0, 0]),
        np.array([3, 3, 4, 5, 3]),
        skill=np.array([0, 0, 0, 1, 0]),
        correct=np.array([1, 1, 0, 0, 1]),
    )
    assert found["correct"] == pytest.approx(0.6)
    assert found["correct at first opportunity"] == pytest.approx(2 / 3)
    assert found["opportunities per learner and skill, mean"] == pytest.approx(5 / 3)
    assert found["answers per learner, q50"] == 2.5
    assert found["Gini of skills"] == pytest.approx(0.3)


def test_halves_and_curve_of_a_planted_log() -> None:
    """Learners 0-9 fail every first answer and learners 10-19 none; all are right from the fourth one on."""
    learner = np.repeat(np.arange(20), 6 * 8)
    skill = np.tile(np.repeat(np.arange(6), 8), 20)
    chance = np.tile(np.arange(8), 120)
    found = statistics(learner, skill, skill=skill, correct=((chance >= 3) | (learner >= 10)).astype(int))
    assert found["upper minus lower half of learners at first opportunity"] == 1.0
    assert [found[f"correct at opportunity {k}"] for k in (1, 2, 4, 8)] == [0.5, 0.5, 1.0, 1.0]
    assert found["learner-skill pairs with at least 7 opportunities"] == 1.0
    assert found["sd of learner means"] == pytest.approx(3 / 16)


@pytest.mark.real_data
def test_statistics_of_a_public_log_are_the_known_ones(real_data: Path) -> None:
    parts = []
    for part in ("train", "test"):
        with gzip.open(real_data / "jedm_assistments09" / f"preprocessed_data_{part}.csv.gz", "rt") as file:
            parts.append(np.loadtxt(file, skiprows=1, dtype=np.int64))
    learner, item, _, correct, skill = np.concatenate(parts).T
    found = statistics(learner, item, skill=skill, correct=correct)
    expected = {
        "correct": 0.659,
        "correct at first opportunity": 0.607,
        "lower half of learners at first opportunity": 0.357,
        "upper half of learners at first opportunity": 0.739,
        "Gini of items": 0.530,
        "Gini of skills": 0.653,
        "lag-1 autocorrelation of residuals": 0.211,
        "lag-1 autocorrelation within learners": 0.107,
        "opportunities per learner and skill, mean": 6.75,
        "learner-skill pairs with at least 7 opportunities": 0.312,
        "correct at opportunity 8": 0.681,
        "logit slope over opportunities 1-8": 0.094,
        "sd of item means": 0.188,
        "sd of learner means": 0.199,
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=0.0051 if value > 1 else 0.00051), name


def test_a_witness_knows_the_chances_and_changes_nothing() -> None:
    watched: Any = Witness(world())
    log = lived(watched, Uniform(), learners=120, weeks=4).log
    np.testing.assert_array_equal(log.outcome, lived(world(), Uniform(), learners=120, weeks=4).log.outcome)
    chance, right = watched.chances(log)[log.assessed], log.outcome[log.assessed]
    error = np.sqrt((chance * (1 - chance)).sum())
    assert abs(right.sum() - chance.sum()) < 4 * error
    usual = watched.chances(log, on_the_day=False)[log.assessed]
    assert auc(usual, right) < auc(chance, right)


@pytest.mark.slow
@pytest.mark.parametrize("block", [0.75, 0.35])
def test_the_main_world_passes_every_gate(block: float) -> None:
    watched: Any = Witness(Corporate())
    log = rollout(
        Logging(block=block), watched, learners=200, weeks=52, seed=0, name="logging", tracer=OracleTracer(watched)
    ).log
    found = of_log(log)
    missed = {name: found[name] for name, (low, high) in GATES.items() if not low <= found[name] <= high}
    assert not missed
    assert 0.74 <= auc(watched.chances(log)[log.assessed], log.outcome[log.assessed]) <= 0.86


@pytest.mark.parametrize("name", GATES)
def test_an_interval_is_the_range_of_the_public_logs_widened_by_a_quarter(name: str) -> None:
    values = [log[name] for log in PUBLIC_LOGS.values()]
    quarter, least = (max(values) - min(values)) / 4, DRAWN_IN.get(name, -np.inf)
    assert GATES[name] == pytest.approx((max(min(values) - quarter, least), max(values) + quarter), rel=0.06, abs=0.013)


def test_a_log_passes_the_gates_whose_interval_it_is_in() -> None:
    for log in PUBLIC_LOGS.values():
        assert all(inside(log).values())
    toy = dict(PUBLIC_LOGS["Statics 2011"]) | {"correct": 0.95, "sd of item means": float("nan")}
    assert [name for name, passed in inside(toy).items() if not passed] == ["correct", "sd of item means"]


@pytest.mark.real_data
def test_a_public_log_in_our_layout_has_the_known_statistics_by_sets_of_skills(real_data: Path) -> None:
    from lernpfad.data.sources import jedm

    found = of_log(jedm.read(real_data / "jedm_assistments09").sequences, sets=True)
    for name, value in PUBLIC_LOGS["ASSISTments 2009"].items():
        tolerance = 0.0011 if value <= 1 else 0.0051 if value <= 5 or "mean" in name else 0.01 * value
        assert found[name] == pytest.approx(value, abs=tolerance), name


def test_a_world_that_does_not_name_its_learners_cannot_be_observed() -> None:
    with pytest.raises(ConfigError, match="world Corporate: its states need `learner`"):
        Witness(world()).step(object(), np.zeros(1, int), np.zeros(1), np.random.default_rng(0))
