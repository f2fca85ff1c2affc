"""Elo: one match by hand, frozen difficulties, planted ones in the right order."""

import numpy as np
import pytest

from lernpfad.core import Catalog, ConfigError, Interactions, Sequences
from lernpfad.tracing.elo import Elo
from tracing.test_irt import planted


def test_two_matches_by_hand() -> None:
    catalog = Catalog.of(["a"], ["x"], [[0]])
    logs = Sequences.of(catalog, ["u"], [2], np.array([0, 0]), np.array([1, 0]))
    tracer = Elo(step=0.5, fading=1.0, item_step=0.4, item_fading=1.0, passes=1).fit(logs)
    # half of the answers are right, so the item starts at 0; ability and offset move alike
    assert tracer.difficulty_[0] == pytest.approx(0.0 - 0.4 * 0.5 + 0.2 / (1 + np.exp(-(0.25 + 0.25 + 0.2))))
    state = tracer.start(1)
    difficulty = tracer.difficulty_[0]
    for ability, outcome in ((0.0, 1), (0.5 * (1 - 1 / (1 + np.exp(difficulty))), 0)):
        said = tracer.predict(state, np.array([[0]]), np.zeros(1))[0, 0]
        assert said == pytest.approx(1 / (1 + np.exp(-(2 * ability - difficulty))))
        seen = Interactions(np.array([0]), np.array([outcome]), np.array([True]), np.ones(1), np.ones(1))
        state = tracer.update(state, seen)
    assert state.answers.tolist() == [2]
    assert tracer.spread(state)[0, 0] == pytest.approx(2 * 0.5 / 3)


def test_planted_difficulties_come_back_in_order() -> None:
    logs, difficulty = planted(learners=600)
    found = Elo().fit(logs).difficulty_
    assert np.corrcoef(found, difficulty)[0, 1] > 0.97


def test_updating_changes_no_difficulty() -> None:
    logs, _ = planted(learners=50, items=4)
    tracer = Elo().fit(logs)
    before = tracer.difficulty_.copy()
    tracer.trace(logs)
    np.testing.assert_array_equal(tracer.difficulty_, before)


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="step=0"):
        Elo(step=0)
