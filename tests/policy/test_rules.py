"""The rules that need no tracer or no look-ahead, each on numbers that fit on one hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from lernpfad.core import ConfigError, Sequences
from lernpfad.policy import ZPD, GapGreedy, Hybrid, PopularInRole
from policy.scenes import CATALOG, crowd, scene

DAY = 86_400.0


def record(*rows, learners=2):
    """Rows (learner, item id, outcome) in order, a day apart."""
    of = [[(CATALOG.indices([item])[0], outcome) for who, item, outcome in rows if who == j] for j in range(learners)]
    item, outcome = (np.array([row[part] for mine in of for row in mine], dtype=int) for part in (0, 1))
    lengths = [len(mine) for mine in of]
    time = np.concatenate([DAY * np.arange(n) for n in lengths]) if len(item) else None
    return Sequences.of(CATALOG, [f"l{j}" for j in range(learners)], lengths, item, outcome, time=time)


def takers(log, role):
    return SimpleNamespace(log=log, role=None if role is None else np.asarray(role))


def best(policy, situation):
    return [str(CATALOG.items[i]) for i in policy.score(situation).argmax(axis=1)]


def test_zpd_takes_the_middle_of_the_zone():
    success = np.array([[0.99, 0.778, 0.5, 0.77, 0.1, 0.7, 0.9, 0.775]] * 2)
    # quiz is the nearest to .775 and serves no gap; for learner 1 talks count nothing and sheets are reached
    assert best(ZPD(), scene(given={"success": success})) == ["s2", "c2"]


def test_zpd_goes_on_where_nothing_is_missing():
    success = np.full((2, 8), 0.5)
    success[:, 2] = 0.7
    assert best(ZPD(), scene(mastery=np.ones((2, 3)), given={"success": success})) == ["c1", "c1"]


def test_zpd_refuses_an_empty_zone():
    with pytest.raises(ConfigError, match=r"ZPD: \[0.9, 0.8\] is no range of probabilities"):
        ZPD(low=0.9, high=0.8)


def test_gap_greedy_reads_mastery_off_the_record_by_hand():
    histories = record((0, "s1", 1), (0, "s1", 1), (0, "c1", 0), (0, "t1", -1))
    believed = GapGreedy(doubt=2.0, told=0.5).believed(scene(histories=histories))
    np.testing.assert_allclose(believed[0], [2 / 4, 0 / 3, 0.5 / 3])
    np.testing.assert_allclose(believed[1], 0.0)


def test_gap_greedy_takes_the_widest_weighted_gap_and_asks_no_tracer():
    # learner 1: gaps .8 in all, weights 1, .5, 0
    for mastery in (np.zeros((2, 3)), np.ones((2, 3))):
        now = scene(mastery=mastery, histories=record((0, "s1", 1), (0, "t1", 1)))
        score = GapGreedy().score(now)
        np.testing.assert_allclose(score[0, [0, 2, 4]], [0.8 - 1 / 3, 0.8, 0.8 - 1 / 3])
        np.testing.assert_allclose(score[1, [0, 2, 4, 7]], [0.8, 0.4, 0.0, 0.0])


def test_gap_greedy_without_histories_counts_what_was_taken():
    taken = np.zeros((2, 8), dtype=int)
    taken[0, 0] = 2
    np.testing.assert_allclose(GapGreedy().believed(scene(taken=taken))[0], [1 / 4, 0, 0])
    assert best(GapGreedy(), scene(taken=taken))[0] == "c1"


def test_of_two_items_of_a_skill_the_fresh_one_comes_first():
    taken = np.zeros((2, 8), dtype=int)
    taken[1, 0] = 1
    assert best(GapGreedy(), scene(taken=taken, histories=record()))[1] == "s2"


def test_popular_in_role_by_hand():
    log = record((0, "s1", 1), (1, "s1", 1), (1, "c1", 0), (2, "t1", 1), learners=3)
    policy = PopularInRole(prior=2.0).fit(takers(log, [0, 0, 1]))
    everybody = np.array([2 / 3, 0, 1 / 3, 0, 1 / 3, 0, 0, 0])
    np.testing.assert_allclose(policy.share_[2], everybody)
    np.testing.assert_allclose(policy.share_[0], (np.array([2, 0, 1, 0, 0, 0, 0, 0]) + 2 * everybody) / 4)
    assert best(policy, scene(role=np.array([0, 1]))) == ["s1", "t1"]
    assert best(policy, scene(role=np.array([-1, 7]))) == ["s1", "s1"]


def test_popular_in_role_offers_what_was_not_taken_first():
    policy = PopularInRole().fit(takers(record((0, "s1", 1), (1, "c1", 1)), [0, 0]))
    taken = np.zeros((2, 8), dtype=np.int8)
    taken[0, [0]] = 1
    assert best(policy, scene(role=np.array([0, 0]), taken=taken))[0] == "c1"


def test_popular_in_role_knows_nothing_before_it_is_fitted():
    np.testing.assert_allclose(PopularInRole().propensities(scene()), 1 / 8)


def test_popular_in_role_without_roles_is_popular_and_new_items_are_taken_by_nobody():
    policy = PopularInRole().fit(takers(record((0, "c1", 1), (1, "c1", 1), (1, "t1", 1)), None))
    np.testing.assert_allclose(policy.share_, [[0, 0, 1, 0, 0.5, 0, 0, 0]])
    policy.share_ = policy.share_[:, :4]
    np.testing.assert_allclose(policy.score(scene(items=[4, 2], role=np.array([0, 1]))), [[0, 1]] * 2)


def test_a_planted_taste_of_a_role_is_found():
    rng = np.random.default_rng(0)
    role = np.repeat([0, 1], 60)
    liked = np.where(role[:, None] == 0, np.arange(8) < 4, np.arange(8) >= 4)
    took = rng.random(liked.shape) < np.where(liked, 0.6, 0.1)
    item = np.nonzero(took)[1]
    log = Sequences.of(CATALOG, [f"l{j}" for j in range(120)], took.sum(axis=1), item, np.ones(len(item)))
    share = PopularInRole().fit(takers(log, role)).share_
    assert share[0, :4].min() > share[0, 4:].max()
    assert share[1, 4:].min() > share[1, :4].max()


def test_hybrid_is_the_product_of_its_factors_by_hand():
    class Teaching:
        """Everything is known after a correct answer, nothing more after a wrong one; .5 each."""

        def predict(self, state, items, at):
            return np.full(items.shape, 0.5)

        def what_if(self, state, items, at):
            skills = CATALOG.skills_of(items)
            known = np.where(skills >= 0, np.array([0.2, 0.1, 0.7])[np.maximum(skills, 0)], np.nan)
            return np.stack([known, np.where(skills >= 0, 1.0, np.nan)], axis=2)

    now = scene(
        mastery=[[0.2, 0.1, 0.7]],
        level=[[0.8, 0.8, 0.8]],
        weight=[[1.0, 1.0, 1.0]],
        last_item=[1],
        tracer=Teaching(),
        given={"affinity": np.array([[2.0, 0, 0, 0, 0, 0, 0, 0]])},
    )
    z = np.array([7, -1, -1, -1, -1, -1, -1, -1]) / 7**0.5
    need = np.array([0.6, 0.6, 0.7, 0.7, 0.1, 0.1, 0.8, 0]) / 2.4
    value = 1 / (1 + np.exp(-z)) * (need / 2) ** 2 * need**0.5 * np.array([0.6, 0.6, 1, 1, 1, 1, 1, 1])
    score = Hybrid(a=1, b=2, c=0.5, change=0.4).score(now)[0]
    np.testing.assert_allclose(np.exp(score[:7]), value[:7], rtol=1e-9)
    assert score[7] < score[:7].min()


def test_a_hybrid_of_one_factor_is_that_factor():
    now = crowd(12, 30, 4)
    order = Hybrid(a=1.0, b=0.0, c=0.0, change=0.0, shortlist=30).score(now)
    np.testing.assert_array_equal(order[1:].argmax(axis=1), np.where(now.eligible, now.affinity, -np.inf)[1:].argmax(1))


def test_a_hybrid_with_a_negative_exponent_is_refused():
    with pytest.raises(ConfigError, match="expected none below 0"):
        Hybrid(b=-1.0)
