"""Recommenders without any tuning on real enrolments: figures that were computed elsewhere, to be reproduced."""

import numpy as np
import pytest

from lernpfad.collaborative.ease import EASE
from lernpfad.collaborative.markov import Markov
from lernpfad.collaborative.popularity import Popularity
from lernpfad.data.sources import itemsequence
from lernpfad.data.split import LeaveLastOut, by_learners
from lernpfad.evaluate.ranking import evaluate

LAST_OUT = {
    Popularity: {"hr@5": 0.0401, "hr@10": 0.0621, "hr@20": 0.1031, "ndcg@10": 0.0340, "mrr@10": 0.0256},
    Markov: {"hr@5": 0.2317, "hr@10": 0.3058, "hr@20": 0.3927, "ndcg@10": 0.1943, "mrr@10": 0.1601},
    EASE: {"hr@5": 0.2253, "hr@10": 0.3080, "hr@20": 0.4003, "ndcg@10": 0.1839, "mrr@10": 0.1459},
}
COVERAGE = {Popularity: 0.018, Markov: 0.751, EASE: 0.585}
STRONG = {
    Popularity: {"truncated_recall@20": 0.1094, "truncated_recall@50": 0.1961, "ndcg@100": 0.0996},
    Markov: {"truncated_recall@20": 0.3719, "truncated_recall@50": 0.5069, "ndcg@100": 0.2972},
    EASE: {"truncated_recall@20": 0.3825, "truncated_recall@50": 0.5152, "ndcg@100": 0.2963},
}
CLOSE = 6e-4
"""Equal scores of EASE may fall in another order."""


@pytest.fixture(scope="module")
def enrolments(real_data):
    return itemsequence.read(real_data / "mooccubex-enrolments", "sequences.txt", name="mooccubex")


def agree(found, expected):
    measured = [found.metrics[name] for name in expected]
    np.testing.assert_allclose(measured, list(expected.values()), atol=CLOSE)


@pytest.mark.real_data
@pytest.mark.parametrize("kind", LAST_OUT)
def test_mooccubex_leave_last_out(kind, enrolments):
    split = LeaveLastOut(validate=False, sample=10_000)(enrolments)
    found = evaluate(kind().fit(split.train), split.test, split.test_scored)
    assert len(found.learners) == 10_000
    agree(found, LAST_OUT[kind] | {"coverage@10": COVERAGE[kind]})


@pytest.mark.real_data
@pytest.mark.parametrize("kind", STRONG)
def test_mooccubex_strong_generalisation(kind, enrolments):
    order = np.random.RandomState(0).permutation(97_722)
    place = np.argsort(order)  # the first ten thousand are tested, the next validate
    test, valid = place < 10_000, (place >= 10_000) & (place < 20_000)
    split = by_learners("strong", enrolments.sequences, valid=valid, test=test, history=0.8)
    agree(evaluate(kind().fit(split.train), split.test, split.test_scored, ks=(20, 50, 100)), STRONG[kind])
