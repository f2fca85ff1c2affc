"""Every estimator gives the values of the oracle file: plain arithmetic, agreeing with obp 0.5.7 and scope-rl 0.2.1."""

import numpy as np
import pytest

from evaluate.offpolicy.oracle import CLUSTERS, rows, trajectories
from lernpfad.evaluate.offpolicy import (
    DM,
    DR,
    IPS,
    PDIS,
    SNDR,
    SNIPS,
    SNTIS,
    TIS,
    WDR,
    WPDIS,
    Clipped,
    OfCluster,
    SequenceDM,
    SequenceDR,
    Shrunk,
    SubGaussian,
    Switched,
    judge,
)
from lernpfad.evaluate.offpolicy.diagnostics import effective
from lernpfad.evaluate.offpolicy.intervals import bernstein_lower, clustered_error, standard_error
from lernpfad.evaluate.offpolicy.sequences import steps

ONE_STEP = {
    "DM": (DM(), 0.546875),
    "IPS": (IPS(), 1.075),
    "SNIPS": (SNIPS(), 0.616487),
    "clipped IPS": (IPS(Clipped(2.0)), 0.575),
    "sub-Gaussian IPS": (IPS(SubGaussian(0.1)), 0.818482),
    "DR": (DR(), 0.426875),
    "SNDR": (SNDR(), 0.478058),
    "pessimistic DR": (DR(Clipped(2.0)), 0.326875),
    "Switch-DR": (DR(Switched(2.0)), 0.276875),
    "DRos": (DR(Shrunk(4.0)), 0.4161),
    "sub-Gaussian DR": (DR(SubGaussian(0.1)), 0.398413),
    "MIPS": (IPS(OfCluster(CLUSTERS)), 1.109077),
    "OffCEM": (DR(OfCluster(CLUSTERS)), 0.449871),
}
SEQUENCES = {
    "DM": (SequenceDM, 0.67, 0.67),
    "TIS": (TIS, 0.894, 0.7846),
    "SNTIS": (SNTIS, 0.761932, 0.668693),
    "PDIS": (PDIS, 0.951667, 0.831667),
    "WPDIS": (WPDIS, 0.847780, 0.742840),
    "DR": (SequenceDR, 0.821, 0.71346),
    "WDR": (WDR, 0.810045, 0.710652),
}


@pytest.mark.parametrize("name", ONE_STEP)
def test_one_step(name):
    estimator, expected = ONE_STEP[name]
    assert estimator.terms(rows()).value == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences(name):
    kind, plain, discounted = SEQUENCES[name]
    assert kind().terms(trajectories()).value == pytest.approx(plain, abs=5e-7)
    assert kind(gamma=0.9).terms(trajectories()).value == pytest.approx(discounted, abs=5e-7)


def test_weights_and_their_diagnostics():
    logged = rows()
    np.testing.assert_allclose(logged.weight, [0.4, 6, 1.25, 1.2, 2, 0.6, 0.5, 2])
    shares = OfCluster(CLUSTERS)(logged)
    np.testing.assert_allclose(shares, [0.625, 6, 1, 1.066667, 2, 0.714286, 0.777778, 2], atol=5e-7)
    found = judge(IPS(), logged).diagnostics
    assert found.mean_weight == pytest.approx(1.74375)
    assert found.max_weight == pytest.approx(6)
    assert (found.ess, found.ess_share) == pytest.approx((4.073526, 0.509191), abs=5e-7)


def test_effective_size_of_each_step():
    sizes = effective(steps(trajectories()).rho) / 4
    np.testing.assert_allclose(sizes, [0.871134, 0.837629, 0.864093], atol=5e-7)


def test_standard_errors():
    for estimator, expected in ((IPS(), 0.715080), (DR(), 0.251281)):
        terms = estimator.terms(rows())
        assert standard_error(terms) == pytest.approx(expected, abs=5e-7)
        assert clustered_error(terms) == pytest.approx(expected, abs=5e-7), "a row a learner: the same"


def test_empirical_bernstein_bound():
    assert bernstein_lower(IPS().terms(rows()).above[:, 0], error=0.05) == pytest.approx(-8.245061, abs=5e-7)


def test_this_log_is_refused():
    """Eight rows with an effective size of four tell nothing, whatever the estimator makes of them."""
    found = judge(DR(), rows())
    assert found.refused is not None
    assert found.refused.startswith("effective sample size 4.1 of 8 units, at least 50 needed")
    assert np.isnan([found.value, found.low, found.high]).all()
