"""On a larger log than the oracle file's the estimators agree with obp 0.5.7, whose values `peers.py` holds."""

import numpy as np
import pytest

from evaluate.offpolicy.peers import FROM_OBP, log
from lernpfad.evaluate.offpolicy import (
    DM,
    DR,
    IPS,
    SNDR,
    SNIPS,
    Clipped,
    Logged,
    OfCluster,
    Ridge,
    Shrunk,
    SubGaussian,
    Switched,
    mrdr,
)

CLUSTER = OfCluster(np.array([0, 0, 1, 1]))
OURS = {
    "DM": DM(),
    "IPS": IPS(),
    "SNIPS": SNIPS(),
    "clipped IPS": IPS(Clipped(1.5)),
    "sub-Gaussian IPS": IPS(SubGaussian(0.2)),
    "DR": DR(),
    "SNDR": SNDR(),
    "pessimistic DR": DR(Clipped(3.0)),
    "Switch-DR": DR(Switched(3.0)),
    "DRos": DR(Shrunk(5.0)),
    "sub-Gaussian DR": DR(SubGaussian(0.2)),
    "MIPS": IPS(CLUSTER),
    "OffCEM": DR(CLUSTER),
    "MRDR": DR(),
}


def logged():
    _, action, reward, behaviour, target, model = log()
    chosen = behaviour[np.arange(len(action)), action]
    return Logged.rows(action=action, reward=reward, logged=chosen, target=target, behaviour=behaviour, model=model)


def modelled_for_least_variance():
    """What obp's MRDR regression sees: context and a one-hot action; ours has one column less and a constant."""
    rows = logged()
    context, hot = log()[0], np.eye(4)[:, 1:]
    shape = (*rows.target.shape, 2)
    features = np.concatenate(
        [np.broadcast_to(context[:, None, :], shape), np.broadcast_to(hot[None], (*rows.target.shape, 3))], axis=-1
    )
    return rows.with_model(Ridge(penalty=1e-10, weigh=mrdr).fit(features, rows).predict(features))


@pytest.mark.parametrize("name", OURS)
def test_agrees(name):
    rows = modelled_for_least_variance() if name == "MRDR" else logged()
    assert OURS[name].terms(rows).value == pytest.approx(FROM_OBP[name], abs=1e-9)


def test_every_value_was_compared():
    assert OURS.keys() == FROM_OBP.keys()
