from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from collaborative.logs import log, random_log
from lernpfad.collaborative import blend
from lernpfad.collaborative.content import Content
from lernpfad.collaborative.ease import EASE
from lernpfad.collaborative.hybrid import Hybrid, _divided
from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import Catalog, ConfigError, DataError, NotFittedError, Sequences
from lernpfad.serve.models import read_model, write_model

ALL = np.arange(20)


class Told:
    """A recommender that is told what to say."""

    def __init__(self, scores):
        self.scores = scores

    def fit(self, train, valid=None):
        self.fitted_on = train.learners
        return self

    def score(self, histories, items):
        return np.broadcast_to(self.scores, (len(histories.learners), len(self.scores)))[:, items]


def blocks(learners, *, seed, cold=()):
    """Learners take items of their half of twenty; nobody took the cold ones. Skill 0: first half, skill 1: second."""
    rng = np.random.default_rng(seed)
    half = np.arange(20) // 10
    catalog = Catalog.of([f"i{i}" for i in range(20)], ["k0", "k1"], [[int(h)] for h in half])
    taken = (half == rng.integers(0, 2, learners)[:, None]) & (rng.random((learners, 20)) < 0.6)
    taken[:, list(cold)] = False
    rows = [rng.permutation(np.flatnonzero(row)) for row in taken]
    item = np.concatenate(rows)
    names = [f"{seed}-{j}" for j in range(learners)]
    return Sequences.of(catalog, names, [len(r) for r in rows], item, np.full(len(item), -1))


def test_the_score_is_the_weighted_features_of_the_members():
    rng = np.random.default_rng(0)
    scores = [rng.normal(size=(70, 9)), rng.exponential(size=(70, 9))]
    count, length, weight = rng.random(9), rng.random(70), rng.normal(size=blend.width(2))
    z = np.stack([blend.standardised(one) for one in scores], axis=-1)
    np.testing.assert_allclose(z.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(z.std(axis=1), 1, rtol=1e-5)
    pairs = blend.features(z, np.broadcast_to(count, (70, 9)), np.broadcast_to(length[:, None], (70, 9)))
    np.testing.assert_allclose(blend.combined(scores, count, length, weight), pairs @ weight, rtol=1e-3, atol=1e-4)


def test_weights_minimise_the_penalised_loss():
    rng = np.random.default_rng(1)
    choices = blend.Choices(
        target=rng.normal(size=(30, 3)),
        owner=np.sort(rng.integers(0, 8, 30)),
        other=rng.normal(size=(8, 6, 3)),
        stands_for=rng.integers(0, 4, (8, 6)) + np.eye(8, 6),
    )
    start = np.array([0.5, 0.0, 0.0])

    def loss(weight):
        total = 0.0
        for target, owner in zip(choices.target, choices.owner, strict=True):
            others = (choices.stands_for[owner] * np.exp(choices.other[owner] @ weight)).sum()
            chosen = np.exp(target @ weight)
            total -= np.log(chosen / (chosen + others)) / (choices.owner == owner).sum()
        return total + 0.5 * 2.0 * ((weight - start) ** 2).sum()

    found = blend.weights(choices, start, penalty=2.0)
    for step in 1e-3 * np.vstack([np.eye(3), -np.eye(3)]):
        assert loss(found + step) > loss(found)


def test_what_stands_for_no_item_has_no_say():
    rng = np.random.default_rng(4)
    target, owner, other = rng.normal(size=(9, 3)), np.arange(9) % 4, rng.normal(size=(4, 6, 3))
    stands_for = np.ones((4, 6))
    plain = blend.weights(blend.Choices(target, owner, other, stands_for), np.zeros(3), penalty=1.0)
    other, stands_for = np.hstack([other, np.full((4, 1, 3), 1e4)]), np.hstack([stands_for, np.zeros((4, 1))])
    found = blend.weights(blend.Choices(target, owner, other, stands_for), np.zeros(3), penalty=1.0)
    np.testing.assert_allclose(found, plain)


def test_others_stand_for_every_item_that_was_not_taken():
    rng = np.random.default_rng(2)
    z = [rng.normal(size=(50, 40)), rng.normal(size=(50, 40))]
    barred = rng.random((50, 40)) < 0.3
    other, stands_for = blend.sampled_others(z, barred, rng, best=5, drawn=8)
    np.testing.assert_allclose(stands_for.sum(axis=1), (~barred).sum(axis=1))
    for j in range(50):
        used = other[j][stands_for[j] > 0]
        assert len(np.unique(used)) == len(used)
        assert not barred[j, used].any()
        best = np.argsort(-z[0][j])[:5]
        assert np.isin(best[~barred[j, best]], used[stands_for[j][stands_for[j] > 0] == 1]).all()


def test_the_better_member_is_believed():
    rng = np.random.default_rng(3)
    train, valid = random_log(learners=100, items=30), random_log(learners=100, items=30, seed=1)
    popular = Popularity().fit(train).learners_
    noise = rng.normal(size=30)
    for members in ({"a": Told(popular), "b": Told(noise)}, {"a": Told(noise), "b": Told(popular)}):
        scores = Hybrid(members).fit(train, valid).score(log([3], items=30), np.arange(30))[0]
        assert np.corrcoef(scores, np.log1p(popular))[0, 1] > 0.9


def test_content_carries_the_items_that_nobody_took_and_others_the_rest():
    cold = (4, 14)
    hybrid = Hybrid({"content": Content(), "ease": EASE(1.0)})
    hybrid.fit(blocks(150, seed=1, cold=cold), blocks(150, seed=2))  # those who validate took the new items, too
    first = log([0, 1], items=20)
    scores = hybrid.score(first, np.arange(20))[0]
    assert scores[4] > scores[14]
    assert scores[4] > scores[10:].max()


def divided(scored):
    valid = log([0, 1, 2, 3], [4, 5], items=6)
    valid = valid if scored is None else replace(valid, extra={"scored": np.array(scored, dtype=bool)})
    parts = _divided(valid, 6, 0.5)
    return [[part.item[a:b].tolist() for a, b in pairwise(part.offsets)] for part in parts]


def test_what_is_to_stand_first():
    halves = [[[0, 1], [4]], [[2, 3], [5]], [[2, 3], [5]]]
    assert divided(None) == halves
    assert divided([1, 1, 1, 1, 1, 1]) == halves  # whole histories are scored: nobody is asked from nothing
    assert divided([0, 1, 0, 1, 0, 0]) == [[[0], [4, 5]], [[1, 2, 3], []], [[1, 3], []]]


def test_the_weights_are_those_for_what_is_scored():
    """Cold items alone are asked for: content is believed where before it was not."""
    cold = (4, 14)
    train, valid = blocks(150, seed=1, cold=cold), blocks(150, seed=2)
    asked = replace(valid, extra={"scored": np.isin(valid.item, cold)})
    ranks = [
        np.argsort(-Hybrid({"content": Content(), "ease": EASE(1.0)}).fit(train, one).score(log([0, 1], items=20), ALL))
        for one in (valid, asked)
    ]
    places = [int(np.flatnonzero(order[0] == 4)[0]) for order in ranks]
    assert places[1] == 0 < places[0]


def test_without_validation_a_share_is_held_out_and_members_are_fitted_again():
    train = random_log(learners=50, items=12)
    one, other = Told(np.arange(12.0)), Told(np.arange(12.0))
    Hybrid({"one": one}, refit=False).fit(train)
    Hybrid({"other": other}, refit=True).fit(train)
    assert len(one.fitted_on) == 45
    assert len(other.fitted_on) == 50


def test_listeners_hear_the_members():
    class Loud(Told):
        listeners = ()

        def fit(self, train, valid=None):
            for listener in self.listeners:
                listener(3, {"valid/ndcg": 0.5})
            return super().fit(train, valid)

    heard = []
    hybrid = Hybrid({"loud": Loud(np.arange(12.0))})
    hybrid.listeners = [lambda epoch, metrics: heard.append((epoch, metrics))]
    hybrid.fit(random_log(learners=50, items=12), random_log(learners=20, items=12, seed=1))
    assert heard == [(3, {"loud/valid/ndcg": 0.5})]


def test_exported_with_its_members(tmp_path):
    train = blocks(60, seed=1)
    hybrid = Hybrid({"content": Content(), "ease": EASE()}).fit(train, blocks(40, seed=2))
    twin = read_model(write_model(hybrid, tmp_path), tmp_path)
    np.testing.assert_array_equal(twin.score(train, np.arange(20)), hybrid.score(train, np.arange(20)))
    assert twin.members["ease"].regularization == 100.0


def test_mistakes_are_named():
    with pytest.raises(ConfigError, match="Hybrid: no members; expected a recommender by name"):
        Hybrid({})
    with pytest.raises(ConfigError, match=r"history=1\.0 and holdout=0\.1, expected shares"):
        Hybrid({"a": Popularity()}, history=1.0)
    with pytest.raises(NotFittedError, match="Hybrid has not been fitted"):
        Hybrid({"a": Popularity()}).score(log([0]), np.arange(4))


def test_nothing_taken_is_nothing_to_weigh():
    declined = replace(blocks(5, seed=1), accepted=np.zeros(len(blocks(5, seed=1)), dtype=bool))
    with pytest.raises(DataError, match="nothing was taken in the training histories"):
        Hybrid({"popularity": Popularity()}).fit(declined)
