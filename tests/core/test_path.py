"""A path is what the policy would do next if things go as expected, and its debt curve what that would leave."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lernpfad.core import (
    ConfigError,
    Interactions,
    Sequences,
    Sittings,
    debt,
    mastery,
    path,
    recommend,
)
from lernpfad.core.laws import Counting, PolicyCase, planted_situations
from lernpfad.core.laws.policy import situation_left_alone
from lernpfad.core.path import _mean_state, _with_one_more
from lernpfad.core.trace import state_after
from lernpfad.policy import DebtPerMinute, Hybrid, Legal, Random, RoleCurriculum, Slate, SpacedRepetition, WateringCan
from policy.scenes import CATALOG, crowd, scene

SITUATIONS = planted_situations()
COMPUTED = SITUATIONS["computed"]
DAY = 86_400.0
EVERY = [DebtPerMinute(), Hybrid(), RoleCurriculum(), Legal(Random()), SpacedRepetition(), Slate(DebtPerMinute())]


def items(one):
    return [step.item.item for step in one.steps]


@pytest.mark.parametrize("policy", EVERY, ids=lambda policy: type(policy).__name__)
@pytest.mark.parametrize("name", SITUATIONS)
def test_it_begins_with_the_best_item_and_repeats_none(policy, name):
    now = SITUATIONS[name]
    best = recommend(policy, now, k=1)
    for one, first in zip(path(policy, now, k=6), best, strict=True):
        assert [step.item for step in one.steps[:1]] == first
        assert len(set(items(one))) == len(one.steps) <= 6


def test_minutes_are_kept_sitting_by_sitting():
    planned = path(DebtPerMinute(), COMPUTED, k=8, sittings=Sittings(9.0, 2 * DAY))
    for one, left in zip(planned, COMPUTED.minutes_left, strict=True):
        used = {}
        for step in one.steps:
            used[step.sitting] = used.get(step.sitting, 0.0) + step.item.minutes
        assert all(minutes <= (9.0 if sitting else left) + 1e-9 for sitting, minutes in used.items())
        assert [step.spent for step in one.steps] == pytest.approx(np.cumsum([step.item.minutes for step in one.steps]))
        starts = {step.sitting: step.at for step in reversed(one.steps) if step.sitting}
        assert all(at == COMPUTED.at[0] + 2 * DAY * sitting for sitting, at in starts.items())
    assert sum(len(one.steps) == 8 for one in planned) > 5
    assert {step.sitting for one in planned for step in one.steps} > {0, 1, 2}


def test_without_sittings_a_path_ends_with_the_minutes():
    now = scene(mastery=[[0.2, 0.1, 0.7]], level=[[0.8] * 3], weight=[[1.0] * 3])
    now = replace(now, minutes_left=np.array([17.0]), eligible=now.minutes[None] <= 17)
    [one] = path(WateringCan(visits=2), now, k=8)
    assert items(one) == ["s1", "s2", "quiz"]  # 5 + 10 + 2 minutes; the 5 of c1 no longer fit


def test_what_is_too_long_now_waits_for_a_longer_sitting_and_what_was_done_too_often_does_not():
    taken = np.zeros((1, 8), dtype=int)
    taken[0, 3] = 2
    now = scene(mastery=[[0.2, 0.1, 0.7]], level=[[0.8] * 3], weight=[[1.0] * 3], taken=taken)
    now = replace(now, minutes_left=np.array([5.0]), eligible=(now.minutes[None] <= 5) & (taken < 2))
    [one] = path(WateringCan(visits=2), now, k=8, sittings=Sittings(10.0))
    assert items(one) == ["s1", "s2", "c1", "t1", "t2", "c+t", "quiz"]
    assert [step.sitting for step in one.steps] == [0, 1, 2, 2, 3, 4, 5]


def test_nothing_fits_at_all():
    now = replace(scene(), minutes_left=np.zeros(2), eligible=np.zeros((2, 8), dtype=bool))
    assert [len(one.steps) for one in path(Random(), now, sittings=Sittings(1.0))] == [0, 0]


def test_sittings_without_minutes_are_refused():
    with pytest.raises(ConfigError, match=r"Sittings: minutes=0.*expected both above 0"):
        Sittings(0.0)


class Steady:
    """Every item lifts its skills by .1 if it goes well (.7) and by .04 if not: the mean is exact."""

    def update(self, state, seen):
        lift = np.where(seen.outcome == 1, 0.1, 0.04)[:, None] * CATALOG.incidence[seen.item]
        return state + lift

    def predict(self, state, items, at):
        return np.full(items.shape, 0.7)

    def mastery(self, state, at):
        return state


def test_the_curve_is_exact_where_states_are_linear():
    now = replace(scene(mastery=[[0.1, 0.1, 0.1]], level=[[0.9] * 3], weight=[[2.0, 1.0, 1.0]]), given={})
    now = replace(now, tracer=Steady(), state=np.full((1, 3), 0.1))
    [one] = path(WateringCan(visits=1), now, k=4)
    assert items(one) == ["s1", "c1", "t1", "s2"]
    closed = 0.7 * 0.1 + 0.3 * 0.04
    assert one.debt == pytest.approx(8 / 9)
    steps = one.debt - np.cumsum(np.array([2, 1, 1, 2]) * closed) / 3.6
    np.testing.assert_allclose([step.debt for step in one.steps], steps)


def enumerated(now, plan):
    """Expected debt after a fixed list of items, every branch of answers followed."""
    curve = []
    for length in range(1, len(plan) + 1):
        expected = 0.0
        for answers in product((0, 1), repeat=length):
            state, chance, at = now.state, 1.0, now.at
            for item, answer in zip(plan, answers, strict=False):
                row = np.array([item])
                right = now.tracer.predict(state, row[:, None], at)[0, 0]
                chance *= right if answer else 1 - right
                ended = np.array([answer if now.catalog.assessed[item] else -1])
                minutes = now.catalog.minutes[row]
                state = now.tracer.update(state, Interactions(row, ended, np.array([True]), minutes, at))
                last, at = at, at + 60 * minutes
            expected += chance * debt(now.requirement, mastery(now.tracer, state, last, catalog=now.catalog))[0]
        curve.append(expected)
    return curve


@pytest.mark.parametrize("learner", [2, 4, 5, 9])
def test_the_first_step_is_exact_and_the_others_are_near_the_whole_tree(learner):
    now = COMPUTED.select(np.array([learner]))
    [one] = path(DebtPerMinute(), replace(now, minutes_left=np.array([60.0])), k=4)
    plan = [int(now.catalog.indices([name])[0]) for name in items(one)]
    tree = enumerated(now, plan)
    reached = one.steps[0].debt
    assert reached == pytest.approx(tree[0], abs=1e-9)
    np.testing.assert_allclose([step.debt for step in one.steps], tree, atol=0.005)


def test_the_mean_state_is_the_mean_and_leaves_the_rest_alone():
    class Odd:
        def update(self, state, seen):
            counts, last = state
            return counts + seen.outcome[:, None], np.where(seen.outcome == 1, np.inf, last)

    now = replace(scene(), tracer=Odd(), state=(np.array([[1.0], [2.0]]), np.array([np.inf, -np.inf])))
    seen = Interactions(np.array([0, 0]), np.array([1, 1]), np.ones(2, bool), np.ones(2), np.zeros(2))
    counts, last = _mean_state(now, seen, np.array([0.25, 0.75]))
    np.testing.assert_allclose(counts, [[1.25], [2.75]])
    assert last[0] == np.inf
    whole = replace(now, state=(np.array([[1], [2]]), np.array([1.0, 1.0])))
    assert _mean_state(whole, seen, np.array([0.25, 0.75]))[0].tolist() == [[1], [3]]


def test_one_more_row_at_the_end_of_each_history():
    log = Sequences.of(CATALOG, ["a", "b", "c"], [2, 0, 1], [0, 1, 2], [1, 0, 1])
    seen = Interactions(np.array([5, 6, 7]), np.array([1, 0, -1]), np.ones(3, bool), np.ones(3), np.full(3, 9.0))
    longer = _with_one_more(log, seen)
    assert longer.item.tolist() == [0, 1, 5, 6, 2, 7]
    assert longer.offsets.tolist() == [0, 3, 4, 6]
    assert longer.time.tolist()[2:4] == [9.0, 9.0]


@settings(max_examples=25, deadline=None)
@given(learner=st.integers(0, 9), outcome=st.integers(0, 1), which=st.sampled_from(range(len(EVERY))))
def test_after_an_answer_the_path_begins_with_what_the_policy_now_prefers(learner, outcome, which):
    now = COMPUTED.select(np.array([learner]))
    policy = EVERY[which]
    [plan] = path(policy, now, k=3, sittings=Sittings(10.0))
    assume(plan.steps)
    item = now.catalog.indices(items(plan)[:1])
    ended = np.where(now.catalog.assessed[item], outcome, -1)
    seen = Interactions(item, ended, np.array([True]), now.catalog.minutes[item], now.at)
    taken = now.taken.copy()
    taken[0, item] += 1
    after = replace(
        now,
        state=now.tracer.update(now.state, seen),
        histories=_with_one_more(now.histories, seen),
        taken=taken,
        eligible=now.eligible & (taken < 3),
        last_item=item,
        given={},
    )
    [again] = path(policy, after, k=3, sittings=Sittings(10.0))
    assert [step.item for step in again.steps[:1] if step.sitting == 0] == recommend(policy, after, k=1)[0]
    assert again.debt == pytest.approx(debt(after.requirement, after.mastery)[0], nan_ok=True)


def test_answers_change_the_path():
    now = COMPUTED.select(np.array([4]))
    [plan] = path(DebtPerMinute(), now, k=5, sittings=Sittings(30.0))
    item = now.catalog.indices(items(plan)[:1])
    paths = set()
    for outcome in (0, 1):
        seen = Interactions(np.repeat(item, 1), np.array([outcome]), np.array([True]), np.ones(1), now.at)
        state = now.state
        for _ in range(6):
            state = now.tracer.update(state, seen)
        [again] = path(DebtPerMinute(), replace(now, state=state, given={}), k=5, sittings=Sittings(30.0))
        paths.add(tuple(items(again)))
    assert len(paths) == 2


@pytest.mark.parametrize("policy", EVERY, ids=lambda policy: type(policy).__name__)
def test_a_batch_of_learners_is_each_of_them_alone(policy):
    together = path(policy, COMPUTED, k=4, sittings=Sittings(8.0))
    for learner, one in enumerate(together):
        [alone] = path(policy, COMPUTED.select(np.array([learner])), k=4, sittings=Sittings(8.0))
        assert items(alone) == items(one)
        np.testing.assert_allclose([s.debt for s in alone.steps], [s.debt for s in one.steps], atol=1e-9)


def test_a_path_leaves_the_situation_alone():
    case = PolicyCase(_Planning(), {"computed": COMPUTED})
    situation_left_alone(case)


class _Planning(Random):
    """Plans a path before it answers."""

    def propensities(self, situation):
        path(DebtPerMinute(), situation, k=5, sittings=Sittings(8.0))
        return super().propensities(situation)


def test_a_path_without_models_and_in_german():
    [one, _] = path(RoleCurriculum(visits=1), scene(), k=3, language="de")
    assert items(one) == ["s1", "c1", "t1"]
    assert all(step.item.reason.startswith("Ausgewählt, weil es im Lehrplan") for step in one.steps)
    assert len(path(WateringCan(), crowd(5, 9, 3), k=2)) == 5


def test_forgetting_between_sittings_is_in_the_curve():
    class Fading(Steady):
        """Half of everything is forgotten in a day."""

        def mastery(self, state, at):
            return state * 0.5 ** ((at[:, None] - 0.0) / DAY)

    now = replace(scene(mastery=[[0.4] * 3], level=[[0.9] * 3], weight=[[1.0] * 3]), given={})
    now = replace(now, tracer=Fading(), state=np.full((1, 3), 0.4), minutes_left=np.array([5.0]))
    now = replace(now, eligible=now.minutes[None] <= 5)
    [one] = path(WateringCan(visits=1), now, k=2, sittings=Sittings(5.0, DAY))
    assert [step.sitting for step in one.steps] == [0, 1]
    assert one.steps[1].debt > one.debt


def test_states_of_the_planted_tracer_are_followed():
    tracer = Counting().fit(COMPUTED.histories)
    now = replace(COMPUTED, tracer=tracer, state=state_after(tracer, COMPUTED.histories))
    found = [len(one.steps) for one in path(DebtPerMinute(), now, k=2)]
    np.testing.assert_array_equal(np.array(found) > 0, now.eligible.any(axis=1))
    assert max(found) == 2
