"""SASRec: it reads no future, an order matters to it, and it is exported as what it is."""

from functools import partial

import numpy as np
import pytest
import torch

from lernpfad.collaborative.sasrec import SASRec
from lernpfad.core import Catalog, ConfigError, DataError, Sequences
from lernpfad.serve.models import read_model, write_model
from lernpfad.training import Fitting, NeuralRecommender

ITEMS = 12


def network(**settings):
    torch.manual_seed(0)
    return SASRec(items=ITEMS, **{"width": 8, "inner": 8, "window": 6, "dropout": 0.0, **settings}).eval()


def cycles(learners=80, length=9, *, accepted=None):
    """Everybody walks round the catalog, from a place of her own: what is next follows from what was last."""
    catalog = Catalog.of([f"i{n}" for n in range(ITEMS)], [], [()] * ITEMS)
    item = (np.arange(learners)[:, None] + np.arange(length)).ravel() % ITEMS
    names = [str(j) for j in range(learners)]
    return Sequences.of(catalog, names, [length] * learners, item, np.full(len(item), -1), accepted=accepted)


def fitted(train, **network_settings):
    settings = {"width": 16, "inner": 16, "window": 6, "dropout": 0.0, **network_settings}
    fitting = Fitting(max_epochs=40, patience=40, learning_rate=0.01, batch_rows=128, progress_bar=False)
    return NeuralRecommender(partial(SASRec, **settings), fitting=fitting).fit(train)


def test_no_event_changes_what_was_known_before_it():
    made, item, taken = network(), torch.arange(5)[None], torch.ones(1, 5, dtype=torch.bool)
    with torch.no_grad():
        known = made(item, taken)
        for place in range(5):
            other = item.clone()
            other[0, place] = 11
            changed = (made(other, taken) - known).abs().amax(dim=2)[0]
            assert changed[: place + 1].max() == 0
            assert changed[place + 1 :].min() > 1e-4


def test_padding_changes_nothing():
    made = network()
    with torch.no_grad():
        alone = made(torch.tensor([[3, 4]]), torch.tensor([[True, True]]))
        padded = made(torch.tensor([[3, 4, -1, -1]]), torch.tensor([[True, True, False, False]]))
    torch.testing.assert_close(padded[:, :3], alone)


def test_what_is_next_is_found_from_what_was_last():
    recommender = fitted(cycles())
    histories = cycles(learners=ITEMS, length=4)
    best = recommender.score(histories, np.arange(ITEMS)).argmax(axis=1)
    assert (best == (np.arange(ITEMS) + 4) % ITEMS).all()


def test_beyond_the_window_only_the_last_events_count():
    recommender, long = fitted(cycles()), cycles(learners=3, length=11)
    short = long.where(long.position >= 5)
    scores = [recommender.score(one, np.arange(ITEMS)) for one in (long, short)]
    np.testing.assert_allclose(*scores, rtol=1e-5)


def test_declined_offers_are_evidence_where_they_are_read():
    train = cycles(accepted=np.random.default_rng(0).random(80 * 9) < 0.7)
    probe = cycles(learners=1, length=4, accepted=np.array([True, True, True, False]))
    without = probe.where(probe.accepted)
    for reads in (False, True):
        recommender = fitted(train, declined=reads)
        same = np.allclose(*(recommender.score(one, np.arange(ITEMS)) for one in (probe, without)))
        assert same != reads


def test_the_exported_twin_reads_histories_of_any_length(tmp_path):
    recommender = fitted(cycles(), declined=True)
    twin = read_model(write_model(recommender, tmp_path), tmp_path)
    for length in (1, 2, 6, 7, 11):
        accepted = np.arange(5 * length) % 3 > 0
        histories, items = cycles(learners=5, length=length, accepted=accepted), np.array([4, -1, 0, ITEMS])
        np.testing.assert_allclose(twin.score(histories, items), recommender.score(histories, items), atol=1e-4)


@pytest.mark.parametrize("window", [1, 4])
def test_a_short_window_is_exported_too(tmp_path, window):
    made = NeuralRecommender(
        partial(SASRec, width=8, inner=8, window=window), fitting=Fitting(max_epochs=1, progress_bar=False)
    ).fit(cycles(learners=8))
    twin = read_model(write_model(made, tmp_path), tmp_path)
    for histories in (cycles(learners=3, length=7), cycles(learners=1, length=1), Sequences.empty(cycles().catalog, 2)):
        scores = [one.score(histories, np.arange(ITEMS)) for one in (made, twin)]
        np.testing.assert_allclose(*scores, atol=1e-5)
    assert twin.score(Sequences.empty(cycles().catalog, 0), np.arange(ITEMS)).shape == (0, ITEMS)


def test_one_learner_of_whom_nothing_is_known():
    nobody = Sequences.empty(cycles().catalog, 1)
    assert np.isfinite(fitted(cycles()).score(nobody, np.arange(ITEMS))).all()


def test_nothing_taken_is_nothing_to_learn():
    with pytest.raises(DataError, match="nothing was taken in the training histories"):
        fitted(cycles(accepted=np.zeros(80 * 9, dtype=bool)))


def test_heads_share_the_width():
    with pytest.raises(ConfigError, match="heads=3, width=8; expected"):
        network(heads=3)
