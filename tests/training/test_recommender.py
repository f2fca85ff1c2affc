"""A recommender from a network: mixed precision, resumed fits, and the one way to judge an epoch."""

from functools import partial

import numpy as np
import pytest

from lernpfad.collaborative.sasrec import SASRec
from lernpfad.core import ConfigError, Sequences
from lernpfad.core.laws import planted_take_up
from lernpfad.evaluate.ranking import evaluate
from lernpfad.training import Fitting, NeuralRecommender

PLANTED = planted_take_up(learners=80)


def small(**fitting):
    settings = {"max_epochs": 6, "patience": 6, "learning_rate": 0.01, "batch_rows": 64, "progress_bar": False}
    return NeuralRecommender(partial(SASRec, width=8, inner=8, window=20), fitting=Fitting(**{**settings, **fitting}))


def scores(recommender):
    return recommender.score(PLANTED.test, np.arange(len(PLANTED.catalog)))


def last_takes(histories: Sequences):
    took = histories.accepted & (histories.item >= 0)
    last = np.full(len(histories.learners), -1)
    np.maximum.at(last, histories.owner[took], np.flatnonzero(took))
    scored = np.zeros(len(histories), dtype=bool)
    scored[last[last >= 0]] = True
    return scored


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_the_epochs_are_judged_as_the_evaluation_does(precision):
    heard = []
    recommender = small(max_epochs=1, precision=precision)
    recommender.listeners.append(lambda epoch, metrics: heard.append(metrics["valid/ndcg@10"]))
    recommender.fit(PLANTED.train, PLANTED.valid)
    found = evaluate(recommender, PLANTED.valid, last_takes(PLANTED.valid), ks=(10,))
    assert heard == [pytest.approx(found.metrics["ndcg@10"], abs=1e-6)]


def test_mixed_precision_learns_about_the_same():
    full, mixed = (scores(small(precision=one).fit(PLANTED.train, PLANTED.valid)) for one in ("32-true", "bf16-mixed"))
    assert np.corrcoef(full.ravel(), mixed.ravel())[0, 1] > 0.9
    assert not np.array_equal(full, mixed)


def test_an_interrupted_fit_ends_as_if_it_had_not_been(tmp_path):
    class Stop(Exception):
        pass

    def stop(epoch, metrics):
        if epoch == 2:
            raise Stop

    interrupted = small(checkpoints=str(tmp_path))
    interrupted.listeners.append(stop)
    with pytest.raises(Stop):
        interrupted.fit(PLANTED.train, PLANTED.valid)
    resumed = small(checkpoints=str(tmp_path)).fit(PLANTED.train, PLANTED.valid)
    np.testing.assert_array_equal(scores(resumed), scores(small().fit(PLANTED.train, PLANTED.valid)))


def test_checkpoints_of_another_loss_are_refused(tmp_path):
    from lernpfad.training.losses import SampledSoftmax

    small(checkpoints=str(tmp_path)).fit(PLANTED.train, PLANTED.valid)
    other = small(checkpoints=str(tmp_path))
    other.loss = SampledSoftmax(8)
    with pytest.raises(ConfigError, match="belong to a run with other settings"):
        other.fit(PLANTED.train, PLANTED.valid)


def test_an_unknown_precision_has_a_nearest_name():
    with pytest.raises(ConfigError, match="no precision named 'bf16'; did you mean 'bf16-mixed'"):
        Fitting(precision="bf16")
