"""What a network is stopped by is what the ranking asks for: the same past, the same items to be found."""

from types import SimpleNamespace

import numpy as np
import pytest

from evaluate.handmade import log
from lernpfad.core.events import Seen
from lernpfad.data.dataset import Split
from lernpfad.evaluate.asked import question
from lernpfad.run import measure, train
from lernpfad.training.takes import LaterTakes

CONFIG = SimpleNamespace(ranking_history=0.5)
RNG = np.random.default_rng(0)
LOG = log([[(int(item), 1) for item in RNG.integers(-1, 7, 11)] for _ in range(12)])


def split(scored):
    return Split(name="by hand", train=LOG, valid=LOG, test=LOG, valid_scored=scored, test_scored=scored)


@pytest.mark.parametrize(
    "scored",
    [np.ones(len(LOG), dtype=bool), LOG.position >= 7, (LOG.position >= 4) & (LOG.item % 2 == 0), LOG.owner % 2 == 0],
    ids=["whole histories", "their ends", "some items", "whole histories of some"],
)
def test_the_same_question(scored):
    valid = train.validating(split(scored), CONFIG, "recommender")
    data = LaterTakes(valid, Seen(7, window=50))
    asked = question(LOG, measure.held_out(LOG, scored, history=0.5))
    found = data[np.arange(len(data.lengths))]
    learners = np.unique(asked.owner)
    assert len(learners) == len(found.later)
    for place, learner in enumerate(learners):
        later, past = found.later[place].numpy(), found.item[place].numpy()
        assert later[later >= 0].tolist() == np.unique(asked.item[asked.owner == learner]).tolist()
        seen = asked.visible.select(np.array([learner])).item
        assert past[past >= 0].tolist() == seen[seen >= 0].tolist()


def test_tracers_are_asked_whatever_is_scored():
    scored = LOG.position >= 7
    assert train.validating(split(scored), CONFIG, "tracer").extra["scored"] is scored
