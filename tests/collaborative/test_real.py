"""Popularity on real enrolments: figures that can be reproduced without any tuning."""

import numpy as np
import pytest

from lernpfad.collaborative.popularity import Popularity
from lernpfad.data.sources import itemsequence
from lernpfad.data.split import LeaveLastOut
from lernpfad.evaluate.ranking import evaluate


@pytest.mark.real_data
def test_popularity_on_mooccubex_leave_last_out(real_data):
    dataset = itemsequence.read(real_data / "mooccubex-enrolments", "sequences.txt", name="mooccubex")
    split = LeaveLastOut(validate=False, sample=10_000)(dataset)
    found = evaluate(Popularity().fit(split.train), split.test, split.test_scored)
    assert len(found.learners) == 10_000
    expected = {"ndcg@10": 0.0340, "hr@10": 0.0621, "hr@5": 0.0401, "hr@20": 0.1031, "mrr@10": 0.0256}
    expected |= {"coverage@10": 0.018}
    measured = {name: found.metrics[name] for name in expected}
    np.testing.assert_allclose(list(measured.values()), list(expected.values()), atol=1e-4)
