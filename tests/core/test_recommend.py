import numpy as np
import pytest

from lernpfad.core import Requirement, Situation, recommend


class Fixed:
    def __init__(self, *shares):
        self.shares = np.array([shares])

    def propensities(self, situation):
        return self.shares * situation.eligible


class Contrary(Fixed):
    """Ranks against its own propensities."""

    def score(self, situation):
        return np.where(situation.eligible, -self.shares, -np.inf)


def situation(catalog, *, eligible=(1, 1, 1, 1, 1), mastery=(0.3, 0.1, 0.5)):
    return Situation(
        catalog=catalog,
        items=np.arange(5),
        eligible=np.array([eligible], dtype=bool),
        at=np.zeros(1),
        minutes_left=np.full(1, 20.0),
        requirement=Requirement(np.array([[0.8, 0.5, 0.0]]), np.array([[1.0, 0.5, 1.0]])),
        given={
            "mastery": np.array([mastery]),
            "success": np.array([[0.9, 0.8, 0.7, 0.6, 0.5]]),
            "affinity": np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]),
        },
    )


def items(policy, now, k=5):
    return [one.item for one in recommend(policy, now, k)[0]]


def test_by_propensity_where_a_policy_has_no_score(catalog):
    assert items(Fixed(0.1, 0.4, 0.3, 0.2, 0.0), situation(catalog), k=3) == ["product", "slope", "history"]


def test_by_its_own_score_where_it_has_one(catalog):
    assert items(Contrary(0.1, 0.4, 0.3, 0.15, 0.05), situation(catalog), k=2) == ["riddle", "sum"]


class Counting(Contrary):
    """Draws from its score, and counts how often that was asked for."""

    asked = 0

    def propensities(self, situation):
        return self.drawn(self.score(situation), situation)

    def score(self, situation):
        self.asked += 1
        return super().score(situation)

    def drawn(self, score, situation):
        return (score == score.max(axis=1, keepdims=True)).astype(float)


def test_a_score_is_computed_once(catalog):
    policy = Counting(0.1, 0.4, 0.3, 0.15, 0.05)
    found = recommend(policy, situation(catalog), k=2)[0]
    assert [(one.item, one.propensity) for one in found] == [("riddle", 1.0), ("sum", 0.0)]
    assert policy.asked == 1


def test_ties_go_by_the_order_of_the_candidates(catalog):
    assert items(Fixed(0.2, 0.2, 0.2, 0.2, 0.2), situation(catalog), k=3) == ["sum", "product", "slope"]


def test_fewer_where_fewer_are_eligible(catalog):
    assert items(Fixed(0.5, 0, 0, 0.5, 0), situation(catalog, eligible=(1, 0, 0, 1, 0))) == ["sum", "history"]
    assert items(Fixed(0, 0, 0, 0, 0), situation(catalog, eligible=(0, 0, 0, 0, 0))) == []
    assert len(items(Fixed(0.2, 0.2, 0.2, 0.2, 0.2), situation(catalog), k=99)) == 5


def test_a_recommendation_says_why(catalog):
    slope = recommend(Fixed(0, 0, 1.0, 0, 0), situation(catalog), k=1)[0][0]
    assert (slope.item, slope.propensity, slope.success, slope.minutes, slope.affinity) == ("slope", 1.0, 0.7, 6.0, 3.0)
    assert slope.gaps == (("algebra", 0.5), ("calculus", 0.4))
    assert slope.debt_reduction == 0.0  # without a tracer
    assert slope.reason == "Closes a gap of 50% in algebra in about 6 minutes; you succeed with 70%."


def test_a_gap_that_the_role_gives_no_weight_is_no_reason(catalog):
    history = recommend(Fixed(0, 0, 0, 1.0, 0), situation(catalog), k=1)[0][0]
    assert history.gaps == ()
    assert history.reason == "Keeps what you know fresh in about 10 minutes; you succeed with 60%."


def test_the_expected_fall_of_debt_is_in_the_sentence(catalog):
    class Teaching:
        def predict(self, state, items, at):
            return np.full(items.shape, 0.7)

        def what_if(self, state, items, at):
            return np.full((*items.shape, 2, 2), 0.8)

    now = situation(catalog)
    now = Situation(**{f: getattr(now, f) for f in now.__dataclass_fields__} | {"tracer": Teaching()})
    best = recommend(Fixed(1.0, 0, 0, 0, 0), now, k=1)[0][0]
    assert best.debt_reduction == pytest.approx(0.5 / 1.05)
    assert "; expected to cut your learning debt by 47.62 points; you succeed" in best.reason
