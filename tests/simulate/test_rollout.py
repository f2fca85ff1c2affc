from dataclasses import dataclass

import numpy as np
import pytest

from lernpfad.core import (
    ConfigError,
    FloatArray,
    IntArray,
    Interactions,
    LawBroken,
    Rollout,
    Sequences,
    Situation,
    debt,
)
from lernpfad.core.laws.simulator import logged_propensities_match, propensities_are_frequencies
from lernpfad.core.state import equal
from lernpfad.simulate import OracleTracer, rollout
from lernpfad.simulate.calendar import START, WEEK, sitting_starts
from lernpfad.simulate.rollout import history
from simulate.small import Leaning, Uniform, lived, world

ROWS = ("item", "outcome", "accepted", "minutes", "time")


def same_log(one: Sequences, other: Sequences) -> None:
    np.testing.assert_array_equal(one.offsets, other.offsets)
    for name in ROWS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in one.extra:
        np.testing.assert_array_equal(one.extra[name], other.extra[name])


@dataclass(frozen=True)
class Counting:
    """A tracer that counts right answers: state `[L]`; P = (1 + right) / (3 + all)."""

    def fit(self, train: Sequences, valid: Sequences | None = None) -> "Counting":
        return self

    def start(self, learners: int) -> FloatArray:
        return np.zeros((learners, 2))

    def update(self, state: FloatArray, seen: Interactions) -> FloatArray:
        return state + np.stack([seen.outcome == 1, np.ones(len(seen))], axis=1)

    def predict(self, state: FloatArray, items: IntArray, at: FloatArray) -> FloatArray:
        return np.broadcast_to(((1 + state[:, 0]) / (3 + state[:, 1]))[:, None], items.shape)


class Familiar:
    """A recommender that prefers what was offered before, and remembers the histories that it was asked about."""

    def __init__(self) -> None:
        self.asked: list[Sequences] = []

    def fit(self, train: Sequences, valid: Sequences | None = None) -> "Familiar":
        return self

    def score(self, histories: Sequences, items: IntArray) -> FloatArray:
        self.asked.append(histories)
        count = np.zeros((len(histories.learners), len(histories.catalog)))
        np.add.at(count, (histories.owner, histories.item), 1.0)
        return count[:, items]


class ByAffinity(Uniform):
    def propensities(self, situation: Situation) -> FloatArray:
        mass = situation.eligible * (1.0 + situation.affinity)
        return mass / np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)


class Greedy(Uniform):
    def propensities(self, situation: Situation) -> FloatArray:
        return np.eye(len(situation.items))[np.full(len(situation), 7)]


def test_same_seed_same_log_and_another_seed_another() -> None:
    one, again, other = lived(), lived(), lived(seed=5)
    same_log(one.log, again.log)
    assert equal(one.world_state, again.world_state)
    assert len(other.log) != len(one.log) or (other.log.item != one.log.item).any()


def test_a_learner_lives_the_same_life_in_a_larger_company() -> None:
    few, many = lived(learners=9), lived(learners=700)
    same_log(few.log, many.log.select(slice(0, 9)))
    np.testing.assert_array_equal(few.debt, many.debt[:, :9])


def test_times_ascend_and_budgets_hold_up_to_the_last_item() -> None:
    of = world()
    done = lived(of, weeks=5, learners=60)
    log = done.log
    follows = log.position[1:] > 0
    assert (np.diff(log.time)[follows] > 0).all()
    assert (log.time >= START).all()
    assert (log.time < START + 5 * WEEK).all()
    sitting = (log.owner * 5 + log.extra["week"]) * of.sittings + log.extra["sitting"]
    last = np.append(sitting[1:] != sitting[:-1], True)
    spent = np.bincount(sitting, weights=log.minutes)
    budget = np.bincount(sitting, weights=np.where(last, 0.0, log.minutes))
    assert (log.extra["position"] < 12).all()
    offered = of.believed.minutes[log.item[last]]
    # whoever overdraws does so with the last item, and that fitted when it was offered
    over = spent[sitting[last]] - (budget[sitting[last]] + offered)
    assert (over <= 0.0 + (log.minutes[last] - offered) + 1e-5).all()
    np.testing.assert_allclose(done.hours.sum(), log.minutes.sum() / 60.0, rtol=1e-5)
    np.testing.assert_allclose(done.hours.sum(axis=0), np.bincount(log.owner, log.minutes, 60) / 60, rtol=1e-5)


def test_no_sitting_is_overdrawn_by_more_than_its_last_item() -> None:
    of = world()
    begun: dict[tuple[int, int], FloatArray] = {}
    original = of.minutes

    def remembered(state: object) -> FloatArray:
        minutes = original(state)  # type: ignore[arg-type]
        begun[len(begun), 0] = minutes
        return minutes

    of.minutes = remembered  # type: ignore[method-assign, assignment]
    log = lived(of, weeks=2, learners=40).log
    budget = np.stack(list(begun.values()))
    opened = log.extra["week"].astype(int) * of.sittings + log.extra["sitting"]
    spent, before_last = np.zeros(budget.shape), np.zeros(budget.shape)
    last = np.append((opened[1:] != opened[:-1]) | (log.owner[1:] != log.owner[:-1]), True)
    np.add.at(spent, (opened, log.owner), log.minutes)
    np.add.at(before_last, (opened[~last], log.owner[~last]), log.minutes[~last])
    assert (before_last <= budget + 1e-5).all()
    fitted = before_last[opened[last], log.owner[last]] + of.believed.minutes[log.item[last]]
    assert (fitted <= budget[opened[last], log.owner[last]] + 1e-5).all()
    assert (spent > budget).any()  # items take longer than expected now and then


def test_nothing_is_taken_more_than_twice() -> None:
    log = lived(world(items=10), weeks=8).log
    taken = np.zeros((25, 10), dtype=int)
    np.add.at(taken, (log.owner[log.accepted], log.item[log.accepted]), 1)
    assert taken.max() == 2


def test_logged_propensities_are_what_the_policy_said() -> None:
    policy = Leaning()
    log = lived(policy=policy, learners=600, weeks=2).log
    said = np.concatenate(policy.said)
    order = np.lexsort((log.owner, log.extra["position"], log.extra["sitting"], log.extra["week"]))
    np.testing.assert_array_equal(log.extra["propensity"][order], said[np.arange(len(said)), log.item[order]])
    np.testing.assert_array_equal(log.extra["eligible"][order], (said > 0).sum(axis=1))
    propensities_are_frequencies(said, log.item[order])
    logged_propensities_match(log)


def test_chi_square_of_picks() -> None:
    from scipy.stats import chi2

    policy = Leaning()
    log = lived(policy=policy, learners=600, weeks=2, seed=11).log
    said = np.concatenate(policy.said)
    order = np.lexsort((log.owner, log.extra["position"], log.extra["sitting"], log.extra["week"]))
    seen, expected = np.bincount(log.item[order], minlength=40), said.sum(axis=0)
    statistic = ((seen - expected) ** 2 / expected).sum()
    assert chi2.ppf(0.0005, 39) < statistic < chi2.ppf(0.9995, 39)


@pytest.mark.parametrize("parts", [(1, 3), (2, 2), (3, 1)])
def test_two_rollouts_in_a_row_equal_one(parts: tuple[int, int]) -> None:
    of, policy = world(), Leaning()
    settings = {"tracer": Counting(), "recommender": Familiar(), "seed": 8}
    whole = lived(of, policy, weeks=sum(parts), **settings)
    first = lived(of, policy, weeks=parts[0], **settings)
    second = lived(of, policy, weeks=parts[1], after=first, learners=1, **settings)
    same_log(history(second), whole.log)
    assert equal(second.world_state, whole.world_state)
    np.testing.assert_array_equal(np.concatenate([first.debt, second.debt[1:]]), whole.debt)
    np.testing.assert_array_equal(np.concatenate([first.hours, second.hours]), whole.hours)
    np.testing.assert_array_equal(np.concatenate([first.mastery, second.mastery[1:]]), whole.mastery)
    assert second.start == START + parts[0] * WEEK
    assert (second.log.time >= second.start).all()


def test_policies_branch_from_a_common_past_with_common_luck() -> None:
    of = world()
    past = lived(of, weeks=2, learners=200)
    one, other = (lived(of, policy, weeks=2, after=past) for policy in (Uniform(), Leaning()))
    np.testing.assert_array_equal(one.debt[0], other.debt[0])
    np.testing.assert_array_equal(one.world_state.role, other.world_state.role)
    np.testing.assert_array_equal(one.world_state.form, other.world_state.form)
    apart = np.abs(one.debt[-1] - other.debt[-1]).mean()
    stranger = lived(of, weeks=4, learners=200, seed=5)
    assert apart < 0.3 * np.abs(one.debt[-1] - stranger.debt[-1]).mean()


def test_debt_is_true_debt_at_the_start_of_each_week() -> None:
    of = world()
    done = lived(of, weeks=3)
    end = np.full(25, START + 3 * WEEK)
    expected = debt(of.roles.at(done.role, end), of.mastery(done.world_state, end))
    np.testing.assert_array_equal(done.debt[-1], expected)
    assert done.debt.shape == (4, 25)
    assert done.mastery.shape == (4, 8, 8)
    np.testing.assert_array_equal(done.mastery[-1], of.mastery(done.world_state, end)[:8])


def test_learning_pays_debt_off() -> None:
    of = world(minutes=120.0)
    taught = lived(of, learners=80, weeks=6).debt
    idle = lived(of, Idle(), learners=80, weeks=6).debt
    assert taught[-1].mean() < idle[-1].mean() - 0.02


class Idle(Uniform):
    def propensities(self, situation: Situation) -> FloatArray:
        return np.zeros(situation.eligible.shape)


def test_a_policy_may_offer_nothing() -> None:
    done = lived(policy=Idle())
    assert len(done.log) == 0
    assert not done.hours.any()


def test_who_dropped_out_is_left_alone() -> None:
    done = lived(learners=300, weeks=10)
    left = ~done.active[-1]
    assert left.any()
    assert (np.diff(done.active.astype(int), axis=0) <= 0).all()
    week = done.log.extra["week"]
    gone = ~done.active[week, done.log.owner]
    assert not gone.any()


def test_tracer_sees_what_was_accepted_and_recommender_the_whole_past() -> None:
    familiar = Familiar()
    past = lived(weeks=2)
    done = lived(policy=ByAffinity(), weeks=1, after=past, recommender=familiar, tracer=Counting())
    first = familiar.asked[0]
    assert (first.lengths == past.log.select(np.isin(past.log.learners, first.learners)).lengths).all()
    longest = max(familiar.asked, key=len)
    assert len(longest) > len(first)
    rows = {name: history(done).select(history(done).learners == name) for name in longest.learners}
    for place, name in enumerate(longest.learners):
        seen = longest.select([place])
        np.testing.assert_array_equal(seen.item, rows[name].item[: len(seen)])
        np.testing.assert_array_equal(seen.time, rows[name].time[: len(seen)])


def test_a_sitting_is_never_in_the_past_of_another() -> None:
    assert sitting_starts(START, 3).tolist() == [START, START + 2 * 86_400, START + 4 * 86_400]
    assert sitting_starts(START, 1).tolist() == [START]
    assert (np.diff(sitting_starts(START, 14)) > 0).all()


def test_an_ineligible_offer_is_refused() -> None:
    of = world()
    of.believed.minutes[7] = 1e6
    with pytest.raises(LawBroken, match="policy Greedy offered an item that is not eligible"):
        lived(of, Greedy())


@pytest.mark.parametrize("setting", [{"learners": 0}, {"weeks": 0}, {"max_slots": 0}])
def test_sizes_must_be_positive(setting: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"rollout: {next(iter(setting))}=0, expected at least 1"):
        lived(**setting)


def test_streams_cannot_be_negative() -> None:
    with pytest.raises(ConfigError, match="expected a number of at least 0"):
        lived(seed=-1)


def test_progress_is_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    done: Rollout = rollout(
        Uniform(), world(), learners=3, weeks=2, seed=0, name="uniform", tracer=OracleTracer(world()), progress=True
    )
    assert done.policy == "uniform"
    assert "rollout uniform" in capsys.readouterr().err
