import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from lernpfad.collaborative.als import ALS
from lernpfad.collaborative.popularity import Popularity
from lernpfad.core import Catalog, NotFittedError, Sequences
from lernpfad.core.persist import learned, revived, settings


def catalog(items):
    return Catalog.of([f"i{i}" for i in range(items)], ["k"], [[0]] * items)


def log(taken, *, seed=0, repeats=1):
    """Histories from a table of who took what, in a random order."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.repeat(np.flatnonzero(row), repeats)) for row in np.asarray(taken)]
    item = np.concatenate(rows)
    names = [f"u{j}" for j in range(len(rows))]
    return Sequences.of(catalog(np.shape(taken)[1]), names, [len(r) for r in rows], item, np.ones(len(item)))


def checkerboard(learners=40, items=20):
    """Even learners take even items, odd learners odd ones."""
    return (np.arange(learners)[:, None] + np.arange(items)) % 2 == 0


def implicit_model(train, als):
    """The library's own model, fitted with the same settings, and its matrix: a negative entry is a sure zero."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    from threadpoolctl import threadpool_limits

    shape = (len(train.learners), len(train.catalog))
    taken, offered = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    taken[train.owner[train.accepted], train.item[train.accepted]] = True
    offered[train.owner, train.item] = True
    matrix = csr_matrix((als.alpha * taken - als.declined * (offered & ~taken)).astype(np.float32))
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=als.factors,
            regularization=als.regularization,
            iterations=als.iterations,
            num_threads=1,
            random_state=als.seed,
        )
        model.fit(matrix, show_progress=False)
    return model, matrix


def test_completes_a_checkerboard():
    taken = checkerboard()
    shown = taken & (np.random.default_rng(1).random(taken.shape) < 0.6)
    scores = ALS(factors=2, regularization=1.0, iterations=20).fit(log(shown)).score(log(shown), np.arange(20))
    hidden = taken & ~shown
    assert scores[hidden].min() > scores[~taken].max()


def test_learners_never_seen_find_their_block():
    taken = checkerboard(60)
    fitted = ALS(factors=2, regularization=1.0, iterations=20).fit(log(taken[:40]))
    few = taken[40:] & (np.arange(20) < 4)  # two items each
    scores = fitted.score(log(few), np.arange(20))
    assert scores[taken[40:]].min() > scores[~taken[40:]].max()


@pytest.mark.parametrize(("alpha", "declined"), [(1.0, 1.0), (10.0, 1.0), (10.0, 4.0)])
def test_folding_in_a_training_history_gives_what_implicit_gives(alpha, declined):
    rng = np.random.default_rng(3)
    offered = rng.random((120, 50)) < np.linspace(0.02, 0.5, 50)
    offered[:, 0] = True
    train = log(offered, repeats=2)
    train = replace(train, accepted=(rng.random(len(train)) < 0.7) | (train.item == 0))
    als = ALS(factors=8, alpha=alpha, declined=declined, regularization=0.5).fit(train)
    model, matrix = implicit_model(train, als)
    np.testing.assert_array_equal(als.items_, model.item_factors)
    expected = model.recalculate_user(np.arange(120), matrix)
    np.testing.assert_allclose(als.fold_in(train), expected, atol=2e-5 * np.abs(expected).max())
    scores = als.score(train, np.arange(50))
    np.testing.assert_allclose(scores, expected @ model.item_factors.T, atol=1e-4)


def test_folding_in_is_close_to_the_factors_that_the_fit_ended_with():
    train = log(np.random.default_rng(4).random((200, 40)) < 0.2)
    als = ALS(factors=6, iterations=200).fit(train)
    model, _ = implicit_model(train, als)
    # the fit ends with the items, one half-sweep after the learners: equal once the sweeps have converged
    np.testing.assert_allclose(als.fold_in(train), model.user_factors, atol=0.02 * np.abs(model.user_factors).max())


def test_one_learner_by_hand():
    als = ALS(factors=1, alpha=3.0, regularization=0.5)
    als.items_ = np.array([[1.0], [2.0], [0.5]], dtype=np.float32)
    als.share_ = np.array([0.5, 0.2, 0.1])
    history = log([[True, True, False]])
    # (V'V + reg) + (alpha - 1)(1 + 4) = 5.25 + .5 + 10 = 15.75; right side 3 (1 + 2) = 9
    np.testing.assert_allclose(als.fold_in(history), [[9 / 15.75]])
    np.testing.assert_allclose(als.score(history, np.array([2, 0])), [[0.5 * 9 / 15.75, 9 / 15.75]])


def test_a_declined_offer_by_hand():
    als = ALS(factors=1, alpha=3.0, declined=5.0, regularization=0.5)
    als.items_ = np.array([[1.0], [2.0], [0.5]], dtype=np.float32)
    als.share_ = np.array([0.5, 0.2, 0.1])
    # she took item 0, declined item 1, and item 2 first declined, then took it
    history = Sequences.of(catalog(3), ["a"], [4], [0, 1, 2, 2], [1, -1, -1, 1], accepted=[True, False, False, True])
    # 5.25 + .5 + 2 (1 + .25) + 4 (4) = 24.25; right side 3 (1 + .5) = 4.5
    np.testing.assert_allclose(als.fold_in(history), [[4.5 / 24.25]])


def test_who_only_declined_gets_popularity():
    train = log(checkerboard())
    history = Sequences.of(train.catalog, ["a"], [2], [0, 2], [-1, -1], accepted=[False, False])
    fitted = ALS(factors=2).fit(train)
    np.testing.assert_array_equal(fitted.score(history, np.arange(20))[0], fitted.share_)


def test_declined_offers_tell_taste_from_what_was_merely_offered():
    rng = np.random.default_rng(11)
    likes = checkerboard(200, 20)
    pushed = (np.arange(200)[:, None] < 100) == (np.arange(20) < 10)  # the platform offers half of the items to each
    offered = log(rng.random((200, 20)) < np.where(pushed, 0.8, 0.2))
    willing = np.where(likes[offered.owner, offered.item], 0.8, 0.4)
    offered = replace(offered, accepted=rng.random(len(offered)) < willing)
    never = np.ones_like(likes)
    never[offered.owner, offered.item] = False

    def liked_above_others(declined):
        scores = ALS(factors=4, declined=declined).fit(offered).score(offered, np.arange(20))
        at_random = scores[never & likes][:, None] > scores[never & ~likes][None, :]
        return at_random.mean()

    assert liked_above_others(10.0) > liked_above_others(1.0) + 0.05
    assert liked_above_others(10.0) > 0.65


def test_repeats_and_order_change_nothing_nor_do_declined_offers_of_confidence_one():
    taken = checkerboard()
    one = ALS(factors=4, iterations=3).fit(log(taken)).score(log(taken), np.arange(20))
    again = ALS(factors=4, iterations=3).fit(log(taken, seed=9, repeats=3)).score(log(taken, seed=5), np.arange(20))
    np.testing.assert_array_equal(again, one)
    everything = log(np.ones_like(taken))
    accepted = taken[everything.owner, everything.item]
    offered = Sequences.of(
        everything.catalog,
        everything.learners,
        everything.lengths,
        everything.item,
        everything.outcome,
        accepted=accepted,
    )
    declined = ALS(factors=4, iterations=3, declined=1.0).fit(offered).score(offered, np.arange(20))
    np.testing.assert_array_equal(declined, one)


def test_an_empty_history_gets_popularity():
    train = log(np.random.default_rng(5).random((50, 12)) < np.linspace(0.1, 0.9, 12))
    strangers = Sequences.of(train.catalog, ["a", "b", "c"], [0, 1, 1], [-1, 3], [1, 1])
    scores = ALS(factors=3, regularization=1.0).fit(train).score(strangers, np.arange(12))
    np.testing.assert_allclose(scores[0], Popularity().fit(train).learners_ / 50)
    np.testing.assert_array_equal(scores[1], scores[0])  # nothing that the model knows
    assert (scores[2] != scores[0]).any()


def test_items_that_came_after_the_fit_score_zero():
    fitted = ALS(factors=3, regularization=1.0).fit(log(checkerboard()))
    later = Sequences.of(catalog(25), ["a"], [2], [22, 4], [1, 1])
    scores = fitted.score(later, np.array([22, 4, -1]))
    np.testing.assert_array_equal(scores[0, [0, 2]], 0)
    np.testing.assert_array_equal(scores[0, 1], fitted.score(log(np.eye(20, dtype=bool)[4:5]), np.array([4]))[0, 0])


def test_a_row_does_not_depend_on_the_batch():
    taken = np.random.default_rng(6).random((90, 30)) < np.random.default_rng(7).random((90, 1))
    fitted = ALS(factors=5).fit(log(taken))
    together, folded = fitted.score(log(taken), np.arange(30)), fitted.fold_in(log(taken))
    for j in (0, 17, 89):
        alone = fitted.score(log(taken[j : j + 1]), np.arange(30))
        np.testing.assert_allclose(alone[0], together[j], atol=1e-6)  # products of 32 bits
        np.testing.assert_allclose(fitted.fold_in(log(taken[j : j + 1]))[0], folded[j], atol=1e-10)


@pytest.mark.parametrize("declined", [0.0, 0.5, 10.0])
def test_few_equations_and_many_give_the_same_factors(declined):
    rng = np.random.default_rng(8)
    offered = rng.random((200, 60)) < np.repeat([0.05, 0.4], 100)[:, None]
    train = replace(log(offered), accepted=rng.random(offered.sum()) < 0.7)
    als = ALS(factors=9, declined=declined).fit(train)
    assert (train.lengths < 9).any() and (train.lengths > 20).any()  # noqa: PT018
    weight = np.where(offered, -declined, 0.0)
    weight[train.owner[train.accepted], train.item[train.accepted]] = als.alpha
    vectors = als.items_.astype(np.float64)
    for j, folded in enumerate(als.fold_in(train)):
        heavy = np.where(offered[j], np.abs(weight[j]), 1.0)
        normal = (vectors * heavy[:, None]).T @ vectors + als.regularization * np.eye(9)
        expected = np.linalg.solve(normal, np.maximum(weight[j], 0.0) @ vectors)
        np.testing.assert_allclose(folded, expected, atol=1e-5 * max(np.abs(expected).max(), 1e-3))


def test_same_seed_same_bits_and_another_seed_other_bits():
    train = log(checkerboard())
    one = ALS(factors=4, seed=1).fit(train).items_
    np.testing.assert_array_equal(ALS(factors=4, seed=1).fit(train).items_, one)
    assert (ALS(factors=4, seed=2).fit(train).items_ != one).any()


def test_fitting_again_starts_afresh():
    train, other = log(checkerboard()), log(~checkerboard(30))
    once = ALS(factors=4).fit(train)
    twice = ALS(factors=4).fit(other).fit(train)
    np.testing.assert_array_equal(twice.items_, once.items_)


def test_listeners_hear_every_sweep_and_change_nothing():
    heard = []
    watched = ALS(factors=4, iterations=5)
    watched.listeners.append(lambda epoch, metrics: heard.append((epoch, metrics["train/loss"])))
    watched.fit(log(checkerboard()))
    assert [epoch for epoch, _ in heard] == [0, 1, 2, 3, 4]
    assert heard[-1][1] < heard[0][1]
    np.testing.assert_array_equal(watched.items_, ALS(factors=4, iterations=5).fit(log(checkerboard())).items_)


def test_saved_and_revived_without_implicit():
    train = log(checkerboard())
    fitted = ALS(factors=4).fit(train)
    twin = revived(ALS, settings(fitted), learned(fitted))
    np.testing.assert_array_equal(twin.score(train, np.arange(20)), fitted.score(train, np.arange(20)))


def test_serving_imports_numpy_alone():
    code = (
        "import sys; import lernpfad.collaborative.als, lernpfad.collaborative.popularity;"
        "heavy = {'implicit', 'scipy', 'torch', 'threadpoolctl'} & set(sys.modules); print(sorted(heavy))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert out.stdout.strip() == "[]"


def test_asked_before_fit():
    with pytest.raises(NotFittedError, match="ALS has not been fitted"):
        ALS().score(log(checkerboard()), np.arange(20))


def test_folding_in_hundreds_of_learners_is_a_matter_of_milliseconds():
    rng = np.random.default_rng(8)
    train = log(rng.random((300, 800)) < rng.uniform(0.005, 0.15, (300, 1)))
    fitted = ALS(factors=32, iterations=2).fit(train)
    fitted.score(train, np.arange(800))
    began = time.perf_counter()
    fitted.score(train, np.arange(800))
    assert time.perf_counter() - began < 0.5  # about 0.03 s alone on one core
