import numpy as np
import pytest

from lernpfad.core import NextBest, Recommender, Requirement, Sequences, recommend, state_after
from lernpfad.core.laws import Counting, that_fit
from lernpfad.core.laws.recommender import RECOMMENDER_LAWS, RecommenderCase
from lernpfad.core.next_best import counts, eligible, last_time
from lernpfad.core.state import equal


class Share:
    """In proportion to predicted success; no ranking of its own."""

    def propensities(self, situation):
        weight = situation.eligible * situation.success
        return weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)


class Ranked(Share):
    def score(self, situation):
        return np.where(situation.eligible, -situation.success, -np.inf)


class Longest:
    """A recommender: long items first."""

    def fit(self, train, valid=None):
        self.seen = len(train)
        return self

    def score(self, histories, items):
        return np.tile(histories.catalog.minutes[items], (len(histories.learners), 1))


def log(catalog):
    """x takes sum twice and is offered slope in vain; y takes slope and something unknown; z has done nothing."""
    return Sequences.of(
        catalog,
        ["x", "y", "z"],
        [3, 2, 0],
        np.array([0, 0, 2, 2, -1]),
        np.array([1, 0, -1, 1, 1]),
        accepted=np.array([True, True, False, True, True]),
        time=np.array([5.0, 6.0, 9.0, 3.0, 4.0]),
    )


@pytest.fixture
def next_best(planted):
    return NextBest(Counting(), Longest(), Share()).fit(planted.train, planted.valid)


def test_both_models_are_fitted_on_the_same_histories(next_best, planted):
    assert next_best.recommender.seen == len(planted.train)
    assert isinstance(next_best, Recommender)


def test_declined_and_unknown_items_were_not_taken(catalog):
    taken, last = counts(log(catalog), 5)
    assert taken.tolist() == [[2, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0] * 5]
    assert last.tolist() == [0, 2, -1]


def test_now_is_the_time_of_the_last_row(catalog):
    assert last_time(log(catalog)).tolist() == [9.0, 4.0, 0.0]


def test_eligible_is_what_fits_and_was_not_done_too_often():
    taken, minutes = np.array([[0, 1, 2], [0, 0, 0]]), np.array([3.0, 5.0, 3.0])
    assert eligible(taken, minutes, np.array([9.0, 4.0])).tolist() == [[True, True, False], [True, False, True]]
    assert eligible(taken, minutes, np.array([5.0, 0.0]), max_repeats=1).tolist() == [[True, False, False], [False] * 3]


def test_the_situation_after_a_history(next_best, planted):
    probe = planted.probe
    now = next_best.situation(probe, np.array([4, 2]), minutes_left=np.full(10, 6.0))
    assert now.items.tolist() == [4, 2]
    assert equal(now.state, state_after(next_best.tracer, probe))
    taken, last = counts(probe, len(planted.catalog))
    np.testing.assert_array_equal(now.taken, taken[:, [4, 2]])
    np.testing.assert_array_equal(now.last_item, last)
    assert now.minutes.tolist() == [7.0, 5.0]
    assert not now.eligible[:, 0].any()
    np.testing.assert_array_equal(now.eligible[:, 1], taken[:, 2] < 2)
    assert (now.affinity == [[7.0, 5.0]]).all()


def test_without_a_requirement_every_skill_is_wanted_in_full(next_best, planted):
    now = next_best.situation(planted.probe)
    np.testing.assert_allclose(now.debt, (1 - now.mastery).mean(axis=1))
    half = Requirement(np.full((10, 5), 0.5), np.ones((10, 5)))
    assert next_best.situation(planted.probe, requirement=half).requirement is half


def test_another_moment_and_a_believed_catalog(next_best, planted):
    believed = planted.catalog.with_prerequisites([])
    now = next_best.situation(planted.probe, at=np.full(10, 7.0), catalog=believed)
    assert (now.at == 7.0).all()
    assert now.ready.all()


def test_the_score_is_that_of_the_policy(next_best, planted):
    items = np.arange(24)
    score = next_best.score(planted.probe, items)
    now = next_best.situation(planted.probe)
    assert (score[~now.eligible] == -np.inf).all()
    given = next_best.policy.propensities(now)
    np.testing.assert_allclose(score[now.eligible], given[now.eligible])
    other = NextBest(next_best.tracer, None, Ranked()).score(planted.probe, items)
    np.testing.assert_allclose(other[now.eligible], -now.success[now.eligible])


def test_it_is_a_recommender_like_any_other(taken_up):
    """Nothing is masked when everything may be repeated for ever; then it keeps the laws of its kind."""
    case = RecommenderCase(
        lambda: NextBest(Counting(), None, Ranked(), max_repeats=10**9), planted=taken_up, reload=None
    )
    for law in that_fit(RECOMMENDER_LAWS, case):
        if law.name not in ("planted_found", "blocks_found"):  # it ranks by need, not by taste
            law(case)


def test_what_is_masked_is_never_recommended(next_best, planted):
    now = next_best.situation(planted.probe, minutes_left=np.linspace(0, 9, 10))
    for learner, listed in enumerate(recommend(next_best.policy, now, k=24)):
        allowed = set(planted.catalog.items[now.eligible[learner]])
        assert {one.item for one in listed} == allowed
        assert len(listed) == len(allowed)
