"""What is wrong with a log is found out, said in a line, and refused where nothing repairs it."""

from dataclasses import replace

import numpy as np
import pytest

from evaluate.offpolicy.oracle import rows
from evaluate.offpolicy.planted import BEHAVIOUR, VALUE, planted
from lernpfad.core import ConfigError, DataError
from lernpfad.evaluate.offpolicy import (
    DM,
    DR,
    IPS,
    PDIS,
    Clipped,
    Limits,
    Logged,
    OfCluster,
    SubGaussian,
    bootstrap,
    judge,
    judged,
)
from lernpfad.evaluate.offpolicy.diagnostics import calibration_error, effective


def sound(**changes):
    return replace(planted(np.random.default_rng(0), learners=2000, model=(0.3, 0.5, 0.6)), **changes)


def test_a_sound_log_is_judged_without_a_word():
    found = judge(DR(), sound())
    assert found.refused is None
    assert found.warnings == ()
    assert found.low < VALUE < found.high
    assert judge(DR(), sound(), bounds=bootstrap).value == found.value


def test_no_support_is_refused_even_for_the_model():
    """A fifth of the target's mass is on an item that was never offered: no estimator repairs that."""
    never = np.tile([2 / 3, 1 / 3, 0.0], (2000, 1))
    action = np.random.default_rng(1).choice(3, size=2000, p=never[0])
    log = sound(action=action, behaviour=never, logged=never[0][action])
    for estimator in (DM(), IPS(), DR()):
        assert "40.0% of the target's offers were (almost) never made" in judge(estimator, log).refused
    assert judge(DR(), log, limits=Limits(unsupported=0.5)).refused is None


def test_a_large_catalogue_is_supported_where_the_log_is_as_broad():
    """2,000 items at .0005 each: a uniform target is what was logged, one on the last item was never seen."""
    rng = np.random.default_rng(0)
    flat = np.full((200, 2000), 1 / 2000)
    last = np.tile(np.eye(2000)[-1], (200, 1))
    columns = {"action": rng.integers(0, 2000, size=200), "reward": rng.random(200), "logged": flat[:, 0]}
    assert judge(IPS(), Logged.rows(**columns, target=flat, behaviour=flat)).refused is None
    found = judge(IPS(), Logged.rows(**columns, target=last, behaviour=flat), limits=Limits(ess_units=0, ess_share=0))
    assert found.diagnostics.unsupported == 1
    assert "100.0% of the target's offers" in found.refused


def test_support_that_is_not_known_is_said_to_be():
    assert any("support unknown" in line for line in judge(DR(), sound(behaviour=None)).warnings)


def test_wrong_propensities_show_in_the_mean_weight():
    """Propensities that are logged half as large again make the mean weight 2/3."""
    log = sound(logged=BEHAVIOUR[sound().action] * 1.5)
    found = judge(DR(), log)
    assert found.diagnostics.mean_weight == pytest.approx(2 / 3, abs=0.03)
    assert any("propensities or support are wrong" in line for line in found.warnings)


def test_without_overlap_the_model_alone_is_judged_and_says_so():
    few = planted(np.random.default_rng(0), learners=60, model=(0.2, 0.5, 0.8))
    assert "effective sample size" in judge(DR(), few).refused
    found = judge(DM(), few)
    assert found.value == pytest.approx(VALUE)
    assert any("the model's word alone" in line for line in found.warnings)


def test_taming_the_weights_does_not_hide_them():
    """Clipped weights look even; the diagnostics see those underneath."""
    plain, tamed = (judge(one, rows()).diagnostics.ess for one in (IPS(), IPS(Clipped(1.0))))
    assert plain == tamed
    assert judge(IPS(SubGaussian(1.0)), rows()).diagnostics.max_weight == pytest.approx(6)
    assert SubGaussian(1.0)(rows()) == pytest.approx(1.0)


def test_heavy_weights_are_pointed_at():
    """The .43 of the weight that one of eight rows carries."""
    found = judge(IPS(), rows(), limits=Limits(ess_units=1))
    assert "the heaviest 1 % of units carry 43% of the weight" in found.warnings


def test_long_sequences_are_warned_of():
    log = planted(np.random.default_rng(0), learners=200, offers=10)
    assert any(
        "10 offers in the median sequence" in line
        for line in judge(PDIS(), log, limits=Limits(ess_units=1, ess_share=0)).warnings
    )


def test_calibration_of_estimated_propensities():
    log = sound()
    flat = np.full((2000, 3), 1 / 3)
    assert calibration_error(log.behaviour, log.action) < 0.01
    assert calibration_error(flat, log.action) > 0.05
    guessed = sound(behaviour=flat, logged=np.full(2000, 1 / 3))
    assert "estimated propensities miss the offers" in judge(DR(), guessed, estimated=True).refused
    assert judge(DR(), guessed).refused is None, "logged ones need no estimate"


def test_heavy_weights_that_happen_to_be_missing_are_foreseen():
    """By hand: the target's half on an item of .001 has E[w^2] = .25 / .999 + .25 / .001 = 250.25, a share of .004.

    Of 200 offers none was that item, so all weights are alike and the estimate is half of what it should be.
    """
    table, target = np.tile([0.999, 0.001], (200, 1)), np.tile([0.5, 0.5], (200, 1))
    columns = {"action": np.zeros(200, dtype=int), "reward": np.ones(200), "logged": table[:, 0], "target": target}
    blind, seeing = judge(IPS(), Logged.rows(**columns)), judge(IPS(), Logged.rows(**columns, behaviour=table))
    assert blind.refused is None
    assert blind.value == pytest.approx(0.5, abs=0.001)
    assert seeing.diagnostics.foreseen == pytest.approx(1 / 250.25, rel=1e-3)
    assert seeing.diagnostics.ess == pytest.approx(200)
    assert "0.8 of 200 units is to be expected of such logs" in seeing.refused


def test_the_foreseen_share_is_that_of_many_logs():
    """One step: exact. Three steps of the same: its third power, and both what large logs show."""
    rng = np.random.default_rng(5)
    one, three = planted(rng, learners=20_000), planted(rng, learners=20_000, offers=3)
    square = 0.04 / 0.6 + 0.16 / 0.3 + 0.16 / 0.1
    assert judge(IPS(), one).diagnostics.foreseen == pytest.approx(1 / square)
    assert judge(IPS(), one).diagnostics.ess_share == pytest.approx(1 / square, rel=0.05)
    assert judge(PDIS(), three).diagnostics.foreseen == pytest.approx(square**-3)
    assert judge(PDIS(), three).diagnostics.ess_share == pytest.approx(square**-3, rel=0.2)
    together = OfCluster(np.array([0, 0, 1]))
    assert judge(IPS(together), one).diagnostics.foreseen == pytest.approx(1 / (0.36 / 0.9 + 0.16 / 0.1))


def test_effective_size():
    """By hand: weights 1, 1, 2 count as 16 / 6; no weight at all as nobody."""
    np.testing.assert_allclose(effective(np.array([[1.0, 0.0], [1.0, 0.0], [2.0, 0.0]])), [16 / 6, 0.0])


def test_several_estimators_at_once():
    found = judged({"model": DM(), "both": DR()}, sound())
    assert list(found) == ["model", "both"]
    assert found["both"] == judge(DR(), sound())


def test_what_cannot_be_is_refused_with_the_row():
    good = {name: getattr(sound(), name) for name in ("action", "reward", "logged", "target")}
    for column, row, value, words in (
        ("logged", 7, 0.0, r"row 7 has propensity 0, expected one in \(0, 1\]"),
        ("target", 3, 0.5, "target propensities of row 3 sum to 1.5"),
        ("action", 0, 3, "an action is not a column of the 3 candidates"),
    ):
        bad = {name: array.copy() for name, array in good.items()}
        bad[column][row] = value
        with pytest.raises(DataError, match=words):
            Logged.rows(**bad)
    with pytest.raises(DataError, match="'reward' has 3 rows, offsets end at 2000"):
        Logged.rows(**good | {"reward": np.zeros(3)})
    with pytest.raises(DataError, match=r"'model' is \(2000, 2\), expected \(2000, 3\)"):
        Logged.rows(**good, model=np.zeros((2000, 2)))


def test_clusters_need_the_logging_policy_and_a_label_for_each():
    with pytest.raises(DataError, match="need all propensities of the logging policy"):
        IPS(OfCluster(np.array([0, 0, 1]))).terms(sound(behaviour=None))
    with pytest.raises(ConfigError, match="2 cluster labels for 3 candidates"):
        IPS(OfCluster(np.array([0, 1]))).terms(sound())
