"""Seeds, frames, stored models, held-out rows: the small things under the commands, by hand."""

import numpy as np
import pandas as pd
import pytest

from lernpfad.core import Catalog, ConfigError, DataError, NotFittedError, Sequences
from lernpfad.run import measure, same, store
from lernpfad.run.frames import histories_of
from lernpfad.run.places import existing
from lernpfad.run.seeds import child
from lernpfad.tracing.itemmean import ItemMean

CATALOG = Catalog.of(["a", "b", "c"], ["x", "y"], [[0], [1], [0, 1]])


def test_children_of_a_seed_differ_by_part_and_by_seed_and_stay_the_same():
    assert child(0, "tracer") == child(0, "tracer")
    assert len({child(seed, part) for seed in range(50) for part in ("tracer", "recommender", "simulator")}) == 150
    assert all(0 <= child(seed, "tracer") < 2**31 for seed in range(50))


def test_a_frame_becomes_histories_by_learner_and_time():
    frame = pd.DataFrame(
        {
            "learner": ["v", "u", "v", "u"],
            "item": ["a", "b", "new", "c"],
            "outcome": [1, 0, -1, 1],
            "time": [5.0, 9.0, 2.0, 3.0],
        }
    )
    histories, order = histories_of(frame, CATALOG)
    assert list(histories.learners) == ["u", "v"]
    assert list(histories.lengths) == [2, 2]
    assert list(order) == [3, 1, 2, 0]
    assert list(histories.item) == [2, 1, -1, 0]
    assert list(histories.outcome) == [1, 0, -1, 1]


def test_a_frame_that_does_not_fit_is_refused():
    frame = pd.DataFrame({"learner": ["u"], "item": ["a"], "outcome": [2], "time": [0.0]})
    with pytest.raises(DataError, match="row 0: outcome is 2, expected 1, 0, or -1"):
        histories_of(frame, CATALOG)
    with pytest.raises(DataError, match="the frame lacks column 'time'"):
        histories_of(frame.drop(columns="time"), CATALOG)


def test_a_stored_model_says_the_same(tmp_path):
    train = Sequences.of(CATALOG, ["u", "v"], [2, 2], np.asarray([0, 1, 2, 0]), np.asarray([1, 0, 1, 1]))
    model = ItemMean(smoothing=2.0).fit(train)
    store.save(tmp_path / "tracer", model, catalog=CATALOG, roles=None, facts={"name": "mine", "auc": float("nan")})
    loaded = store.load(tmp_path, part="tracer")
    assert loaded.name == "mine"
    assert loaded.facts["auc"] is None
    assert loaded.roles is None
    assert loaded.model.smoothing == 2.0
    asked = np.asarray([[0, 1, 2, -1]])
    at = np.zeros(1)
    expected = model.predict(model.start(1), asked, at)
    assert np.array_equal(loaded.model.predict(loaded.model.start(1), asked, at), expected)
    store.same_items(loaded, CATALOG, where="here")
    with pytest.raises(ConfigError, match="was fitted for 3 items, here has 1"):
        store.same_items(loaded, Catalog.of(["a"], ["x"], [[0]]), where="here")


def test_a_model_that_was_not_fitted_is_not_stored(tmp_path):
    with pytest.raises(NotFittedError):
        store.save(tmp_path, ItemMean(), catalog=CATALOG, roles=None, facts={})


def test_what_is_held_out_for_ranking():
    histories = Sequences.of(CATALOG, ["u", "v"], [4, 3], np.zeros(7, dtype=int), np.ones(7, dtype=int))
    everything = np.ones(7, dtype=bool)
    kept = measure.held_out(histories, everything, history=0.5)
    assert list(kept) == [False, False, True, True, False, True, True]
    tail = np.asarray([False, False, False, True, False, False, True])  # the split itself leaves a history
    assert list(measure.held_out(histories, tail, history=0.5)) == list(tail)


def test_a_missing_path_names_the_nearest(tmp_path):
    (tmp_path / "runs").mkdir()
    assert existing(tmp_path / "runs", what="run folder") == tmp_path / "runs"
    with pytest.raises(ConfigError, match=r"no run folder named 'rnus'; did you mean 'runs'\?"):
        existing(tmp_path / "rnus", what="run folder")
    with pytest.raises(ConfigError, match="does not exist"):
        existing(tmp_path / "no" / "where", what="run folder")


def test_a_run_folder_that_is_missing_is_not_looked_for_among_files(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(ConfigError, match="no run folder named 'xyz'; there are: train \\(in"):
        existing(tmp_path / "xyz", what="run folder")


def test_settings_are_remembered_and_compared(tmp_path):
    told = {"what": "resume", "remedy": "do otherwise", "may_differ": ("length",)}
    same.remember(tmp_path / "config.json", {"a": {"b": 1}, "length": 3}, **told)
    same.remember(tmp_path / "config.json", {"a": {"b": 1}, "length": 4}, **told)
    with pytest.raises(ConfigError, match=r"resume: a\.b is 2 here and was 1 in .*; do otherwise"):
        same.remember(tmp_path / "config.json", {"a": {"b": 2}}, **told)
